// Finds replaced values in texts.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "masking/leak/normalized_text.h"
#include "masking/leak/replaced_table.h"

namespace summit::masking {

// A value that was found. What it says is not in here.
struct LeakMatch {
  const ReplacedRecord* record = nullptr;  // lives as long as the table
  bool whole = false;                      // it is all of the text, or of an element of an array in it
  bool digits_only = false;
};

// One thread at a time; several may share a table. Memory: a few times the longest text.
class TextSearch {
 public:
  using Separators = NormalizedText::Separators;
  // Gives false to end the search.
  using Found = std::function<bool(const LeakMatch&)>;

  explicit TextSearch(const ReplacedTable& table) : table_(table) {}

  // Looks for every value of eight bytes and more (normalised), whatever stands around it, in the text and in
  // what it encodes (normalized_text.h), three levels deep. A value that begins or ends with a digit is none
  // inside of a longer number, and one of digits alone is none inside of a longer word; a fraction of zeros
  // makes no other number of it (4711471147.00).
  void search(std::string_view text, Separators separators, const Found& found);
  bool holds_any(std::string_view text, Separators separators);

  // Whether `value` as a whole is one of those that are sought in this place alone.
  const ReplacedRecord* find_in_place(uint32_t place, std::string_view value);

  const ReplacedTable& table() const { return table_; }

 private:
  // A position where a value may begin, and what the second filter is asked of it.
  struct Candidate {
    size_t position = 0;
    size_t classes = 0;                                     // that fit into the rest of the text
    std::array<uint32_t, kBeginnings.size()> beginnings{};  // fingerprints, of classes with values
  };

  bool scan(std::string_view text, Separators separators, int depth, const Found& found);
  bool scan_normalized(const NormalizedText& text, const Found& found);
  bool look_at_batch(const NormalizedText& text, std::span<const size_t> positions, const Found& found);
  Candidate candidate_at(const NormalizedText& text, size_t position) const;
  bool look_at(const NormalizedText& text, const Candidate& candidate, const Found& found);
  bool accept(const NormalizedText& text, size_t begin, size_t length, LeakMatch& match) const;

  static constexpr int kDepth = 4;
  static constexpr size_t kWindow = 1024;  // positions
  static constexpr size_t kBatch = 64;     // positions in flight
  const ReplacedTable& table_;
  NormalizedText normalized_[kDepth];
  DecodedText decoded_[kDepth];
  std::array<size_t, kWindow> positions_{};  // of a window, where a value may begin by its first four bytes
  std::array<uint32_t, kBatch> fingerprints_{};  // of the positions of a batch
  std::array<Candidate, kBatch> candidates_;
};

// The same for content of any length that comes in blocks: files and large objects. Tabs and line ends are
// spacing. What lies across two blocks is found.
class StreamSearch {
 public:
  // Neither copied nor owned.
  explicit StreamSearch(TextSearch& search) : search_(search) {}

  void write(ByteView bytes, const TextSearch::Found& found);
  void finish(const TextSearch::Found& found);

 private:
  void search_window(const TextSearch::Found& found);

  static constexpr size_t kBlock = 256 * KiB;
  // The longest value, each of its bytes written as \u0041, and as much spacing.
  static constexpr size_t kOverlap = 12 * KiB;

  TextSearch& search_;
  std::string window_;
  bool fresh_ = false;  // the window holds what was not searched
};

}  // namespace summit::masking
