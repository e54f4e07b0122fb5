#include "repository/packed/log_record.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "core/text.h"
#include "repository/packed/aead.h"
#include "repository/packed/key_derivation.h"
#include "repository/packed/random.h"
#include "repository/packed/wire.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kMagicSize = 8;
constexpr std::array<std::string_view, 3> kMagics = {"SUMLOG01", "SUMCKPT1", "SUMVOID1"};
constexpr size_t kNumberDigits = 12;
constexpr int kCompressionLevel = 6;
// Authentic bytes are ours, so this bounds a mistake, not an attack.
constexpr uint64_t kMaxBody = 1 * GiB;

std::string numbered(std::string_view prefix, uint64_t number) {
  return fmt::format("{}{:012}", prefix, number);
}

std::string write_header(const LogHeader& header) {
  std::string bytes(kMagics[static_cast<size_t>(header.kind)]);
  put_bytes(bytes, header.repository.view());
  put_integer(bytes, header.number);
  put_bytes(bytes, header.hash);
  put_integer(bytes, header.generation);
  put_integer(bytes, uint32_t{0});
  put_bytes(bytes, header.salt);
  return bytes;
}

// A salt is never used twice, so neither is the key, and nonce 0 will do.
Result<Aead> aead_of(const Keyring& keyring, const LogHeader& header) {
  ASSIGN_OR_RETURN(const Secret log_key, keyring.subkey(header.generation, Purpose::kLog));
  ASSIGN_OR_RETURN(const Secret key, derive_key(log_key, header.salt, "record"));
  return Aead::create(key);
}

Result<std::string> compress(ByteView plain) {
  std::string compressed(ZSTD_compressBound(plain.size()), '\0');
  const size_t size =
      ZSTD_compress(compressed.data(), compressed.size(), plain.data(), plain.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0) return Error(Code::kFailed, "cannot compress: {}", ZSTD_getErrorName(size));
  compressed.resize(size);
  return compressed;
}

Result<std::string> decompress(ByteView compressed) {
  const unsigned long long size = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kMaxBody)
    return Error(Code::kCorrupt, "its body does not tell its size");
  std::string plain(size, '\0');
  const size_t got = ZSTD_decompress(plain.data(), plain.size(), compressed.data(), compressed.size());
  if (ZSTD_isError(got) != 0 || got != size) return Error(Code::kCorrupt, "its body cannot be decompressed");
  return plain;
}

bool belongs(const LogHeader& header, std::string_view key) {
  if (header.kind == LogObjectKind::kCheckpoint) return key == checkpoint_key(header.number);
  return key == log_key(header.number);
}

}  // namespace

std::string log_key(uint64_t number) { return numbered(kLogPrefix, number); }
std::string checkpoint_key(uint64_t number) { return numbered(kCheckpointsPrefix, number); }

std::optional<uint64_t> number_of_key(std::string_view prefix, std::string_view key) {
  if (!key.starts_with(prefix)) return std::nullopt;
  const std::string_view digits = key.substr(prefix.size());
  if (digits.size() != kNumberDigits || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  uint64_t number = 0;
  for (const char digit : digits) number = number * 10 + static_cast<uint64_t>(digit - '0');
  if (number == 0) return std::nullopt;
  return number;
}

Result<LogHeader> parse_log_header(ByteView object) {
  WireReader reader(object);
  const auto magic = std::ranges::find(kMagics, as_text(reader.take(kMagicSize)));
  if (magic == kMagics.end()) return Error(Code::kCorrupt, "it does not begin as an object of the log");
  LogHeader header;
  header.kind = static_cast<LogObjectKind>(magic - kMagics.begin());
  header.repository.bytes = reader.array<std::array<std::byte, 16>>();
  header.number = reader.integer<uint64_t>();
  header.hash = reader.array<Sha256Digest>();
  header.generation = reader.integer<uint32_t>();
  const auto reserved = reader.integer<uint32_t>();
  header.salt = reader.array<std::array<std::byte, 32>>();
  if (reader.failed()) return Error(Code::kCorrupt, "it has {} bytes, fewer than its header", object.size());
  if (reserved != 0 || header.number == 0 || header.number > kMaxRecordNumber)
    return Error(Code::kCorrupt, "its header is none that is ever written");
  return header;
}

Result<std::string> seal_log_object(const Keyring& keyring, LogObjectKind kind, uint64_t number,
                                    const Sha256Digest& hash, ByteView body) {
  const LogHeader header{.kind = kind,
                         .repository = keyring.repository(),
                         .number = number,
                         .hash = hash,
                         .generation = keyring.newest_generation(),
                         .salt = random_bytes<32>()};
  std::string plain;
  if (kind != LogObjectKind::kVoid) {
    ASSIGN_OR_RETURN(plain, compress(body));
  }
  ASSIGN_OR_RETURN(Aead aead, aead_of(keyring, header));
  std::string object = write_header(header);
  object.resize(kLogHeaderSize + plain.size() + kAeadTagSize);
  const std::span<std::byte> sealed = std::as_writable_bytes(std::span(object)).subspan(kLogHeaderSize);
  RETURN_IF_ERROR(aead.seal(nonce_of(0), as_bytes(object).first(kLogHeaderSize), as_bytes(plain), sealed));
  return object;
}

Result<LogObject> open_log_object(const Keyring& keyring, std::string_view key, ByteView object) {
  LogObject opened;
  ASSIGN_OR_RETURN(opened.header, parse_log_header(object), "{}", key);
  const LogHeader& header = opened.header;
  if (header.repository != keyring.repository())
    return Error(Code::kCorrupt, "{} is of another repository ({})", key, header.repository.to_hex());
  if (!belongs(header, key))
    return Error(Code::kCorrupt, "{} holds what was written as number {}", key, header.number);
  if (object.size() < kVoidSize)
    return Error(Code::kCorrupt, "{} is cut off after {} bytes", key, object.size());
  ASSIGN_OR_RETURN(Aead aead, aead_of(keyring, header), "{}", key);
  std::string plain(object.size() - kVoidSize, '\0');
  const auto open = aead.open(nonce_of(0), object.first(kLogHeaderSize), object.subspan(kLogHeaderSize),
                              std::as_writable_bytes(std::span(plain)));
  if (!open.ok())
    return Error(Code::kCorrupt, "{} is not authentic", key)
        .hint("compare it with a replica; `summit-dr repair` takes over a good copy");
  opened.digest = sha256(object);
  if (header.kind == LogObjectKind::kVoid) {
    if (!plain.empty()) return Error(Code::kCorrupt, "{} is a void with a body", key);
    return opened;
  }
  ASSIGN_OR_RETURN(opened.body, decompress(as_bytes(plain)), "{}", key);
  return opened;
}

}  // namespace summit::repository::packed
