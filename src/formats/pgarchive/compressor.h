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

// Makes one part: begin(), the part's bytes in order, finish(). Reusable for the next part. One thread at a
// time; each thread has its own. What it appended to the output between begin() and finish() is one
// ArchiveWriter::piece().
