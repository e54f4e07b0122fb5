#include "masking/report_replaced.h"

#include <algorithm>

#include "core/text.h"
#include "masking/array_literal.h"
#include "masking/json_text.h"

namespace summit::masking {
namespace {

constexpr size_t kFewestNumbers = 64;
constexpr size_t kTogether = 32;

// Each of kTogether numbers of the text that is no longer there.
void add_numbers(ReplacedPlace& place, std::string_view numbers, std::string_view replacement) {
  size_t begin = 0;
  size_t count = 0;
  for (size_t at = 0; at <= numbers.size(); ++at) {
    if (at < numbers.size() && numbers[at] != ',') continue;
    if (++count % kTogether != 0) continue;
    const auto piece = numbers.substr(begin, at - begin);
    if (replacement.find(piece) == std::string_view::npos) place.add(piece, "");
    begin = at + 1;
  }
}

}  // namespace

std::string_view numbers_of_embedding(std::string_view value) {
  if (value.size() < 2 || (value.front() != '[' && value.front() != '{')) return {};
  const auto inner = value.substr(1, value.size() - 2);
  size_t numbers = 1;
  size_t fractions = 0;
  for (const char c : inner) {
    if (is_digit(c) || c == '-') continue;
    if (c == ',')
      ++numbers;
    else if (c == '.')
      ++fractions;
    else if (c != ' ' && c != 'e' && c != 'E' && c != '+')
      return {};
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
