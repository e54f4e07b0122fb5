#include "masking/report_replaced.h"

#include <algorithm>

#include "core/text.h"
#include "masking/array_literal.h"
#include "masking/json_text.h"

namespace summit::masking {
namespace {

constexpr size_t kFewestNumbers = 64;
constexpr size_t kTogether = 32;

// kTogether numbers at a time, the last ones with the rest; what is still there is not told.
void add_numbers(ReplacedPlace& place, std::string_view numbers, std::string_view replacement) {
  const auto commas = static_cast<size_t>(std::count(numbers.begin(), numbers.end(), ','));
  const size_t pieces = (commas + 1) / kTogether;
  size_t begin = 0;
  for (size_t i = 0; i < pieces; ++i) {
    size_t end = begin;
    for (size_t number = 0; number < kTogether && i + 1 < pieces; ++number)
      end = numbers.find(',', number == 0 ? end : end + 1);
    if (i + 1 == pieces) end = numbers.size();
    const auto piece = numbers.substr(begin, end - begin);
    if (replacement.find(piece) == std::string_view::npos) place.add(piece, "");
    begin = end + 1;
  }
}

size_t digits_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

enum class Element { kOther, kWhole, kFraction };

// "-0.0312", "1", " 3.1e-05": of one digit before the point, which addresses, places on earth and amounts
// hardly ever are throughout.
Element element_of(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && text[at] == ' ') ++at;
  if (at < text.size() && text[at] == '-') ++at;
  if (digits_at(text, at) != 1) return Element::kOther;
  ++at;
  const bool fraction = at < text.size() && text[at] == '.';
  if (fraction) {
    const size_t digits = digits_at(text, at + 1);
    if (digits == 0) return Element::kOther;
    at += 1 + digits;
  }
  if (at + 1 < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    at += text[at + 1] == '-' || text[at + 1] == '+' ? 2 : 1;
    const size_t digits = digits_at(text, at);
    if (digits == 0) return Element::kOther;
    at += digits;
  }
  if (at != text.size()) return Element::kOther;
  return fraction ? Element::kFraction : Element::kWhole;
}

}  // namespace

std::string_view numbers_of_embedding(std::string_view value) {
  if (value.size() < 2 || (value.front() != '[' && value.front() != '{')) return {};
  const auto inner = value.substr(1, value.size() - 2);
  size_t numbers = 0;
  size_t fractions = 0;
  for (size_t at = 0; at <= inner.size();) {
    const size_t end = std::min(inner.find(',', at), inner.size());
    const auto element = element_of(inner.substr(at, end - at));
    if (element == Element::kOther) return {};
    ++numbers;
    fractions += element == Element::kFraction ? 1 : 0;
    at = end + 1;
  }
  return numbers >= kFewestNumbers && fractions * 2 > numbers ? inner : std::string_view();
}

void InnerTexts::note(std::string_view text) {
  if (text.empty()) return;
  places_.emplace_back(bytes_.size(), text.size());
  bytes_ += text;
}

bool InnerTexts::walk(std::string_view value) {
  const auto start = std::find_if_not(value.begin(), value.end(), is_json_space);
  if (start == value.end() || (*start != '{' && *start != '[')) return false;
  if (visit_json(value, [this](std::string_view, std::string_view text) { note(text); })) return true;
  bytes_.clear();
  places_.clear();
  unused_.clear();
  const auto element = [this](Field text, std::string&) {
    if (text) note(*text);
    return Outcome::kKept;
  };
  return rewrite_array(value, element, unused_) == Outcome::kValue;
}

bool InnerTexts::read(std::string_view value) {
  bytes_.clear();
  places_.clear();
  texts_.clear();
  if (!walk(value)) return false;
  // Not before: bytes_ moves while it grows.
  for (const auto& [begin, length] : places_)
    texts_.push_back(std::string_view(bytes_).substr(begin, length));
  std::sort(texts_.begin(), texts_.end());
  texts_.erase(std::unique(texts_.begin(), texts_.end()), texts_.end());
  return true;
}

bool InnerTexts::contains(std::string_view text) const {
  return std::binary_search(texts_.begin(), texts_.end(), text);
}

void ReplacedReport::add(ReplacedPlace& place, std::string_view original, Field replacement) {
  if (replacement == original || original.empty()) return;
  if (const auto numbers = numbers_of_embedding(original); !numbers.empty())
    return add_numbers(place, numbers, replacement.value_or(""));
  if (!before_.read(original)) return place.add(original, replacement.value_or(""));
  const bool has_after = replacement && after_.read(*replacement);
  for (const auto text : before_.texts()) {
    if (!has_after || !after_.contains(text)) place.add(text, "");
  }
}

}  // namespace summit::masking
