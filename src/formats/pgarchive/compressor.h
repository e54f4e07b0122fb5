// Compresses the data of one table as consecutive parts, each by any thread, whose concatenation one
// decompressor reads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"

namespace summit::pgarchive {

struct CompressionChoice {
  Compression algorithm = Compression::kZstd;  // kNone, kGzip or kZstd
  int level = 3;                               // zstd's; gzip uses its fastest useful one
};

// What closing the stream of a table needs to know of each of its parts.
struct PartChecksum {
  uint32_t adler32 = 1;  // of the plain bytes (gzip only)
  uint64_t length = 0;   // plain
};

// Compresses one part after the other. One thread at a time; each thread has its own. Memory beside the
// output: 0.3 MiB for gzip; for zstd twice the longest part and 2 MiB (level 3; more for higher ones).
//
// From level 2 on, zstd's level is taken as a wish for smallness: where a quick search of our own makes parts
// as small, it is used instead (docs/formats/postgresql-archive.md). Every reader of zstd reads both.
class PartCompressor {
 public:
  // kUnsupported for an algorithm that is only read, kUsage for a level that zstd does not have.
  static Result<std::unique_ptr<PartCompressor>> create(const CompressionChoice& choice);
  virtual ~PartCompressor() = default;

  // Appends what is one ArchiveWriter::piece(); nothing for a part without bytes.
  virtual Result<PartChecksum> compress(ByteView plain, std::string* output) = 0;

  // The next parts are of another table: what was learned of the last one's rows no longer counts.
  virtual void next_table() {}
};

// What stands before the first part and after the last one of a table or large object, each a piece of its
// own. kNone and kZstd have no beginning; the zlib stream of kGzip has a header, and a last block with the
// combined Adler-32 of all parts. A table ends with kEndOfRows, as pg_dump's does.
std::string stream_begin(const CompressionChoice& choice);
std::string table_end(const CompressionChoice& choice, const PartChecksum& total);
std::string large_object_end(const CompressionChoice& choice, const PartChecksum& total);
PartChecksum combine(const PartChecksum& before, const PartChecksum& after);

}  // namespace summit::pgarchive
