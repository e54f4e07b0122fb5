#include "masking/array_literal.h"

#include <algorithm>

#include "core/text.h"

namespace summit::masking {
namespace {

bool is_array_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

bool is_special(char c) {
  return c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || is_array_space(c);
}

class ArrayRewriter {
 public:
  ArrayRewriter(std::string_view array, const ElementTransform& element, std::string& out)
      : text_(array), element_(element), out_(out) {}

  Outcome rewrite() {
    if (text_.starts_with('[')) {
      const size_t equals = text_.find('=');
      if (equals == std::string_view::npos ||
          text_.substr(0, equals).find_first_not_of("[]:+-0123456789") != std::string_view::npos)
        return Outcome::kMalformed;
      out_ += text_.substr(0, equals + 1);
      at_ = equals + 1;
    }
    const Outcome outcome = braces();
    return outcome == Outcome::kValue && at_ != text_.size() ? Outcome::kMalformed : outcome;
  }

 private:
  // PostgreSQL knows six dimensions.
  static constexpr int kDeepest = 8;

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_array_space(text_[at_])) ++at_;
  }

  Outcome braces() {
    if (++depth_ > kDeepest || !take('{')) return Outcome::kMalformed;
    out_ += '{';
    skip_blanks();
    if (!take('}')) {
      do {
        if (out_.back() != '{') out_ += ',';
        skip_blanks();
        const Outcome outcome = at_ < text_.size() && text_[at_] == '{' ? braces() : element();
        if (outcome != Outcome::kValue) return outcome;
        skip_blanks();
      } while (take(','));
      if (!take('}')) return Outcome::kMalformed;
    }
    out_ += '}';
    --depth_;
    return Outcome::kValue;
  }

  Outcome element() {
    value_.clear();
    const bool quoted = take('"');
    const bool whole = quoted ? read_quoted() : read_bare();
    if (!whole) return Outcome::kMalformed;
    const bool null = !quoted && equals_ignoring_case(value_, "NULL");
    made_.clear();
    const Outcome outcome = element_(null ? Field() : Field(value_), made_);
    if (outcome == Outcome::kNull || (outcome == Outcome::kKept && null)) {
      out_ += "NULL";
      return Outcome::kValue;
    }
    if (outcome != Outcome::kKept && outcome != Outcome::kValue) return outcome;
    write(outcome == Outcome::kKept ? value_ : made_);
    return Outcome::kValue;
  }

  // False when nothing follows it.
  bool step_over_backslash() {
    if (text_[at_] == '\\') ++at_;
    return at_ < text_.size();
  }

  bool read_quoted() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return true;
      }
      if (!step_over_backslash()) return false;
      value_ += text_[at_];
    }
    return false;
  }

  bool read_bare() {
    for (; at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}'; ++at_) {
      if (text_[at_] == '{' || text_[at_] == '"') return false;
      if (!step_over_backslash()) return false;
      value_ += text_[at_];
    }
    while (!value_.empty() && is_array_space(value_.back())) value_.pop_back();
    return !value_.empty();
  }

  // As PostgreSQL writes it, so that what it gives back is the same text.
  static bool needs_quotes(std::string_view value) {
    return value.empty() || equals_ignoring_case(value, "NULL") ||
           std::any_of(value.begin(), value.end(), is_special);
  }

  void write(std::string_view value) {
    if (!needs_quotes(value)) {
      out_ += value;
      return;
    }
    out_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
  }

  std::string_view text_;
  const ElementTransform& element_;
  std::string& out_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string value_;
  std::string made_;
};

}  // namespace

Outcome rewrite_array(std::string_view array, const ElementTransform& element, std::string& out) {
  const size_t start = out.size();
  const Outcome outcome = ArrayRewriter(array, element, out).rewrite();
  if (outcome != Outcome::kValue) out.resize(start);
  return outcome;
}

}  // namespace summit::masking
