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

// Makes one part: begin(), the part's bytes in order, finish(). Reusable for the next part, also after a part
// that was not finished. One thread at a time; each thread has its own. What it appended to the output
// between begin() and finish() is one ArchiveWriter::piece(); nothing for a part without bytes. Small writes
// are cheap: they are gathered. Memory, beside the output: 0.3 MiB for gzip, what the level asks for with
// zstd (3.5 MiB at level 3).
class PartCompressor {
 public:
  // kUnsupported for an algorithm that is only read, kUsage for a level that zstd does not have.
  static Result<std::unique_ptr<PartCompressor>> create(const CompressionChoice& choice);
  virtual ~PartCompressor() = default;

  virtual Result<void> begin(std::string* output) = 0;  // owned by the caller until finish()
  virtual Result<void> write(ByteView plain) = 0;
  virtual Result<PartChecksum> finish() = 0;

  // A whole part in one go: the fastest way for those that are in memory anyway.
  virtual Result<PartChecksum> compress_part(ByteView plain, std::string* output);
};

// What stands before the first part and after the last one of a table or large object, each a piece of its
// own. kNone and kZstd have no beginning; the zlib stream of kGzip has a header, and a last block with the
// combined Adler-32 of all parts. A table ends with kEndOfRows, as pg_dump's does.
std::string stream_begin(const CompressionChoice& choice);
std::string table_end(const CompressionChoice& choice, const PartChecksum& total);
std::string large_object_end(const CompressionChoice& choice, const PartChecksum& total);
PartChecksum combine(const PartChecksum& before, const PartChecksum& after);

}  // namespace summit::pgarchive
