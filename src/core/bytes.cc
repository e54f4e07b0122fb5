#include "core/bytes.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <optional>

#include "core/text.h"

namespace summit {

std::string human_bytes(uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  // 999.5 and not 1024 would print "1000 KiB" as four digits; the next unit begins where rounding would reach
  // 1024.
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::string number = fmt::format("{:.{}f}", value, decimals);
  if (decimals > 0) {
    number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') number.pop_back();
  }
  return fmt::format("{} {}", number, kUnits[unit]);
}

namespace {

std::optional<double> unit_factor(std::string_view unit) {
  struct Unit {
    std::string_view name;
    double factor;
  };
  constexpr double k = 1000, Ki = 1024;
  static constexpr std::array<Unit, 17> kUnits = {{
      {"", 1},
      {"b", 1},
      {"byte", 1},
      {"bytes", 1},
      {"kb", k},
      {"mb", k * k},
      {"gb", k * k * k},
      {"tb", k * k * k * k},
      {"k", Ki},
      {"m", Ki * Ki},
      {"g", Ki * Ki * Ki},
      {"t", Ki * Ki * Ki * Ki},
      {"kib", Ki},
      {"mib", Ki * Ki},
      {"gib", Ki * Ki * Ki},
      {"tib", Ki * Ki * Ki * Ki},
      {"pib", Ki * Ki * Ki * Ki * Ki},
  }};
  for (const Unit& known : kUnits) {
    if (equals_ignoring_case(unit, known.name)) return known.factor;
  }
  return std::nullopt;
}

}  // namespace

bool parse_bytes(std::string_view text, uint64_t& bytes) {
  text = trimmed(text);
  const std::string_view number = leading_number(text);
  const auto factor = unit_factor(trimmed(text.substr(number.size())));
  if (number.empty() || !factor) return false;

  // Whole numbers stay exact up to 2^64; only a fraction goes through floating point.
  if (number.find('.') == std::string_view::npos) {
    const auto whole = parse_number<uint64_t>(number);
    uint64_t product = 0;
    if (!whole || __builtin_mul_overflow(*whole, static_cast<uint64_t>(*factor), &product)) return false;
    bytes = product;
    return true;
  }
  const auto fraction = parse_number<double>(number);
  if (!fraction) return false;
  const double product = std::round(*fraction * *factor);
  if (product >= 0x1p64) return false;
  bytes = static_cast<uint64_t>(product);
  return true;
}

std::string to_hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    hex += kDigits[std::to_integer<size_t>(byte >> 4)];
    hex += kDigits[std::to_integer<size_t>(byte & std::byte{15})];
  }
  return hex;
}

bool from_hex(std::string_view hex, std::string& bytes) {
  if (hex.size() % 2 != 0) return false;
  std::string decoded;
  decoded.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return false;
    decoded += static_cast<char>(high * 16 + low);
  }
  bytes = std::move(decoded);
  return true;
}

}  // namespace summit
