// Who a packed repository is: 16 random bytes, in its `format` object, in every key derivation and in every
// seal, so that objects of two repositories can never be mistaken for each other's.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "repository/packed/random.h"

namespace summit::repository::packed {

struct RepositoryId {
  std::array<std::byte, 16> bytes{};

  static RepositoryId random() { return {random_bytes<16>()}; }
  // From 32 hexadecimal digits; nothing for anything else.
  static std::optional<RepositoryId> from_hex(std::string_view hex);
  std::string to_hex() const { return summit::to_hex(ByteView(bytes)); }

  ByteView view() const { return bytes; }
  bool operator==(const RepositoryId&) const = default;
};

}  // namespace summit::repository::packed
