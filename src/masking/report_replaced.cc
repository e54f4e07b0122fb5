#include "masking/report_replaced.h"

#include <algorithm>

#include "masking/array_literal.h"
#include "masking/embedding.h"
#include "masking/json_text.h"

namespace summit::masking {

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
  if (split_embedding(original, pieces_)) {
    for (const auto piece : pieces_)
      if (!replacement || replacement->find(piece) == std::string_view::npos) place.add(piece, "");
    return;
  }
  if (!before_.read(original)) return place.add(original, replacement.value_or(""));
  const bool has_after = replacement && after_.read(*replacement);
  for (const auto text : before_.texts()) {
    if (!has_after || !after_.contains(text)) place.add(text, "");
  }
}

}  // namespace summit::masking
