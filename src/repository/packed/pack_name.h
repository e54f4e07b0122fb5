// The name of a pack: never used again, and older than everything of a higher epoch.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace summit::repository::packed {

inline constexpr std::string_view kPacksPrefix = "repository/packs/";

struct PackName {
  uint64_t epoch =
      0;  // the newest log record that its writer had read when it began; at most 12 decimal digits
  std::array<std::byte, 16> uuid{};

  static constexpr uint64_t kMaxEpoch = 999'999'999'999;

  // "000000000042-00112233445566778899aabbccddeeff", and back; nothing for anything else.
  std::string to_string() const;
  static std::optional<PackName> from_string(std::string_view text);

  // "repository/packs/00/000000000042-0011…", and back.
  std::string key() const;
  static std::optional<PackName> from_key(std::string_view key);

  auto operator<=>(const PackName&) const = default;
};

// The uuid is random, so its front is the hash.
struct PackNameHash {
  size_t operator()(const PackName& name) const {
    size_t hash;
    std::memcpy(&hash, name.uuid.data(), sizeof(hash));
    return hash;
  }
};

}  // namespace summit::repository::packed
