#include "config/dotenv.h"

#include <fmt/format.h>

#include "config/substitution.h"
#include "config/variables.h"
#include "core/text.h"

namespace summit::config {
namespace {

bool is_name(std::string_view text) {
  if (text.empty() || is_digit(text.front())) return false;
  for (const char c : text) {
    const char lower = to_lower(c);
    if (!(lower >= 'a' && lower <= 'z') && !is_digit(c) && c != '_') return false;
  }
  return true;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

class Parser {
 public:
  Parser(std::string_view text, const std::function<std::optional<std::string>(const std::string&)>& outer)
      : text_(text), outer_(outer) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  Dotenv parse() {
    while (at_ < text_.size()) parse_line();
    return std::move(result_);
  }

 private:
  void parse_line() {
    const int line = line_;
    skip_blanks();
    if (at_end_of_line() || peek() == '#') return skip_line();

    std::string_view name = text_.substr(at_, text_.find_first_of("=\n", at_) - at_);
    const bool has_value = at_ + name.size() < text_.size() && text_[at_ + name.size()] == '=';
    if (!has_value) {
      find(line, "no `=` in this line", "write NAME=value, or `#` before a comment");
      return skip_line();
    }
    at_ += name.size() + 1;
    name = without_export(trimmed(name));
    if (!is_name(name)) {
      find(line, "this is no variable name", "use letters, digits and `_`, with no blank before `=`");
      return skip_line();
    }
    if (auto value = parse_value(line)) {
      value->line = line;
      result_.entries[std::string(name)] = std::move(*value);
    }
  }

  static std::string_view without_export(std::string_view name) {
    constexpr std::string_view kExport = "export";
    if (!name.starts_with(kExport) || name.size() == kExport.size() || !is_blank(name[kExport.size()]))
      return name;
    return trimmed(name.substr(kExport.size()));
  }

  std::optional<DotenvEntry> parse_value(int line) {
    skip_blanks();
    if (at_end_of_line()) {
      skip_line();
      return DotenvEntry{};
    }
    if (peek() == '\'' || peek() == '"') return parse_quoted(line);
    return parse_plain(line);
  }

  std::optional<DotenvEntry> parse_quoted(int line) {
    const char quote = text_[at_++];
    std::string raw;
    for (;; ++at_) {
      if (at_ >= text_.size()) {
        find(line, "the quoted value that begins here never ends", fmt::format("close it with {}", quote));
        return std::nullopt;
      }
      const char c = text_[at_];
      if (c == quote) break;
      if (c == '\n') ++line_;
      raw += c;
      // An escaped quote does not end the value; what the escape means is worked out below.
      if (quote == '"' && c == '\\' && at_ + 1 < text_.size()) {
        raw += text_[++at_];
        if (text_[at_] == '\n') ++line_;
      }
    }
    ++at_;
    skip_blanks();
    if (!at_end_of_line() && peek() != '#') {
      find(line, "text follows the closing quote", "put the whole value into the quotes");
      skip_line();
      return std::nullopt;
    }
    skip_line();
    if (quote == '\'') return DotenvEntry{std::move(raw), line, false};
    const bool substitution = is_command_substitution(raw);
    return DotenvEntry{substitution ? raw : expand(raw, true), line, substitution};
  }

  std::optional<DotenvEntry> parse_plain(int line) {
    const auto rest = text_.substr(at_, text_.find('\n', at_) - at_);
    skip_line();
    if (is_command_substitution(trimmed(rest))) return DotenvEntry{std::string(trimmed(rest)), line, true};
    auto value = rest;
    for (size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '#' && (i == 0 || is_blank(value[i - 1]))) {
        value = value.substr(0, i);
        break;
      }
    }
    value = trimmed(value);
    if (is_command_substitution(value)) return DotenvEntry{std::string(value), line, true};
    return DotenvEntry{expand(value, false), line, false};
  }

  // `escapes` of double quotes; a name that is set nowhere becomes empty, which counts as unset.
  std::string expand(std::string_view raw, bool escapes) const {
    const auto lookup = [this](const std::string& name) -> std::optional<std::string> {
      if (const auto found = result_.entries.find(name); found != result_.entries.end()) {
        return found->second.value.empty() ? std::nullopt : std::optional(found->second.value);
      }
      return outer_(name);
    };
    std::string value;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (escapes && raw[i] == '\\' && i + 1 < raw.size()) {
        value += unescaped(raw[++i]);
        continue;
      }
      if (raw[i] != '$' || i + 1 >= raw.size() || raw[i + 1] != '{') {
        value += raw[i];
        continue;
      }
      const size_t end = end_of_reference(raw, i);
      if (end == std::string_view::npos) return value.append(raw.substr(i));
      value += substitute(raw.substr(i, end - i), lookup).text;
      i = end - 1;
    }
    return value;
  }

  static std::string unescaped(char c) {
    switch (c) {
      case 'n':
        return "\n";
      case 'r':
        return "\r";
      case 't':
        return "\t";
      case '"':
      case '\\':
      case '$':
      case '`':
        return {c};
      case '\n':
        return "";
      default:
        return {'\\', c};
    }
  }

  char peek() const { return text_[at_]; }
  bool at_end_of_line() const {
    return at_ >= text_.size() || peek() == '\n' || (peek() == '\r' && text_.substr(at_, 2) == "\r\n");
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(peek())) ++at_;
  }
  void skip_line() {
    const size_t end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    ++line_;
  }
  void find(int line, std::string_view what, std::string_view fix) {
    result_.findings.push_back(fmt::format("{}: {} ({})", line, what, fix));
  }

  std::string_view text_;
  const std::function<std::optional<std::string>(const std::string&)>& outer_;
  size_t at_ = 0;
  int line_ = 1;
  Dotenv result_;
};

}  // namespace

Dotenv parse_dotenv(std::string_view text,
                    const std::function<std::optional<std::string>(const std::string&)>& outer) {
  return Parser(text, outer).parse();
}

}  // namespace summit::config
