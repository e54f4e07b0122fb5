#include "formats/pgarchive/compressor.h"

#include <isa-l/igzip_lib.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

namespace summit::pgarchive {

namespace {

// The end of a zlib stream.
std::string stored_adler32(const PartChecksum& checksum) {
  std::string stored;
  for (int shift = 24; shift >= 0; shift -= 8)
    stored.push_back(static_cast<char>(checksum.adler32 >> shift & 0xff));
  return stored;
}

class UncompressedParts final : public PartCompressor {
 public:
  Result<PartChecksum> compress(ByteView plain, std::string* output) override {
    output->append(as_text(plain));
    return PartChecksum{1, plain.size()};
  }
};

// Makes frames with a checksum, which costs next to nothing and which stock pg_restore looks at.
class FrameMaker {
 public:
  FrameMaker() : context_(ZSTD_createCCtx()) { set(ZSTD_c_checksumFlag, 1); }

  bool has_memory() const { return context_ != nullptr; }
  void set(ZSTD_cParameter parameter, int value) {
    if (context_) ZSTD_CCtx_setParameter(context_.get(), parameter, value);
  }

  // Valid until the next call. In one go: streaming copies everything into a window first, which takes the
  // cache from the tables.
  Result<ByteView> make(ByteView plain) {
    const size_t bound = ZSTD_compressBound(plain.size());
    if (bound > room_) {
      frame_ = std::make_unique_for_overwrite<std::byte[]>(bound);
      room_ = bound;
    }
    const size_t size = ZSTD_compress2(context_.get(), frame_.get(), bound, plain.data(), plain.size());
    if (ZSTD_isError(size) != 0)
      return Error(Code::kFailed, "zstd cannot compress: {}", ZSTD_getErrorName(size));
    return ByteView(frame_.get(), size);
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  std::unique_ptr<ZSTD_CCtx, Free> context_;
  std::unique_ptr<std::byte[]> frame_;
  size_t room_ = 0;
};

// Numbers, hexadecimal and identifiers repeat by chance: the short matches that level 3 finds in them take
// more room than the digits that they stand for. A search for long matches only makes such rows smaller, in
// half the time; prose becomes larger by it. So a part is compressed in both ways now and then, and the
// smaller result says how the next ones are.
class ZstdParts final : public PartCompressor {
 public:
  static Result<std::unique_ptr<PartCompressor>> create(int level) {
    auto parts = std::make_unique<ZstdParts>();
    if (!parts->asked_.has_memory() || !parts->quick_.has_memory())
      return Error(Code::kFailed, "zstd has no memory for a compression context");
    if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()) {
      return Error(Code::kUsage, "zstd has no compression level {}", level)
          .hint(fmt::format("choose a level from {} to {}", ZSTD_minCLevel(), ZSTD_maxCLevel()));
    }
    const int known = level == 0 ? ZSTD_CLEVEL_DEFAULT : level;
    parts->asked_.set(ZSTD_c_compressionLevel, known);
    parts->compares_ = known > kQuickLevel;
    return std::unique_ptr<PartCompressor>(std::move(parts));
  }

  ZstdParts() {
    quick_.set(ZSTD_c_compressionLevel, kQuickLevel);
    quick_.set(ZSTD_c_windowLog, kQuickWindowLog);
    quick_.set(ZSTD_c_hashLog, kQuickHashLog);
  }

  Result<PartChecksum> compress(ByteView plain, std::string* output) override {
    if (plain.empty()) return PartChecksum{};
    ASSIGN_OR_RETURN(const auto frame, make(plain));
    output->append(as_text(frame));
    return PartChecksum{1, plain.size()};
  }

  void next_table() override {
    is_quick_ = false;
    until_comparison_ = kBeforeComparison;
  }

 private:
  // Level 1 seeks matches of seven bytes; its own table is half as large.
  static constexpr int kQuickLevel = 1;
  static constexpr int kQuickWindowLog = 21;
  static constexpr int kQuickHashLog = 15;
  // Less says little about what follows, and more says nothing new.
  static constexpr size_t kLeastCompared = 512 * KiB;
  static constexpr size_t kMostCompared = 8 * MiB;
  // Parts of a table: small tables are not worth a comparison.
  static constexpr size_t kBeforeComparison = 1;
  // Parts from one comparison to the next: rows may change in the course of a table.
  static constexpr size_t kComparedEvery = 32;

  Result<ByteView> make(ByteView plain) {
    const bool may_compare = compares_ && plain.size() >= kLeastCompared && plain.size() <= kMostCompared;
    if (!may_compare || until_comparison_ > 0) {
      if (until_comparison_ > 0) --until_comparison_;
      return (is_quick_ ? quick_ : asked_).make(plain);
    }
    until_comparison_ = kComparedEvery - 1;
    ASSIGN_OR_RETURN(const auto asked, asked_.make(plain));
    ASSIGN_OR_RETURN(const auto quick, quick_.make(plain));
    is_quick_ = quick.size() <= asked.size();
    return is_quick_ ? quick : asked;
  }

  FrameMaker asked_;
  FrameMaker quick_;
  bool compares_ = false;
  bool is_quick_ = false;
  size_t until_comparison_ = kBeforeComparison;
};

// Raw deflate by ISA-L, which is several times as fast as zlib. Parts end at a byte's end with the memory of
// what came before cut off, so that one may follow another.
class Deflate final : public PartCompressor {
 public:
  Deflate()
      : stream_(std::make_unique<isal_zstream>()),
        tables_(std::make_unique_for_overwrite<uint8_t[]>(kTables)) {
    isal_deflate_init(stream_.get());
    stream_->level = kLevel;
    stream_->level_buf = tables_.get();
    stream_->level_buf_size = kTables;
    stream_->gzip_flag = IGZIP_DEFLATE;
  }

  Result<PartChecksum> compress(ByteView plain, std::string* output) override {
    if (plain.empty()) return PartChecksum{};
    isal_deflate_reset(stream_.get());
    PartChecksum total;
    // The library counts in 32 bits.
    while (!plain.empty()) {
      const auto block = plain.first(std::min<size_t>(plain.size(), GiB));
      plain = plain.subspan(block.size());
      total = {
          isal_adler32(total.adler32, reinterpret_cast<const unsigned char*>(block.data()), block.size()),
          total.length + block.size()};
      RETURN_IF_ERROR(deflate(block, plain.empty() ? FULL_FLUSH : NO_FLUSH, output));
    }
    return total;
  }

 private:
  static constexpr uint32_t kLevel = 1;
  static constexpr uint32_t kTables = ISAL_DEF_LVL1_DEFAULT;
  static constexpr size_t kBlock = 128 * KiB;

  Result<void> deflate(ByteView plain, uint16_t flush, std::string* output) {
    // The library only reads through this pointer, whatever its type says.
    stream_->next_in = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(plain.data()));
    stream_->avail_in = static_cast<uint32_t>(plain.size());
    stream_->flush = flush;
    do {
      stream_->next_out = reinterpret_cast<uint8_t*>(deflated_.get());
      stream_->avail_out = kBlock;
      const int status = isal_deflate(stream_.get());
      if (status != COMP_OK) return Error(Code::kFailed, "ISA-L cannot compress (code {})", status);
      output->append(as_text(ByteView(deflated_.get(), kBlock - stream_->avail_out)));
    } while (stream_->avail_out == 0 || stream_->avail_in > 0);
    return {};
  }

  std::unique_ptr<isal_zstream> stream_;
  std::unique_ptr<uint8_t[]> tables_;
  std::unique_ptr<std::byte[]> deflated_ = std::make_unique_for_overwrite<std::byte[]>(kBlock);
};

}  // namespace

Result<std::unique_ptr<PartCompressor>> PartCompressor::create(const CompressionChoice& choice) {
  switch (choice.algorithm) {
    case Compression::kNone:
      return std::unique_ptr<PartCompressor>(std::make_unique<UncompressedParts>());
    case Compression::kGzip:
      return std::unique_ptr<PartCompressor>(std::make_unique<Deflate>());
    case Compression::kZstd:
      return ZstdParts::create(choice.level);
    case Compression::kLz4:
      break;
  }
  return Error(Code::kUnsupported, "archives are not written with {}", name_of(choice.algorithm))
      .hint("choose zstd, gzip or none");
}

std::string stream_begin(const CompressionChoice& choice) {
  // Deflate with a window of 32 KiB, the fastest level, no dictionary.
  return choice.algorithm == Compression::kGzip ? "\x78\x01" : "";
}

std::string table_end(const CompressionChoice& choice, const PartChecksum& total) {
  if (choice.algorithm == Compression::kNone) return std::string(kEndOfRows);
  constexpr auto kSize = static_cast<char>(kEndOfRows.size());
  if (choice.algorithm == Compression::kGzip) {
    // A last block with the bytes as they are: its length, and that with all bits turned over.
    const std::string header = {1, kSize, 0, static_cast<char>(~kSize), static_cast<char>(0xff)};
    const PartChecksum end{
        isal_adler32(1, reinterpret_cast<const unsigned char*>(kEndOfRows.data()), kEndOfRows.size()),
        kEndOfRows.size()};
    return header + std::string(kEndOfRows) + stored_adler32(combine(total, end));
  }
  // A frame of known size with one last block, which holds the bytes as they are, and their XXH64.
  return std::string("\x28\xb5\x2f\xfd\x24", 5) + kSize + std::string{kSize << 3 | 1, 0, 0} +
         std::string(kEndOfRows) + "\x9e\xc1\x6d\x78";
}

std::string large_object_end(const CompressionChoice& choice, const PartChecksum& total) {
  if (choice.algorithm != Compression::kGzip) return {};
  // A last block with the fixed code and nothing in it, padded to a byte's end.
  return std::string("\x03\x00", 2) + stored_adler32(total);
}

PartChecksum combine(const PartChecksum& before, const PartChecksum& after) {
  return {static_cast<uint32_t>(
              adler32_combine(before.adler32, after.adler32, static_cast<z_off_t>(after.length))),
          before.length + after.length};
}

}  // namespace summit::pgarchive
