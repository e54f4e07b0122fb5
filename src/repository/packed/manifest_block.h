// The description of a content, piece by piece: which bytes come next, and where they are stored.
//
// A content's blocks are chunks themselves. Format and rule of the boundaries: docs/formats/repository.md,
// "Manifests".
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "repository/packed/reference.h"

namespace summit::repository::packed {

inline constexpr size_t kMinBlockEntries = 256;
inline constexpr size_t kMaxBlockEntries = 4096;
inline constexpr uint32_t kMaxZeros = 1 << 30;  // bytes of one entry; a longer run has several

struct ManifestEntry {
  enum class Kind : uint8_t { kChunk = 0, kZeros = 1, kPatched = 2 };

  Kind kind = Kind::kZeros;
  uint32_t length = 0;  // of the content that it describes
  ChunkId id{};         // of these bytes; not for zeros
  Reference chunk{};    // kChunk: the bytes; kPatched: the base
  Reference patch{};    // kPatched only

  friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

// Cuts entries into blocks. One thread at a time.
class ManifestBuilder {
 public:
  // `emit` receives each finished block's bytes.
  explicit ManifestBuilder(std::function<Result<void>(std::string block)> emit) : emit_(std::move(emit)) {}

  Result<void> add(const ManifestEntry& entry);
  Result<void> finish();

 private:
  Result<void> flush();

  std::function<Result<void>(std::string)> emit_;
  std::vector<ManifestEntry> entries_;
};

std::string encode_block(const std::vector<ManifestEntry>& entries);
// Takes any bytes: kCorrupt unless every index, length and count fits.
Result<std::vector<ManifestEntry>> parse_block(ByteView bytes);

}  // namespace summit::repository::packed
