#include "masking/json_text.h"

#include <optional>

#include "core/text.h"
#include "core/utf8.h"
#include "masking/path_progress.h"

namespace summit::masking {
namespace {

using config::JsonPath;

constexpr int kDeepest = 200;
constexpr std::string_view kHex = "0123456789abcdef";

// Walks over the text; every piece that was walked over can be taken as written.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  size_t at() const { return at_; }
  bool done() const { return at_ == text_.size(); }
  char next() const { return done() ? '\0' : text_[at_]; }
  std::string_view since(size_t from) const { return text_.substr(from, at_ - from); }
  void skip_blanks() {
    while (!done() && is_json_space(text_[at_])) ++at_;
  }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // A string, from its quote; `value` is what it stands for.
  bool read_string(std::string& value) {
    value.clear();
    if (!take('"')) return false;
    while (!done()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        value += c;
      } else if (!read_escape(value)) {
        return false;
      }
    }
    return false;
  }

  // A number, true, false or null.
  bool read_bare() {
    const size_t from = at_;
    while (!done() &&
           (is_digit(text_[at_]) || std::string_view("+-.eE").find(text_[at_]) != std::string_view::npos ||
            (text_[at_] >= 'a' && text_[at_] <= 'z')))
      ++at_;
    const auto word = since(from);
    if (word == "true" || word == "false" || word == "null") return true;
    const bool number = !word.empty() && (is_digit(word[0]) || (word[0] == '-' && word.size() > 1));
    return number && word.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  }

 private:
  bool read_escape(std::string& value) {
    constexpr std::string_view kSigns = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (done()) return false;
    const char sign = text_[at_++];
    if (sign != 'u') {
      const size_t found = kSigns.find(sign);
      if (found == std::string_view::npos) return false;
      value += kMeant[found];
      return true;
    }
    uint32_t code = 0;
    if (!read_unit(code)) return false;
    if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
      uint32_t low = 0;
      at_ += 2;
      if (!read_unit(low)) return false;
      if (low < 0xdc00 || low > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(code, value);
    return true;
  }
  bool read_unit(uint32_t& code) {
    for (int i = 0; i < 4; ++i) {
      const int digit = done() ? -1 : hex_value(text_[at_++]);
      if (digit < 0) return false;
      code = code << 4 | static_cast<uint32_t>(digit);
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

class Rewriter {
 public:
  Rewriter(std::string_view text, const std::vector<JsonPath>& paths, const JsonTransform& transform,
           std::string& out)
      : scanner_(text), paths_(paths), transform_(transform), out_(out) {}

  Outcome rewrite() {
    blanks();
    const Outcome outcome = value(PathProgress(paths_), {});
    if (outcome != Outcome::kValue) return outcome;
    blanks();
    return scanner_.done() ? Outcome::kValue : Outcome::kMalformed;
  }

 private:
  void blanks() {
    const size_t from = scanner_.at();
    scanner_.skip_blanks();
    out_ += scanner_.since(from);
  }
  bool sign(char c) {
    if (!scanner_.take(c)) return false;
    out_ += c;
    return true;
  }

  // `reached` is the path whose place the container around is; nothing: none.
  Outcome value(const PathProgress& progress, std::optional<size_t> reached) {
    if (!reached) reached = progress.reached();
    if (scanner_.next() == '{' || scanner_.next() == '[') {
      if (++depth_ > kDeepest) return Outcome::kMalformed;
      const Outcome outcome = scanner_.next() == '{' ? object(progress, reached) : array(progress, reached);
      --depth_;
      return outcome;
    }
    return scalar(reached);
  }

  Outcome scalar(std::optional<size_t> reached) {
    const size_t from = scanner_.at();
    const bool string = scanner_.next() == '"';
    if (!(string ? scanner_.read_string(text_) : scanner_.read_bare())) return Outcome::kMalformed;
    const auto written = scanner_.since(from);
    if (!reached) {
      out_ += written;
      return Outcome::kValue;
    }
    const Field field = string ? Field(text_) : written == "null" ? Field() : Field(written);
    made_.clear();
    const Outcome outcome = transform_(*reached, field, made_);
    if (outcome == Outcome::kKept)
      out_ += written;
    else if (outcome == Outcome::kNull)
      out_ += "null";
    else if (outcome == Outcome::kValue)
      append_json_string(made_, out_);
    else
      return outcome;
    return Outcome::kValue;
  }

  Outcome object(const PathProgress& progress, std::optional<size_t> reached) {
    sign('{');
    blanks();
    if (sign('}')) return Outcome::kValue;
    do {
      blanks();
      const size_t from = scanner_.at();
      std::string key;
      if (!scanner_.read_string(key)) return Outcome::kMalformed;
      out_ += scanner_.since(from);
      blanks();
      if (!sign(':')) return Outcome::kMalformed;
      blanks();
      const Outcome outcome = value(progress.below(&key, 0), reached);
      if (outcome != Outcome::kValue) return outcome;
      blanks();
    } while (sign(','));
    return sign('}') ? Outcome::kValue : Outcome::kMalformed;
  }

  Outcome array(const PathProgress& progress, std::optional<size_t> reached) {
    sign('[');
    blanks();
    if (sign(']')) return Outcome::kValue;
    size_t index = 0;
    do {
      blanks();
      const Outcome outcome = value(progress.below(nullptr, index++), reached);
      if (outcome != Outcome::kValue) return outcome;
      blanks();
    } while (sign(','));
    return sign(']') ? Outcome::kValue : Outcome::kMalformed;
  }

  Scanner scanner_;
  const std::vector<JsonPath>& paths_;
  const JsonTransform& transform_;
  std::string& out_;
  int depth_ = 0;
  std::string text_;
  std::string made_;
};

class Walker {
 public:
  Walker(std::string_view text, const JsonVisitor& visit) : scanner_(text), visit_(visit) {}

  bool walk() {
    scanner_.skip_blanks();
    if (!value({})) return false;
    scanner_.skip_blanks();
    return scanner_.done();
  }

 private:
  bool value(const std::string& key) {
    if (scanner_.next() == '{' || scanner_.next() == '[') {
      if (++depth_ > kDeepest) return false;
      const bool whole = children(key, scanner_.next() == '{');
      --depth_;
      return whole;
    }
    const size_t from = scanner_.at();
    if (scanner_.next() == '"') {
      std::string text;
      if (!scanner_.read_string(text)) return false;
      visit_(key, text);
      return true;
    }
    if (!scanner_.read_bare()) return false;
    visit_(key, scanner_.since(from));
    return true;
  }

  bool children(const std::string& around, bool object) {
    const char end = object ? '}' : ']';
    scanner_.take(object ? '{' : '[');
    scanner_.skip_blanks();
    if (scanner_.take(end)) return true;
    do {
      std::string key = around;
      scanner_.skip_blanks();
      if (object) {
        if (!scanner_.read_string(key)) return false;
        scanner_.skip_blanks();
        if (!scanner_.take(':')) return false;
        scanner_.skip_blanks();
      }
      if (!value(key)) return false;
      scanner_.skip_blanks();
    } while (scanner_.take(','));
    return scanner_.take(end);
  }

  Scanner scanner_;
  const JsonVisitor& visit_;
  int depth_ = 0;
};

}  // namespace

Outcome rewrite_json(std::string_view document, const std::vector<JsonPath>& paths,
                     const JsonTransform& transform, std::string& out) {
  const size_t start = out.size();
  const Outcome outcome = Rewriter(document, paths, transform, out).rewrite();
  if (outcome != Outcome::kValue) out.resize(start);
  return outcome;
}

bool visit_json(std::string_view document, const JsonVisitor& visit) {
  return Walker(document, visit).walk();
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace summit::masking
