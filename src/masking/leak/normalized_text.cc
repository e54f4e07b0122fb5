#include "masking/leak/normalized_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "core/bytes.h"
#include "core/text.h"
#include "core/utf8.h"
#include "masking/eight_signs.h"
#include "masking/leak/letter_case.h"

namespace summit::masking {
namespace {

constexpr unsigned char kSpacing = 0;  // no byte of a normalised text: NUL is spacing too

using FoldTable = std::array<unsigned char, 256>;

constexpr FoldTable kFolded = [] {
  FoldTable table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const char c : {' ', '\t', '\n', '\r', '\v', '\f'}) table[static_cast<unsigned char>(c)] = kSpacing;
  return table;
}();
constexpr FoldTable kFoldedBetweenSeparators = [] {
  FoldTable table = kFolded;
  for (const char c : {'\t', '\n'}) table[static_cast<unsigned char>(c)] = static_cast<unsigned char>(c);
  return table;
}();

constexpr unsigned char kFirstLead = 0xC2;

// One of several bytes; without a length there is none.
struct Character {
  uint32_t point = 0;
  size_t length = 0;
};

// Most are of two bytes, and most bytes of what is no text begin none: neither is worth a call.
Character character_at(const unsigned char* text, size_t left) {
  const bool goes_on = text[0] <= 0xF4 && left > 1 && (text[1] & 0xC0) == 0x80;
  if (!goes_on) return {};
  if (text[0] < 0xE0) return {(text[0] & 0x1FU) << 6 | (text[1] & 0x3FU), 2};
  int32_t point = 0;
  const auto length = utf8proc_iterate(text, static_cast<utf8proc_ssize_t>(left), &point);
  return length > 0 ? Character{static_cast<uint32_t>(point), static_cast<size_t>(length)} : Character();
}

constexpr size_t kWord = 8;

// Eight bytes of ASCII without spacing or control characters, folded. False, and nothing is put, where there
// are others among them.
bool put_plain_word(const unsigned char* text, char* out) {
  uint64_t word;
  std::memcpy(&word, text, sizeof word);
  if (((word | (word - ('!' * kEachSign))) & kHighBits) != 0) return false;
  const uint64_t from_a = word + (0x80 - 'A') * kEachSign;
  const uint64_t behind_z = word + (0x80 - 'Z' - 1) * kEachSign;
  word |= (from_a & ~behind_z & kHighBits) >> 2;
  std::memcpy(out, &word, sizeof word);
  return true;
}

// Gives how many bytes it took.
size_t put_character(uint32_t point, char* out) {
  auto* const bytes = reinterpret_cast<unsigned char*>(out);
  if (point < 0x80 || point >= 0x800)
    return static_cast<size_t>(utf8proc_encode_char(static_cast<int32_t>(point), bytes));
  bytes[0] = static_cast<unsigned char>(0xC0 | point >> 6);
  bytes[1] = static_cast<unsigned char>(0x80 | (point & 0x3F));
  return 2;
}

std::optional<unsigned> hex_number(std::string_view digits) {
  unsigned number = 0;
  for (const char c : digits) {
    const int digit = hex_value(c);
    if (digit < 0) return {};
    number = number * 16 + static_cast<unsigned>(digit);
  }
  return number;
}

// \u0041, and two of them for what lies beyond U+FFFF. Gives how many bytes of `text` it took.
size_t append_unicode_escape(std::string_view text, std::string& out) {
  const auto first = text.size() >= 6 ? hex_number(text.substr(2, 4)) : std::nullopt;
  if (!first) {
    out += text.front();
    return 1;
  }
  if (*first >= 0xD800 && *first < 0xDC00 && text.size() >= 12 && text.substr(6, 2) == "\\u") {
    const auto second = hex_number(text.substr(8, 4));
    if (second && *second >= 0xDC00 && *second < 0xE000) {
      append_utf8(0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00), out);
      return 12;
    }
  }
  append_utf8(*first, out);
  return 6;
}

// What begins with a backslash. Spacing that was escaped must not part fields: a blank takes its place.
size_t append_escape(std::string_view text, std::string& out) {
  if (text.size() < 2) {
    out += text.front();
    return 1;
  }
  const char kind = text[1];
  if (kind == 'u') return append_unicode_escape(text, out);
  const bool spacing = std::string_view("ntrbfv").find(kind) != std::string_view::npos;
  out += spacing ? ' ' : kind;
  return 2;
}

void append_without_escapes(std::string_view line, std::string& out) {
  for (size_t at = 0; at < line.size();) {
    const size_t next = std::min(line.find('\\', at), line.size());
    out.append(line, at, next - at);
    at = next;
    if (at < line.size()) at += append_escape(line.substr(at), out);
  }
}

bool is_url_byte(std::string_view line, size_t at) {
  return line[at] == '%' && at + 2 < line.size() && hex_value(line[at + 1]) >= 0 &&
         hex_value(line[at + 2]) >= 0;
}

// + is a blank in forms, where it stands between words.
bool is_url_blank(std::string_view line, size_t at) {
  return line[at] == '+' && at > 0 && at + 1 < line.size() && is_letter(line[at - 1]) &&
         is_letter(line[at + 1]);
}

bool append_without_url_encoding(std::string_view line, std::string& out) {
  bool changed = false;
  for (size_t at = 0; at < line.size(); ++at) {
    if (is_url_byte(line, at)) {
      const auto byte = hex_number(line.substr(at + 1, 2)).value_or(0);
      // A decoded line end is spacing of the value, not the end of a field.
      out += byte == '\n' || byte == '\t' ? ' ' : static_cast<char>(byte);
      at += 2;
      changed = true;
    } else if (is_url_blank(line, at)) {
      out += ' ';
      changed = true;
    } else {
      out += line[at];
    }
  }
  return changed;
}

constexpr size_t kShortestHex = 16;  // digits: eight bytes

// Eight bytes at once, each in its own byte of a word.
bool are_hex_digits(const char* eight) {
  const uint64_t text = eight_at(eight);
  const uint64_t lower = text | 0x20 * kEachSign;
  const uint64_t letters = at_least(lower, 'a' * kEachSign) & ~at_least(lower, ('f' + 1) * kEachSign);
  return (digits_among(text) | (letters & ~text & kHighBits)) == kHighBits;
}

// From `from` on, where no run goes on; empty when there is none. Every run that is long enough holds eight
// bytes that begin at a multiple of eight from there.
std::string_view next_hex_run(std::string_view line, size_t from) {
  static_assert(kShortestHex >= 15);
  for (size_t at = from; at + 8 <= line.size(); at += 8) {
    if (!are_hex_digits(line.data() + at)) continue;
    size_t begin = at;
    size_t end = at + 8;
    while (begin > from && hex_value(line[begin - 1]) >= 0) --begin;
    while (end < line.size() && hex_value(line[end]) >= 0) ++end;
    if (end - begin >= kShortestHex) return line.substr(begin, end - begin);
  }
  return {};
}

// Runs of hexadecimal digits as the bytes that they say.
void append_hex_runs(std::string_view line, std::string& out) {
  for (auto run = next_hex_run(line, 0); !run.empty();) {
    for (size_t i = 0; i + 1 < run.size(); i += 2) {
      const int byte = hex_value(run[i]) * 16 + hex_value(run[i + 1]);
      out += byte == '\n' || byte == '\t' ? ' ' : static_cast<char>(byte);
    }
    out += '\n';
    run = next_hex_run(line, static_cast<size_t>(run.end() - line.begin()));
  }
}

bool is_quote(char c) { return c == '\'' || c == '"'; }

// SQL, composites and CSV double a quote inside of quotes. Two quotes with nothing in between are mostly an
// empty text, of which JSON is full.
bool is_doubled_quote(std::string_view line, size_t at) {
  constexpr std::string_view kBeforeText = " \t\n:,=([{";
  constexpr std::string_view kBehindText = " \t\n:,;)]}";
  if (at + 1 >= line.size() || !is_quote(line[at]) || line[at + 1] != line[at]) return false;
  const bool opens = at == 0 || kBeforeText.find(line[at - 1]) != std::string_view::npos;
  const bool closes = at + 2 == line.size() || kBehindText.find(line[at + 2]) != std::string_view::npos;
  return !opens || !closes;
}

// Whether a quote stands before its like within nine bytes, of which the first eight are looked at at once.
bool has_two_quotes(const char* nine) {
  constexpr uint64_t kLowBits = ~kHighBits;
  const uint64_t text = eight_at(nine);
  const uint64_t next = eight_at(nine + 1);
  // The high bit of each byte that is zero, and of no other.
  const auto zeros = [](uint64_t bytes) { return ~(((bytes & kLowBits) + kLowBits) | bytes | kLowBits); };
  return (zeros(text ^ next) & (zeros(text ^ '"' * kEachSign) | zeros(text ^ '\'' * kEachSign))) != 0;
}

bool has_doubled_quote(std::string_view line) {
  constexpr size_t kStep = 8;
  size_t at = 0;
  for (; at + kStep < line.size(); at += kStep) {
    if (!has_two_quotes(line.data() + at)) continue;
    for (size_t i = 0; i < kStep; ++i) {
      if (is_doubled_quote(line, at + i)) return true;
    }
  }
  for (; at + 1 < line.size(); ++at) {
    if (is_doubled_quote(line, at)) return true;
  }
  return false;
}

void append_with_single_quotes(std::string_view line, std::string& out) {
  for (size_t at = 0; at < line.size(); ++at) {
    out += line[at];
    if (is_quote(line[at]) && at + 1 < line.size() && line[at + 1] == line[at]) ++at;
  }
}

// &amp; &#39; &#x27; of XML and HTML.
struct Entity {
  uint32_t sign = 0;
  size_t length = 0;  // zero: there is none
};

std::optional<uint32_t> numbered_sign(std::string_view digits) {
  const bool hexadecimal = digits.starts_with('x') || digits.starts_with('X');
  const auto number = hexadecimal ? hex_number(digits.substr(1)) : parse_number<uint32_t>(digits);
  const bool is_sign = number && *number > 0 && *number < 0x110000 && (*number < 0xD800 || *number > 0xDFFF);
  return is_sign ? number : std::nullopt;
}

std::optional<uint32_t> named_sign(std::string_view name) {
  struct Named {
    std::string_view name;
    uint32_t sign;
  };
  constexpr auto kNamed = std::to_array<Named>({{"amp", '&'},
                                                {"quot", '"'},
                                                {"apos", '\''},
                                                {"lt", '<'},
                                                {"gt", '>'},
                                                {"nbsp", ' '},
                                                {"commat", '@'}});
  const auto* const found = std::ranges::find(kNamed, name, &Named::name);
  return found == kNamed.end() ? std::nullopt : std::optional(found->sign);
}

Entity entity_at(std::string_view line, size_t at) {
  constexpr size_t kLongest = 12;
  const auto text = line.substr(at, kLongest);
  const size_t end = text.find(';');
  if (!text.starts_with('&') || end == std::string_view::npos || end < 2) return {};
  const auto name = text.substr(1, end - 1);
  const auto sign = name.front() == '#' ? numbered_sign(name.substr(1)) : named_sign(name);
  return sign ? Entity{*sign, end + 1} : Entity{};
}

bool has_entity(std::string_view line) {
  for (size_t at = line.find('&'); at != std::string_view::npos; at = line.find('&', at + 1)) {
    if (entity_at(line, at).length > 0) return true;
  }
  return false;
}

void append_without_entities(std::string_view line, std::string& out) {
  for (size_t at = 0; at < line.size();) {
    const auto entity = entity_at(line, at);
    // Spacing of the value is not the end of a field.
    if (entity.length == 0)
      out += line[at];
    else
      append_utf8(entity.sign == '\n' || entity.sign == '\t' ? ' ' : entity.sign, out);
    at += std::max<size_t>(entity.length, 1);
  }
}

struct Signs {
  bool backslash = false;
  bool url = false;
  bool hex = false;
  bool quotes = false;
  bool entity = false;

  bool any() const { return backslash || url || hex || quotes || entity; }
};

Signs signs_of(std::string_view line) {
  Signs signs;
  signs.backslash = line.find('\\') != std::string_view::npos;
  for (size_t at = line.find('%'); at != std::string_view::npos && !signs.url; at = line.find('%', at + 1))
    signs.url = is_url_byte(line, at);
  for (size_t at = line.find('+'); at != std::string_view::npos && !signs.url; at = line.find('+', at + 1))
    signs.url = is_url_blank(line, at);
  signs.hex = !next_hex_run(line, 0).empty();
  signs.quotes = has_doubled_quote(line);
  signs.entity = has_entity(line);
  return signs;
}

void append_decoded(std::string_view line, std::string& out) {
  const auto signs = signs_of(line);
  const auto keep_if = [&out](bool changed, size_t begin) {
    if (changed) out += '\n';
    if (!changed) out.resize(begin);
  };
  if (signs.backslash) {
    append_without_escapes(line, out);
    out += '\n';
  }
  if (signs.url) {
    const size_t begin = out.size();
    keep_if(append_without_url_encoding(line, out), begin);
  }
  if (signs.quotes) {
    append_with_single_quotes(line, out);
    out += '\n';
  }
  if (signs.entity) {
    append_without_entities(line, out);
    out += '\n';
  }
  if (signs.hex) append_hex_runs(line, out);
}

}  // namespace

void NormalizedText::assign(std::string_view text, Separators separators) {
  constexpr size_t kPiece = 4 * KiB;
  // They only grow: what is behind the text is not looked at.
  if (text_.size() < text.size() + kPadding) text_.resize(text.size() + kPadding);
  size_ = 0;
  gap_count_ = 0;
  for (size_t at = 0; at < text.size();) {
    // Room for a gap at each byte of the piece, and for the one that is written in vain.
    if (gaps_.size() < gap_count_ + kPiece + 1) gaps_.resize(gap_count_ + kPiece + 1);
    at = append(text, at, std::min(text.size(), at + kPiece), separators);
  }
  std::memset(text_.data() + size_, 0, kPadding);
}

size_t NormalizedText::append(std::string_view text, size_t at, size_t end, Separators separators) {
  const FoldTable& table = separators == Separators::kTabAndBreak ? kFoldedBetweenSeparators : kFolded;
  const auto& letter_case = LetterCase::instance();
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  char* const begin = text_.data();
  char* out = begin + size_;
  uint32_t* gap = gaps_.data() + gap_count_;
  while (at < end) {
    if (at + kWord <= end && put_plain_word(bytes + at, out)) {
      out += kWord;
      at += kWord;
      continue;
    }
    for (const size_t stop = std::min(end, at + kWord); at < stop; ++at) {
      const unsigned char c = bytes[at];
      if (const auto character = c < kFirstLead ? Character() : character_at(bytes + at, text.size() - at);
          character.length > 0) {
        const auto folded = letter_case.folded(character.point);
        if (folded == kSpacing) *gap++ = static_cast<uint32_t>(out - begin);
        if (folded != kSpacing) out += put_character(folded, out);
        at += character.length - 1;
        continue;
      }
      // Without a branch: nothing could foresee where the next blank stands.
      const unsigned char folded = table[c];
      *out = static_cast<char>(folded);
      *gap = static_cast<uint32_t>(out - begin);
      out += folded != kSpacing;
      gap += folded == kSpacing;
    }
  }
  size_ = static_cast<size_t>(out - begin);
  gap_count_ = static_cast<size_t>(gap - gaps_.data());
  return at;
}

bool NormalizedText::gap_before(size_t position) const {
  if (position == 0 || position >= size_) return true;
  const auto gaps = std::span(gaps_).first(gap_count_);
  return std::binary_search(gaps.begin(), gaps.end(), static_cast<uint32_t>(position));
}

std::string_view DecodedText::decode(std::string_view text, NormalizedText::Separators separators) {
  decoded_.clear();
  if (separators == NormalizedText::Separators::kNone) {
    append_decoded(text, decoded_);
    return decoded_;
  }
  if (!signs_of(text).any()) return decoded_;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    append_decoded(text.substr(at, end - at), decoded_);
    at = end + 1;
  }
  return decoded_;
}

}  // namespace summit::masking
