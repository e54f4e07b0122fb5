// The byte format of docs/formats/secrets.md, shared by writer and reader of seals.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"
#include "repository/sealing.h"

namespace summit::repository {

inline constexpr std::string_view kSealMagic = "SUMSEAL1";
inline constexpr size_t kSealHeaderSize = 144;
inline constexpr size_t kSealSaltSize = 32;
inline constexpr size_t kSealKeySize = 32;
inline constexpr size_t kSealTagSize = 16;
inline constexpr size_t kSealLengthSize = 4;
inline constexpr size_t kSealFrameSize = 64 * KiB;
inline constexpr uint32_t kSealFinalFlag = 0x80000000;

using SealHeader = std::array<std::byte, kSealHeaderSize>;

// A new header with random salts, and the file key that belongs to it.
struct SealedHeader {
  SealHeader header;
  Secret file_key;
};
Result<SealedHeader> make_seal_header(const Secret& passphrase, StretchingCost cost);

// kCorrupt for a damaged header, kWrongKey for another passphrase.
Result<Secret> open_seal_header(const SealHeader& header, const SealingKey& key);

// AES-256-GCM under one file key; one object seals or opens, never both. One thread at a time.
class FrameCipher {
 public:
  enum class Direction { kSeal, kOpen };
  static Result<std::unique_ptr<FrameCipher>> create(Direction direction, const Secret& file_key,
                                                     const SealHeader& header);
  ~FrameCipher();

  // `output` has room for `plain.size()` bytes; `tag` receives 16.
  Result<void> seal(uint64_t number, uint32_t length, ByteView plain, std::byte* output, std::byte* tag);
  // False when the frame is not authentic; `output` then holds nothing usable.
  Result<bool> open(uint64_t number, uint32_t length, ByteView sealed, const std::byte* tag,
                    std::byte* output);

 private:
  struct State;
  explicit FrameCipher(std::unique_ptr<State> state);
  Result<void> begin(uint64_t number, uint32_t length);
  std::unique_ptr<State> state_;
};

void store_little_endian(std::byte* to, uint64_t value, size_t bytes);
uint32_t load_u32(const std::byte* from);

}  // namespace summit::repository
