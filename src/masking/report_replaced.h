// What a replaced value says to whoever listens for replaced values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "masking/field.h"
#include "masking/replaced.h"

namespace summit::masking {

// The texts in a document or array, each once.
class InnerTexts {
 public:
  // False when `value` is neither; there are no texts then.
  bool read(std::string_view value);
  // Sorted; good until the next read().
  const std::vector<std::string_view>& texts() const { return texts_; }
  bool contains(std::string_view text) const;

 private:
  void note(std::string_view text);
  bool walk(std::string_view value);

  std::string bytes_;
  std::vector<std::pair<size_t, size_t>> places_;  // in bytes_: begin, length
  std::vector<std::string_view> texts_;
  std::string unused_;
};

// One thread at a time; made to be used again.
class ReplacedReport {
 public:
  // Tells `place` of `original`, which became `replacement` (nothing: it was removed). Of documents and
  // arrays each text inside that is no longer there is told, because elsewhere it would stand alone. A single
  // number of an embedding says nothing of anybody: 32 neighbours at a time are told as one text
  // (embedding.h).
  void add(ReplacedPlace& place, std::string_view original, Field replacement);

 private:
  InnerTexts before_;
  InnerTexts after_;
  std::vector<std::string_view> pieces_;  // of an embedding
};

}  // namespace summit::masking
