#include "masking/leak/text_search.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "masking/leak/value_shape.h"

namespace summit::masking {
namespace {

constexpr uint64_t kCachedFilter = 512 * KiB;

bool is_word(char c) { return is_digit(c) || is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

// What stands around a value in a normalised text; NUL where spacing, or nothing, stands there.
struct Surroundings {
  char before = 0;
  char before_that = 0;
  char after = 0;
  char after_that = 0;
};

Surroundings around(const NormalizedText& text, size_t begin, size_t end) {
  const auto bytes = text.text();
  Surroundings result;
  if (!text.gap_before(begin)) {
    result.before = bytes[begin - 1];
    if (!text.gap_before(begin - 1)) result.before_that = bytes[begin - 2];
  }
  if (!text.gap_before(end)) {
    result.after = bytes[end];
    if (!text.gap_before(end + 1)) result.after_that = bytes[end + 1];
  }
  return result;
}

// A word or number of its own, and no number of a JSON document.
bool stands_alone(const Surroundings& around, size_t length) {
  if (is_word(around.before) || is_word(around.after)) return false;
  if (around.before == '.' && is_digit(around.before_that)) return false;
  if (around.after == '.' && is_digit(around.after_that)) return false;
  const bool json_number = (around.before == ':' || around.before == '[' || around.before == ',') &&
                           (around.after == ',' || around.after == '}' || around.after == ']');
  return !json_number || length >= kShortestTellingNumber;
}

// Behind the number that ends at `end`, and behind its fraction where that is zero.
size_t behind_number(const NormalizedText& text, size_t end) {
  const auto bytes = text.text();
  if (end + 1 >= bytes.size() || bytes[end] != '.' || bytes[end + 1] != '0') return end;
  const size_t behind = std::min(bytes.find_first_not_of('0', end + 1), bytes.size());
  return behind < bytes.size() && is_digit(bytes[behind]) && !text.gap_before(behind) ? end : behind;
}

// Between the brackets and commas of an array or document.
bool is_element(const Surroundings& around) {
  constexpr std::string_view kBefore = "{[(,:";
  constexpr std::string_view kBehind = "}]),";
  return around.before != 0 && around.after != 0 && kBefore.find(around.before) != std::string_view::npos &&
         kBehind.find(around.after) != std::string_view::npos;
}

}  // namespace

void TextSearch::search(std::string_view text, Separators separators, const Found& found) {
  scan(text, separators, 0, found);
}

bool TextSearch::holds_any(std::string_view text, Separators separators) {
  bool any = false;
  search(text, separators, [&any](const LeakMatch&) {
    any = true;
    return false;
  });
  return any;
}

const ReplacedRecord* TextSearch::find_in_place(uint32_t place, std::string_view value) {
  normalized_[0].assign(value, Separators::kNone);
  const auto text = without_zero_fraction(normalized_[0].text()).substr(0, kLongestSearched);
  if (text.empty()) return nullptr;
  const auto* record = table_.find(digest_in_place(table_.key(), table_.place(place), text));
  return record != nullptr && record->is(ReplacedRecord::kOwnPlace) ? record : nullptr;
}

bool TextSearch::scan(std::string_view text, Separators separators, int depth, const Found& found) {
  const auto level = static_cast<size_t>(depth);
  normalized_[level].assign(text, separators);
  if (!scan_normalized(normalized_[level], found)) return false;
  if (depth + 1 == kDepth) return true;
  const auto decoded = decoded_[level].decode(text, separators);
  return decoded.empty() || scan(decoded, Separators::kTabAndBreak, depth + 1, found);
}

bool TextSearch::scan_normalized(const NormalizedText& text, const Found& found) {
  const size_t size = text.text().size();
  if (size < kShortestAnywhere) return true;
  const size_t positions = size - kShortestAnywhere + 1;
  for (size_t base = 0; base < positions; base += kWindow) {
    const size_t end = std::min(base + kWindow, positions);
    // Without a branch: nothing could foresee which few remain.
    size_t count = 0;
    for (size_t position = base; position < end; ++position) {
      positions_[count] = position;
      count += table_.has_lead(fingerprint_of_four(table_.key(), text.data() + position)) ? 1 : 0;
    }
    for (size_t at = 0; at < count; at += kBatch) {
      const auto batch = std::span(positions_).subspan(at, std::min(kBatch, count - at));
      if (!look_at_batch(text, batch, found)) return false;
    }
  }
  return true;
}

bool TextSearch::look_at_batch(const NormalizedText& text, std::span<const size_t> positions,
                               const Found& found) {
  const auto& filter = table_.first_filter();
  for (size_t i = 0; i < positions.size(); ++i)
    fingerprints_[i] = fingerprint_of_eight(table_.key(), text.data() + positions[i]);
  if (filter.bytes() > kCachedFilter) {
    for (size_t i = 0; i < positions.size(); ++i) filter.prefetch(fingerprints_[i]);
  }
  // All fetches are under way before the first is waited for.
  size_t candidates = 0;
  for (size_t i = 0; i < positions.size(); ++i) {
    if (filter.test(fingerprints_[i])) candidates_[candidates++] = candidate_at(text, positions[i]);
  }
  for (size_t i = 0; i < candidates; ++i) {
    if (!look_at(text, candidates_[i], found)) return false;
  }
  return true;
}

TextSearch::Candidate TextSearch::candidate_at(const NormalizedText& text, size_t position) const {
  const char* at = text.data() + position;
  const size_t left = text.text().size() - position;
  Candidate candidate;
  candidate.position = position;
  size_t& classes = candidate.classes;
  for (; classes < kBeginnings.size() && kBeginnings[classes] <= left; ++classes) {
    if (table_.lengths(classes).empty()) continue;
    candidate.beginnings[classes] = fingerprint_of_beginning(table_.key(), at, classes);
    table_.beginning_filter().prefetch(candidate.beginnings[classes]);
  }
  return candidate;
}

// False when `found` has had enough.
bool TextSearch::look_at(const NormalizedText& text, const Candidate& candidate, const Found& found) {
  const size_t position = candidate.position;
  const size_t left = text.text().size() - position;
  BeginningDigest digest(table_.key(), text.data() + position);
  for (size_t length_class = 0; length_class < candidate.classes; ++length_class) {
    const auto& lengths = table_.lengths(length_class);
    if (lengths.empty() || !table_.beginning_filter().test(candidate.beginnings[length_class])) continue;
    for (const uint16_t length : lengths) {
      if (length > left) break;
      LeakMatch match;
      match.record = table_.find(digest.of(length));
      if (match.record == nullptr || match.record->length != length) continue;
      if (accept(text, position, length, match) && !found(match)) return false;
    }
  }
  return true;
}

bool TextSearch::accept(const NormalizedText& text, size_t begin, size_t length, LeakMatch& match) const {
  const auto value = text.text().substr(begin, length);
  match.digits_only = std::all_of(value.begin(), value.end(), is_digit);
  const size_t end = match.digits_only ? behind_number(text, begin + length) : begin + length;
  const auto surroundings = around(text, begin, end);
  if (is_digit(value.front()) && is_digit(surroundings.before)) return false;
  // Of a value that was cut the end is not known.
  if (length < kLongestSearched && is_digit(value.back()) && is_digit(surroundings.after)) return false;
  if (match.digits_only && !stands_alone(surroundings, length)) return false;
  match.whole = (begin == 0 && end == text.text().size()) || is_element(surroundings);
  return match.record->is(ReplacedRecord::kCanary) || !table_.is_public(value);
}

void StreamSearch::write(ByteView bytes, const TextSearch::Found& found) {
  auto rest = as_text(bytes);
  while (!rest.empty()) {
    const auto part = rest.substr(0, kBlock + kOverlap - window_.size());
    window_.append(part);
    rest.remove_prefix(part.size());
    fresh_ = true;
    if (window_.size() == kBlock + kOverlap) search_window(found);
  }
}

// Both cuts are made at spacing where there is some, so that no number seems to end where it goes on.
void StreamSearch::search_window(const TextSearch::Found& found) {
  constexpr std::string_view kSpacing = " \t\r\n";
  constexpr size_t kReach = 2 * KiB;
  size_t end = window_.find_last_of(kSpacing);
  if (end == std::string::npos || end + kReach < window_.size()) end = window_.size();
  search_.search(std::string_view(window_).substr(0, end), TextSearch::Separators::kNone, found);
  const size_t keep = end - kOverlap;
  const size_t begin = window_.find_first_of(kSpacing, keep);
  window_.erase(0, begin == std::string::npos || begin > keep + kReach ? keep : begin);
  fresh_ = end < kBlock + kOverlap;
}

void StreamSearch::finish(const TextSearch::Found& found) {
  if (fresh_) search_.search(window_, TextSearch::Separators::kNone, found);
  window_.clear();
  fresh_ = false;
}

}  // namespace summit::masking
