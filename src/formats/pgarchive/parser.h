// Reads an archive as it streams by, in one pass, and gives its data decompressed.
#pragma once

#include <memory>
#include <set>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"

namespace summit::pgarchive {

// Called in the order of the archive; an error ends the parsing. Views are valid during the call only.
class Consumer {
 public:
  virtual ~Consumer() = default;
  // Once, before any data. The reference stays valid while the parser lives.
  virtual Result<void> on_contents(const Contents& contents) = 0;
  // A table's rows in COPY's text format, without kEndOfRows, in views that need not end with a row: mostly
  // of 64 KiB and more, whatever the framing. Of an entry without a copy statement (pg_dump --inserts):
  // statements.
  virtual Result<void> on_table_begin(const Entry& entry) = 0;
  virtual Result<void> on_rows(ByteView bytes) = 0;
  virtual Result<void> on_table_end() = 0;
  // Asked since on_table_begin() before each piece of the table's data. Once false, the rest of the table is
  // passed over: it is not decompressed, damage in it is not found, and on_table_end() comes after it.
  virtual bool wants_rows() const { return true; }
  // Of a table that is compressed by zstd: a chunk begins like a frame, as each part of our own archives
  // does. All rows that ended before it have come.
  virtual Result<void> on_frame() { return {}; }
  // Asked since on_frame() before each piece of the table's data. False: what follows is passed over up to
  // the next on_frame(), undecompressed, and what has come of a row has no end.
  virtual bool wants_frame() const { return true; }
  // Asked after on_frame(). True: when the table ends, its last frames come once more, whole, and before them
  // on_last_frames(): that of the mark, and two with rows. None of more than 4 MiB, nor those before
  // it.
  virtual bool wants_last_frames() const { return false; }
  virtual Result<void> on_last_frames() { return {}; }
  // The large objects of an entry ("BLOBS"), one after the other.
  virtual Result<void> on_large_object_begin(const Entry& entry, uint32_t oid) = 0;
  virtual Result<void> on_large_object(ByteView bytes) = 0;
  virtual Result<void> on_large_object_end() = 0;
};

// Memory: the table of contents (at most 1 GiB of it), 256 KiB of decompressed bytes, and the window that the
// writer's zstd level asks for (2 MiB at level 3, at most 128 MiB); three frames of at most 8 MiB where
// a consumer wants the last ones. One thread at a time.
class Parser {
 public:
  // `left_out`: entries whose blocks are not among what is fed.
  explicit Parser(Consumer& consumer, std::set<int64_t> left_out = {});
  // Begins behind a table of contents that was read before, and outlives this: single blocks are fed, each
  // after expect() and followed by finish(). on_contents() is not called.
  Parser(Consumer& consumer, const Contents& contents);
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // kCorrupt with the offset and the entry's name for what is no archive or is damaged; kUnsupported for
  // another version, or, before the consumer is called, for lz4. on_contents() comes with the last byte of
  // the table of contents, without waiting for one more. Not to be called again after an error.
  Result<void> feed(ByteView bytes);
  // The archive has ended: kCorrupt when it ends within its table of contents or a block, within a compressed
  // stream, or when an entry that has data had no block and is not left out.
  Result<void> finish();
  // Where the rest of the table in hand is passed over (Consumer::wants_rows()): ends it as if it had been
  // fed, what is fed next is from `offset` of the archive. False, and nothing happens, where it is not.
  Result<bool> leave_table(uint64_t offset);
  // Of the second kind: the block of this entry comes next, from this place of the archive, and is all that
  // may come before finish().
  void expect(const Entry& entry, uint64_t offset);

  // After the table of contents was read; nothing before.
  const Contents* contents() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace summit::pgarchive
