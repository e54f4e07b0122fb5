// Writes an archive that a stock pg_restore reads, front to back, without going back.
//
//   ArchiveWriter writer(sink);
//   writer.write_contents(contents);
//   writer.begin_table(entry); writer.piece(...); …; writer.end_table();
//
// Data come in as pieces that are compressed already (compressor.h), so that several threads can compress the
// parts of one table: for zstd each piece is a whole frame, for gzip each is a part of one stream per table,
// which begins with stream_begin() and ends with table_end() or large_object_end() even when there is no row.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "formats/pgarchive/framing.h"

namespace summit::pgarchive {

// One thread at a time. Errors are those of the sink. Memory: 256 KiB when the archive is not compressed.
class ArchiveWriter {
 public:
  // Gets views of any size, down to one byte.
  using Sink = std::function<Result<void>(ByteView)>;
  explicit ArchiveWriter(Sink sink);

  // Once, before all others. kUnsupported when the archive's version cannot express its compression.
  Result<void> write_contents(const Contents& contents);

  // The block of an entry with rows. Each entry with data gets exactly one, also when it has no rows: with
  // two, `pg_restore -j` marks only the last as created and truncates before it. The last piece of a table is
  // table_end().
  Result<void> begin_table(const Entry& entry);
  // Compressed bytes become data chunks of their own, as a reader of zstd drops what follows a frame's end in
  // the same chunk. Uncompressed ones are cut where the rows say so (framing.h), whatever the pieces.
  Result<void> piece(ByteView bytes);
  Result<void> end_table();

  // The block of a "BLOBS" entry.
  Result<void> begin_large_objects(const Entry& entry);
  Result<void> begin_large_object(uint32_t oid);
  // piece() in between
  Result<void> end_large_object();
  Result<void> end_large_objects();

  // So far.
  uint64_t bytes() const { return bytes_; }

 private:
  Result<void> put(ByteView bytes);
  Result<void> put_integer(int64_t value);
  Result<void> put_block(uint8_t type, const Entry& entry);
  Result<void> put_chunk(ByteView bytes);
  Result<void> put_rows(ByteView bytes);
  Result<void> end_data();

  Sink sink_;
  uint64_t bytes_ = 0;
  int integer_size_ = 4;
  Compression compression_ = Compression::kNone;
  RowFraming framing_;
  std::string pending_;  // uncompressed bytes whose chunk has no end yet
};

}  // namespace summit::pgarchive
