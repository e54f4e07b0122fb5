#include "repository/checksums.h"

#include <algorithm>
#include <optional>
#include <set>

#include "core/bytes.h"

namespace summit::repository {
namespace {

constexpr size_t kDigits = 64;

std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '\\')
      text += "\\\\";
    else if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else
      text += c;
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == '\\')
      name += '\\';
    else if (text[i] == 'n')
      name += '\n';
    else if (text[i] == 'r')
      name += '\r';
    else
      return std::nullopt;
  }
  return name;
}

std::optional<Checksum> parse_line(std::string_view line) {
  const bool is_escaped = line.starts_with('\\');
  if (is_escaped) line.remove_prefix(1);
  if (line.size() < kDigits + 3) return std::nullopt;
  Checksum checksum{"", std::string(line.substr(0, kDigits))};
  std::string bytes;
  const bool lower = std::ranges::none_of(checksum.sha256, [](char c) { return c >= 'A' && c <= 'F'; });
  if (!lower || !from_hex(checksum.sha256, bytes)) return std::nullopt;
  const std::string_view separator = line.substr(kDigits, 2);
  if (separator != "  " && separator != " *") return std::nullopt;
  const std::string_view name = line.substr(kDigits + 2);
  if (!is_escaped) {
    checksum.name = std::string(name);
    return checksum;
  }
  auto plain = unescaped(name);
  if (!plain) return std::nullopt;
  checksum.name = *std::move(plain);
  return checksum;
}

}  // namespace

std::string format_checksums(const std::vector<Checksum>& checksums) {
  std::string text;
  for (const auto& checksum : checksums) {
    std::string name = escaped(checksum.name);
    text += fmt::format("{}{}  {}\n", name == checksum.name ? "" : "\\", checksum.sha256, name);
  }
  return text;
}

Result<std::vector<Checksum>> parse_checksums(std::string_view text) {
  std::vector<Checksum> checksums;
  std::set<std::string> seen;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return Error(Code::kCorrupt, "line {} is cut off", number);
    auto checksum = parse_line(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!checksum) return Error(Code::kCorrupt, "line {} is not `<sha-256>  <name>`", number);
    if (!seen.insert(checksum->name).second)
      return Error(Code::kCorrupt, "line {}: {} occurs twice", number, checksum->name);
    checksums.push_back(*std::move(checksum));
  }
  return checksums;
}

}  // namespace summit::repository
