#include "masking/entry_lines.h"

#include <algorithm>
#include <vector>

#include "core/text.h"

namespace summit::masking {
namespace {

bool is_space_or_tab(char c) { return c == ' ' || c == '\t'; }

bool is_name_character(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; }

size_t past_blanks(std::string_view text, size_t at) {
  while (at < text.size() && is_space_or_tab(text[at])) ++at;
  return at;
}

std::string_view trimmed_end(std::string_view text) {
  while (!text.empty() && (is_space_or_tab(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// The value behind the opening quote at `at`, which comes to stand behind the closing one; or at the text's
// end, where there is none.
std::string quoted(std::string_view text, size_t& at) {
  const char quote = text[at++];
  std::string value;
  for (; at < text.size() && text[at] != quote; ++at) {
    if (quote == '"' && text[at] == '\\' && at + 1 < text.size()) {
      const char sign = text[++at];
      value += sign == 'n' ? '\n' : sign == 't' ? '\t' : sign == 'r' ? '\r' : sign;
    } else {
      value += text[at];
    }
  }
  at = std::min(at + 1, text.size());
  return value;
}

EntryLine next_line(std::string_view text) {
  const size_t newline = text.find('\n');
  EntryLine line;
  line.text = text.substr(0, newline == std::string_view::npos ? newline : newline + 1);

  constexpr std::string_view kExport = "export ";
  size_t at = past_blanks(text, 0);
  if (text.substr(at).starts_with(kExport)) at = past_blanks(text, at + kExport.size());
  const size_t begin = at;
  while (at < text.size() && is_name_character(text[at])) ++at;
  const auto name = text.substr(begin, at - begin);
  at = past_blanks(text, at);
  if (name.empty() || at == text.size() || text[at] != '=') return line;
  at = past_blanks(text, at + 1);
  line.name = name;
  line.head = text.substr(0, at);

  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    line.value = quoted(text, at);
    const size_t end = text.find('\n', at);
    line.text = text.substr(0, end == std::string_view::npos ? end : end + 1);
    return line;
  }
  auto value = text.substr(at, newline == std::string_view::npos ? newline : newline - at);
  if (newline != std::string_view::npos && at > newline) value = {};
  const size_t comment = value.find(" #");
  line.value = trimmed_end(value.substr(0, comment));
  return line;
}

void append_value(std::string_view value, std::string& out) {
  constexpr std::string_view kPlain = "_-./:@+,%*[]~^=?&";
  const bool plain = std::ranges::all_of(
      value, [&](char c) { return is_letter(c) || is_digit(c) || kPlain.find(c) != std::string_view::npos; });
  if (plain) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\' || c == '$') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

Result<void> for_each_entry_line(std::string_view text,
                                 const std::function<Result<void>(const EntryLine&)>& visit) {
  while (!text.empty()) {
    const EntryLine line = next_line(text);
    RETURN_IF_ERROR(visit(line));
    text.remove_prefix(line.text.size());
  }
  return {};
}

Result<std::string> mask_entry_lines(std::string_view text, NamedMask& mask) {
  std::vector<EntryLine> lines;
  RETURN_IF_ERROR(for_each_entry_line(text, [&](const EntryLine& line) -> Result<void> {
    lines.push_back(line);
    return {};
  }));
  std::vector<NamedValue> row;
  for (const auto& line : lines) {
    if (!line.name.empty()) row.push_back({line.name, line.value});
  }
  mask.set_row(row);
  std::string out;
  for (const auto& line : lines) {
    std::string made;
    auto outcome =
        line.name.empty() ? Result<Outcome>(Outcome::kKept) : mask.apply(line.name, line.value, made);
    RETURN_IF_ERROR(outcome);
    if (*outcome == Outcome::kNull) continue;
    if (*outcome == Outcome::kKept || made == line.value) {
      out += line.text;
      continue;
    }
    out += line.head;
    append_value(made, out);
    if (line.text.ends_with('\n')) out += '\n';
  }
  mask.set_row({});
  return out;
}

}  // namespace summit::masking
