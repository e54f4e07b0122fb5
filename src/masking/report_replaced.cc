#include "masking/report_replaced.h"

#include <optional>
#include <set>
#include <string>

#include "masking/array_literal.h"
#include "masking/json_text.h"

namespace summit::masking {
namespace {

using Texts = std::set<std::string, std::less<>>;

// The texts in a document or array; nothing when the value is neither.
std::optional<Texts> texts_in(std::string_view value) {
  Texts texts;
  const size_t start = value.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || (value[start] != '{' && value[start] != '[')) return std::nullopt;
  const auto note = [&](std::string_view text) {
    if (!text.empty()) texts.emplace(text);
  };
  if (visit_json(value, [&](std::string_view, std::string_view text) { note(text); })) return texts;
  texts.clear();
  std::string unused;
  const auto element = [&](Field text, std::string&) {
    if (text) note(*text);
    return Outcome::kKept;
  };
  if (rewrite_array(value, element, unused) != Outcome::kValue) return std::nullopt;
  return texts;
}

}  // namespace

void report_replaced(ReplacedValues& listener, std::string_view original, Field replacement,
                     std::string_view place) {
  if (replacement == original || original.empty()) return;
  const auto before = texts_in(original);
  if (!before) return listener.add(original, replacement.value_or(""), place);
  const auto after = replacement ? texts_in(*replacement) : std::nullopt;
  for (const auto& text : *before) {
    if (!after || !after->contains(text)) listener.add(text, "", place);
  }
}

}  // namespace summit::masking
