#include "masking/leak/normalized_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "core/text.h"
#include "core/utf8.h"

namespace summit::masking {
namespace {

constexpr unsigned char kSpacing = 0;  // no byte of a normalised text: NUL is spacing too

constexpr std::array<unsigned char, 256> kFolded = [] {
  std::array<unsigned char, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const char c : {' ', '\t', '\n', '\r', '\v', '\f'}) table[static_cast<unsigned char>(c)] = kSpacing;
  return table;
}();

// The lower case of a letter of two bytes.
void fold_pair(unsigned char& lead, unsigned char& next) {
  const auto moved = [&](unsigned char to_lead, int distance) {
    lead = to_lead;
    next = static_cast<unsigned char>(next + distance);
  };
  if (lead == 0xC3 && next >= 0x80 && next <= 0x9E && next != 0x97) return moved(0xC3, 0x20);  // À … Þ
  if (lead == 0xCE && next >= 0x91 && next <= 0x9F) return moved(0xCE, 0x20);                  // Α … Ο
  if (lead == 0xCE && next >= 0xA0 && next <= 0xA9) return moved(0xCF, -0x20);                 // Π … Ω
  if (lead == 0xD0 && next >= 0x80 && next <= 0x8F) return moved(0xD1, 0x10);                  // Ѐ … Џ
  if (lead == 0xD0 && next >= 0x90 && next <= 0x9F) return moved(0xD0, 0x20);                  // А … П
  if (lead == 0xD0 && next >= 0xA0 && next <= 0xAF) return moved(0xD1, -0x20);                 // Р … Я
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

// Runs of hexadecimal digits as the bytes that they say.
bool append_hex_runs(std::string_view line, std::string& out) {
  bool found = false;
  for (size_t at = 0; at < line.size();) {
    size_t end = at;
    while (end < line.size() && hex_value(line[end]) >= 0) ++end;
    if (end - at >= kShortestHex) {
      for (size_t i = at; i + 1 < end; i += 2) {
        const int byte = hex_value(line[i]) * 16 + hex_value(line[i + 1]);
        out += byte == '\n' || byte == '\t' ? ' ' : static_cast<char>(byte);
      }
      out += '\n';
      found = true;
    }
    at = end + 1;
  }
  return found;
}

struct Signs {
  bool backslash = false;
  bool url = false;
  bool hex = false;
};

// A run of hexadecimal digits holds one at every multiple of its shortest length, so most bytes are skipped.
bool has_hex_run(std::string_view line) {
  for (size_t at = kShortestHex - 1; at < line.size();) {
    size_t begin = at + 1;
    while (begin > at + 1 - kShortestHex && hex_value(line[begin - 1]) >= 0) --begin;
    if (begin == at + 1 - kShortestHex) return true;
    at = begin - 1 + kShortestHex;
  }
  return false;
}

Signs signs_of(std::string_view line) {
  Signs signs;
  signs.backslash = line.find('\\') != std::string_view::npos;
  for (size_t at = line.find('%'); at != std::string_view::npos && !signs.url; at = line.find('%', at + 1))
    signs.url = is_url_byte(line, at);
  for (size_t at = line.find('+'); at != std::string_view::npos && !signs.url; at = line.find('+', at + 1))
    signs.url = is_url_blank(line, at);
  signs.hex = has_hex_run(line);
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
  if (signs.hex) append_hex_runs(line, out);
}

}  // namespace

void NormalizedText::assign(std::string_view text, Separators separators) {
  auto table = kFolded;
  if (separators == Separators::kTabAndBreak) {
    table['\t'] = '\t';
    table['\n'] = '\n';
  }
  text_.resize(text.size() + kPadding);
  gaps_.clear();
  char* out = text_.data();
  for (size_t at = 0; at < text.size(); ++at) {
    auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0xC2 && c <= 0xD1 && at + 1 < text.size()) {
      auto next = static_cast<unsigned char>(text[at + 1]);
      ++at;
      if (c == 0xC2 && next == 0xA0) {  // no-break space
        gaps_.push_back(static_cast<uint32_t>(out - text_.data()));
        continue;
      }
      fold_pair(c, next);
      *out++ = static_cast<char>(c);
      *out++ = static_cast<char>(next);
      continue;
    }
    const unsigned char folded = table[c];
    if (folded == kSpacing) gaps_.push_back(static_cast<uint32_t>(out - text_.data()));
    *out = static_cast<char>(folded);
    out += folded != kSpacing;
  }
  size_ = static_cast<size_t>(out - text_.data());
  std::memset(out, 0, kPadding);
}

bool NormalizedText::gap_before(size_t position) const {
  if (position == 0 || position >= size_) return true;
  return std::binary_search(gaps_.begin(), gaps_.end(), static_cast<uint32_t>(position));
}

std::string_view DecodedText::decode(std::string_view text, NormalizedText::Separators separators) {
  decoded_.clear();
  if (separators == NormalizedText::Separators::kNone) {
    append_decoded(text, decoded_);
    return decoded_;
  }
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    append_decoded(text.substr(at, end - at), decoded_);
    at = end + 1;
  }
  return decoded_;
}

}  // namespace summit::masking
