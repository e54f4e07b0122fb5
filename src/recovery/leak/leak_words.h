// What the searches of all stores share: one text, one place. Internal to this folder.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "masking/leak/text_search.h"
#include "masking/leak/value_shape.h"
#include "recovery/leak/leak_report.h"

namespace summit::recovery {

// The places of the values that stand in `text`, each once; empty in all but the worst runs.
inline std::set<std::string> originals_in(masking::TextSearch& search, std::string_view text,
                                          masking::TextSearch::Separators separators,
                                          bool is_number = false) {
  std::set<std::string> originals;
  search.search(text, separators, [&](const masking::LeakMatch& match) {
    const bool telling = match.whole && match.record->length >= masking::kShortestTellingNumber;
    if (!is_number || !match.digits_only || telling)
      originals.insert(search.table().place(match.record->place));
    return true;
  });
  return originals;
}

// The places of the values in content that comes in blocks.
class StreamedOriginals {
 public:
  // Neither copied nor owned.
  explicit StreamedOriginals(masking::TextSearch& search) : search_(search), stream_(search) {}

  void write(ByteView block) {
    stream_.write(block, [this](const auto& match) { return keep(match); });
  }
  // Ends the content: `report` gets `place` for each. The next content may begin.
  void report_at(const std::string& place, LeakReport& report) {
    stream_.finish([this](const auto& match) { return keep(match); });
    for (const auto& original : originals_) report.found(place, original);
    originals_.clear();
  }

 private:
  bool keep(const masking::LeakMatch& match) {
    originals_.insert(search_.table().place(match.record->place));
    return true;
  }

  masking::TextSearch& search_;
  masking::StreamSearch stream_;
  std::set<std::string> originals_;
};

// Reports `place` for each value in `text`; gives whether there was one.
inline bool report_text(masking::TextSearch& search, LeakReport& report, std::string_view text,
                        const std::string& place, bool is_number = false) {
  const auto originals = originals_in(search, text, masking::TextSearch::Separators::kNone, is_number);
  for (const auto& original : originals) report.found(place, original);
  return !originals.empty();
}

// Whether the whole of `value` was replaced in its place; `number` is that of the place, if it has one.
inline bool holds_own(masking::TextSearch& search, std::optional<uint32_t> number, std::string_view value) {
  return number && search.table().has_own_values(*number) && search.find_in_place(*number, value) != nullptr;
}

// Reports `place` then.
inline void report_own(masking::TextSearch& search, LeakReport& report, std::optional<uint32_t> number,
                       std::string_view value, const std::string& place) {
  if (holds_own(search, number, value)) report.found(place, search.table().place(*number));
}

}  // namespace summit::recovery
