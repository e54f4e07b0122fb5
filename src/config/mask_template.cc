#include <charconv>

#include "config/sanitization.h"
#include "core/text.h"

namespace summit::config {
namespace {

constexpr size_t kWidest = 200;

// What stands between the braces: "id", "id:07", "id:.7".
Result<TemplatePiece> parse_field(std::string_view inside) {
  TemplatePiece piece;
  piece.is_field = true;
  const size_t colon = inside.rfind(':');
  piece.text = std::string(inside.substr(0, colon));
  if (piece.text.empty())
    return Error(Code::kConfig, "`{{{}}}` names no field", inside).hint("write for example {id}");
  if (colon == std::string_view::npos) return piece;
  auto form = inside.substr(colon + 1);
  const bool known = !form.empty() && (form[0] == '0' || form[0] == '.');
  piece.fit = known && form[0] == '0' ? TemplatePiece::Fit::kPadded : TemplatePiece::Fit::kCut;
  if (known) form.remove_prefix(1);
  piece.width = parse_number<size_t>(form).value_or(0);
  if (!known || piece.width == 0 || piece.width > kWidest)
    return Error(Code::kConfig, "`{{{}}}` has a form that is not known", inside)
        .hint("write {id}, {id:07} (zeros up to 7) or {id:.7} (7 characters at most)");
  return piece;
}

}  // namespace

Result<std::vector<TemplatePiece>> parse_template(std::string_view text) {
  std::vector<TemplatePiece> pieces;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) pieces.push_back({.text = std::move(literal)});
    literal.clear();
  };
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      literal += c;
      ++at;
    } else if (c == '{') {
      const size_t end = text.find('}', at);
      if (end == std::string_view::npos)
        return Error(Code::kConfig, "a brace of the template is not closed")
            .hint("close it, or write two of them for a brace");
      ASSIGN_OR_RETURN(auto field, parse_field(text.substr(at + 1, end - at - 1)));
      flush();
      pieces.push_back(std::move(field));
      at = end;
    } else if (c == '}') {
      return Error(Code::kConfig, "a brace of the template closes nothing")
          .hint("write two of them for a brace");
    } else {
      literal += c;
    }
  }
  flush();
  return pieces;
}

namespace {

Error not_a_path(std::string_view text) {
  return Error(Code::kConfig, "`{}` is no path into a document", text)
      .hint("write $.contact.email, $.notes[*], $['odd name'] or $..email");
}

bool is_plain(char c) { return c != '.' && c != '[' && c != ']' && c != '\'' && c != '*'; }

// [3], [*] and ['odd name'], from behind the bracket.
Result<JsonStep> parse_bracket(std::string_view text, size_t& at) {
  const auto whole = text;
  JsonStep step;
  const size_t quote_end =
      at < text.size() && text[at] == '\'' ? text.find('\'', at + 1) : std::string_view::npos;
  if (quote_end != std::string_view::npos) {
    step.name = std::string(text.substr(at + 1, quote_end - at - 1));
    at = quote_end + 1;
  } else if (at < text.size() && text[at] == '*') {
    step.kind = JsonStep::Kind::kAnyChild;
    ++at;
  } else {
    step.kind = JsonStep::Kind::kElement;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), step.index);
    if (error != std::errc()) return not_a_path(whole);
    at = static_cast<size_t>(end - text.data());
  }
  if (at >= text.size() || text[at] != ']') return not_a_path(whole);
  ++at;
  return step;
}

}  // namespace

Result<JsonPath> parse_json_path(std::string_view text) {
  JsonPath path;
  if (text.empty() || text[0] != '$') return not_a_path(text);
  for (size_t at = 1; at < text.size();) {
    if (text[at] == '[') {
      ++at;
      ASSIGN_OR_RETURN(auto step, parse_bracket(text, at));
      path.push_back(std::move(step));
      continue;
    }
    if (text[at] != '.') return not_a_path(text);
    ++at;
    JsonStep step;
    if (at < text.size() && text[at] == '.') {
      step.kind = JsonStep::Kind::kAnywhere;
      ++at;
    } else if (at < text.size() && text[at] == '*') {
      path.push_back({.kind = JsonStep::Kind::kAnyChild, .name = {}});
      ++at;
      continue;
    }
    while (at < text.size() && is_plain(text[at])) step.name += text[at++];
    if (step.name.empty()) return not_a_path(text);
    path.push_back(std::move(step));
  }
  if (path.size() > 32)
    return Error(Code::kConfig, "the path `{}` has more than 32 steps", text)
        .hint("use $..name for the last one");
  return path;
}

}  // namespace summit::config
