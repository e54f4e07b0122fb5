// Texts as the leak check compares them: without case and spacing. Page: docs/masking.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace summit::masking {

// Of a text in UTF-8: all cases of a letter as one, spacing left out (letter_case.h), every other byte as it
// is. One thread at a time; made to be used again.
class NormalizedText {
 public:
  enum class Separators {
    kNone,         // tabs and line ends are spacing
    kTabAndBreak,  // they part fields and rows: kept, so that no value reaches across
  };

  void assign(std::string_view text, Separators separators);

  std::string_view text() const { return {text_.data(), size_}; }
  // kPadding readable bytes follow the text.
  const char* data() const { return text_.data(); }
  // Whether spacing was left out in front of this byte; that also holds at both ends of the text.
  bool gap_before(size_t position) const;

  static constexpr size_t kPadding = 8;

 private:
  // Of text[at] to text[end - 1], and of a pair that reaches beyond. Gives where to go on.
  size_t append(std::string_view text, size_t at, size_t end, Separators separators);

  std::string text_;
  size_t size_ = 0;
  std::vector<uint32_t> gaps_;  // the first gap_count_ count, ascending
  size_t gap_count_ = 0;
};

// What may stand in a text in another form, decoded: escapes (COPY, JSON, C), URL encoding, doubled quotes
// (SQL, composites), entities (XML), hexadecimal bytes. Decoded pieces are parted by line ends. Base64,
// compressed and encrypted content is not looked into.
class DecodedText {
 public:
  // The lines of `text` (or all of it, when line ends are spacing) that hold something encoded; decoded once.
  // Empty when there is nothing. Valid until the next call.
  std::string_view decode(std::string_view text, NormalizedText::Separators separators);

 private:
  std::string decoded_;
};

}  // namespace summit::masking
