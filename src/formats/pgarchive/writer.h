// Writes an archive that a stock pg_restore reads, front to back, without going back.
//
//   ArchiveWriter writer(sink);
//   writer.write_contents(contents);
//   writer.begin_table(entry); writer.piece(...); …; writer.end_table();
//
// Data come in as pieces that are compressed already (compressor.h), so that several threads can compress the
// parts of one table: for zstd each piece is a whole frame, for gzip each is a part of one stream per table.
#pragma once

#include <cstdint>
#include <functional>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"

namespace summit::pgarchive {

// One thread at a time. Errors are those of the sink.
class ArchiveWriter {
 public:
  using Sink = std::function<Result<void>(ByteView)>;
  explicit ArchiveWriter(Sink sink);

  Result<void> write_contents(const Contents& contents);

  // The block of an entry with rows. Each entry with data gets exactly one, also when it has no rows: with
  // two, `pg_restore -j` marks only the last as created and truncates before it.
  Result<void> begin_table(const Entry& entry);
  // One compressed piece. It becomes data chunks of its own: a reader of zstd drops what follows a frame's
  // end in the same chunk.
  Result<void> piece(ByteView compressed);
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

  Sink sink_;
  uint64_t bytes_ = 0;
  int integer_size_ = 4;
  std::string scratch_;
};

}  // namespace summit::pgarchive
