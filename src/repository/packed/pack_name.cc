#include "repository/packed/pack_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kEpochDigits = 12;
constexpr size_t kUuidDigits = 32;

bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

}  // namespace

std::string PackName::to_string() const { return fmt::format("{:012}-{}", epoch, to_hex(ByteView(uuid))); }

std::optional<PackName> PackName::from_string(std::string_view text) {
  if (text.size() != kEpochDigits + 1 + kUuidDigits || text[kEpochDigits] != '-') return std::nullopt;
  const std::string_view digits = text.substr(0, kEpochDigits);
  const std::string_view uuid = text.substr(kEpochDigits + 1);
  // Only the one spelling that to_string() gives: two keys must never mean one pack.
  if (!std::ranges::all_of(digits, is_digit) || !std::ranges::all_of(uuid, is_lower_hex)) return std::nullopt;
  PackName name;
  for (const char digit : digits) name.epoch = name.epoch * 10 + static_cast<uint64_t>(digit - '0');
  std::string bytes;
  if (!from_hex(uuid, bytes)) return std::nullopt;
  std::memcpy(name.uuid.data(), bytes.data(), name.uuid.size());
  return name;
}

std::string PackName::key() const {
  return fmt::format("{}{}/{}", kPacksPrefix, to_hex(ByteView(uuid)).substr(0, 2), to_string());
}

std::optional<PackName> PackName::from_key(std::string_view key) {
  const size_t slash = key.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto name = from_string(key.substr(slash + 1));
  if (!name || name->key() != key) return std::nullopt;
  return name;
}

}  // namespace summit::repository::packed
