#include "formats/pgarchive/compressor.h"

#include <isa-l/igzip_lib.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

namespace summit::pgarchive {

namespace {

constexpr size_t kBlock = 128 * KiB;

// The end of a zlib stream.
std::string stored_adler32(const PartChecksum& checksum) {
  std::string stored;
  for (int shift = 24; shift >= 0; shift -= 8)
    stored.push_back(static_cast<char>(checksum.adler32 >> shift & 0xff));
  return stored;
}

class UncompressedParts final : public PartCompressor {
 public:
  Result<void> begin(std::string* output) override {
    output_ = output;
    length_ = 0;
    return {};
  }
  Result<void> write(ByteView plain) override {
    output_->append(as_text(plain));
    length_ += plain.size();
    return {};
  }
  Result<PartChecksum> finish() override { return PartChecksum{1, length_}; }

 private:
  std::string* output_ = nullptr;
  uint64_t length_ = 0;
};

// Gathers small writes: a call of a compressor costs more than the row that it is called for.
class GatheringCompressor : public PartCompressor {
 public:
  Result<void> begin(std::string* output) final {
    output_ = output;
    gathered_.clear();
    total_ = {};
    return reset();
  }

  Result<void> write(ByteView plain) final {
    if (gathered_.size() + plain.size() <= kBlock) {
      gathered_.append(as_text(plain));
      return {};
    }
    RETURN_IF_ERROR(flush(false));
    if (plain.size() < kBlock) {
      gathered_.append(as_text(plain));
      return {};
    }
    return take(plain, false);
  }

  Result<PartChecksum> finish() final {
    if (total_.length + gathered_.size() > 0) RETURN_IF_ERROR(flush(true));
    return total_;
  }

 protected:
  GatheringCompressor() { gathered_.reserve(kBlock); }

  virtual Result<void> reset() = 0;
  // `last` ends the part.
  virtual Result<void> compress(ByteView plain, bool last) = 0;
  virtual uint32_t checksum(uint32_t before, ByteView plain) const = 0;

  // Room for output of unknown size.
  std::byte* scratch() { return scratch_.get(); }
  void append(size_t size) { output_->append(as_text(ByteView(scratch_.get(), size))); }

 private:
  Result<void> flush(bool last) {
    if (gathered_.empty() && !last) return {};
    RETURN_IF_ERROR(take(as_bytes(gathered_), last));
    gathered_.clear();
    return {};
  }

  Result<void> take(ByteView plain, bool last) {
    total_.adler32 = checksum(total_.adler32, plain);
    total_.length += plain.size();
    return compress(plain, last);
  }

  std::string* output_ = nullptr;
  std::string gathered_;
  PartChecksum total_;
  std::unique_ptr<std::byte[]> scratch_ = std::make_unique_for_overwrite<std::byte[]>(kBlock);
};

// Each part is a frame with a checksum, which costs next to nothing and which stock pg_restore looks at.
class ZstdParts final : public GatheringCompressor {
 public:
  ZstdParts() : context_(ZSTD_createCCtx()) {}

  Result<void> set(int level) {
    if (context_ == nullptr) return Error(Code::kFailed, "zstd has no memory for a compression context");
    if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()) {
      return Error(Code::kUsage, "zstd has no compression level {}", level)
          .hint(fmt::format("choose a level from {} to {}", ZSTD_minCLevel(), ZSTD_maxCLevel()));
    }
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    return {};
  }

  // Streaming copies everything into a window first, which takes the cache from the tables.
  Result<PartChecksum> compress_part(ByteView plain, std::string* output) override {
    const size_t bound = ZSTD_compressBound(plain.size());
    if (bound > whole_size_) {
      whole_ = std::make_unique_for_overwrite<std::byte[]>(bound);
      whole_size_ = bound;
    }
    ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
    const size_t size =
        plain.empty() ? 0 : ZSTD_compress2(context_.get(), whole_.get(), bound, plain.data(), plain.size());
    if (ZSTD_isError(size) != 0)
      return Error(Code::kFailed, "zstd cannot compress: {}", ZSTD_getErrorName(size));
    output->append(as_text(ByteView(whole_.get(), size)));
    return PartChecksum{1, plain.size()};
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  Result<void> reset() override {
    ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
    return {};
  }

  Result<void> compress(ByteView plain, bool last) override {
    ZSTD_inBuffer input{plain.data(), plain.size(), 0};
    for (bool more = true; more;) {
      ZSTD_outBuffer output{scratch(), kBlock, 0};
      const size_t left =
          ZSTD_compressStream2(context_.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0)
        return Error(Code::kFailed, "zstd cannot compress: {}", ZSTD_getErrorName(left));
      append(output.pos);
      more = last ? left > 0 : input.pos < input.size;
    }
    return {};
  }

  uint32_t checksum(uint32_t before, ByteView /*plain*/) const override { return before; }

  std::unique_ptr<ZSTD_CCtx, Free> context_;
  std::unique_ptr<std::byte[]> whole_;  // a part compressed in one go
  size_t whole_size_ = 0;
};

// Raw deflate by ISA-L, which is several times as fast as zlib. Parts end at a byte's end with the memory of
// what came before cut off, so that one may follow another.
class Deflate final : public GatheringCompressor {
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

 private:
  static constexpr uint32_t kLevel = 1;
  static constexpr uint32_t kTables = ISAL_DEF_LVL1_DEFAULT;

  Result<void> reset() override {
    isal_deflate_reset(stream_.get());
    return {};
  }

  Result<void> compress(ByteView plain, bool last) override {
    // The library counts in 32 bits.
    constexpr size_t kMost = GiB;
    for (; plain.size() > kMost; plain = plain.subspan(kMost))
      RETURN_IF_ERROR(deflate(plain.first(kMost), NO_FLUSH));
    return deflate(plain, last ? FULL_FLUSH : NO_FLUSH);
  }

  Result<void> deflate(ByteView plain, uint16_t flush) {
    // The library only reads through this pointer, whatever its type says.
    stream_->next_in = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(plain.data()));
    stream_->avail_in = static_cast<uint32_t>(plain.size());
    stream_->flush = flush;
    do {
      stream_->next_out = reinterpret_cast<uint8_t*>(scratch());
      stream_->avail_out = kBlock;
      const int status = isal_deflate(stream_.get());
      if (status != COMP_OK) return Error(Code::kFailed, "ISA-L cannot compress (code {})", status);
      append(kBlock - stream_->avail_out);
    } while (stream_->avail_out == 0 || stream_->avail_in > 0);
    return {};
  }

  uint32_t checksum(uint32_t before, ByteView plain) const override {
    return isal_adler32(before, reinterpret_cast<const unsigned char*>(plain.data()), plain.size());
  }

  std::unique_ptr<isal_zstream> stream_;
  std::unique_ptr<uint8_t[]> tables_;
};

}  // namespace

Result<PartChecksum> PartCompressor::compress_part(ByteView plain, std::string* output) {
  RETURN_IF_ERROR(begin(output));
  RETURN_IF_ERROR(write(plain));
  return finish();
}

Result<std::unique_ptr<PartCompressor>> PartCompressor::create(const CompressionChoice& choice) {
  switch (choice.algorithm) {
    case Compression::kNone:
      return std::unique_ptr<PartCompressor>(std::make_unique<UncompressedParts>());
    case Compression::kGzip:
      return std::unique_ptr<PartCompressor>(std::make_unique<Deflate>());
    case Compression::kZstd: {
      auto zstd = std::make_unique<ZstdParts>();
      RETURN_IF_ERROR(zstd->set(choice.level));
      return std::unique_ptr<PartCompressor>(std::move(zstd));
    }
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
