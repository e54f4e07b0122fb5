#include <algorithm>

#include "config/sanitization.h"
#include "core/text.h"

namespace summit::config {
namespace {

constexpr std::string_view kForm = "write for example: email IS NOT NULL AND email NOT LIKE '%@example.com'";

struct Token {
  enum class Kind { kEnd, kWord, kName, kText, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;
};

bool is_word_character(char c) {
  const char lower = to_lower(c);
  return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '_' || c == '.' || (c & 0x80) != 0;
}

// The quoted text from `at`, whose quote is doubled where it is meant; `at` comes to stand behind it.
Result<std::string> read_quoted(std::string_view text, size_t& at) {
  const char quote = text[at++];
  std::string value;
  for (; at < text.size(); ++at) {
    if (text[at] != quote) {
      value += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == quote) {
      value += text[at++];
    } else {
      ++at;
      return value;
    }
  }
  return Error(Code::kConfig, "a quote of the condition is not closed").hint(std::string(kForm));
}

Result<std::vector<Token>> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
    } else if (c == '\'' || c == '"') {
      ASSIGN_OR_RETURN(auto value, read_quoted(text, at));
      tokens.push_back({c == '"' ? Token::Kind::kName : Token::Kind::kText, std::move(value)});
    } else if (text.substr(at, 2) == "<>" || text.substr(at, 2) == "!=") {
      tokens.push_back({Token::Kind::kSymbol, "<>"});
      at += 2;
    } else if (c == '=' || c == '(' || c == ')') {
      tokens.push_back({Token::Kind::kSymbol, std::string(1, c)});
      ++at;
    } else if (is_word_character(c)) {
      const size_t from = at;
      while (at < text.size() && is_word_character(text[at])) ++at;
      tokens.push_back({Token::Kind::kWord, std::string(text.substr(from, at - from))});
    } else {
      return Error(Code::kConfig, "`{}` has no meaning in a condition", c).hint(std::string(kForm));
    }
  }
  tokens.emplace_back();
  return tokens;
}

Condition negated(Condition part) {
  Condition condition;
  condition.kind = Condition::Kind::kNot;
  condition.parts.push_back(std::move(part));
  return condition;
}

// OR below AND below NOT, as in SQL.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Condition> parse() {
    ASSIGN_OR_RETURN(auto condition, any());
    if (next().kind != Token::Kind::kEnd) return unexpected();
    return condition;
  }

 private:
  static constexpr size_t kDeepest = 50;

  const Token& next() const { return tokens_[at_]; }
  bool take_word(std::string_view word) {
    if (next().kind != Token::Kind::kWord || !equals_ignoring_case(next().text, word)) return false;
    ++at_;
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (next().kind != Token::Kind::kSymbol || next().text != symbol) return false;
    ++at_;
    return true;
  }
  Error unexpected() const {
    if (next().kind == Token::Kind::kEnd)
      return Error(Code::kConfig, "the condition ends too early").hint(std::string(kForm));
    return Error(Code::kConfig, "`{}` is not expected there in the condition", next().text)
        .hint(std::string(kForm));
  }

  Result<Condition> any() {
    return joined("OR", Condition::Kind::kAny, [this] { return all(); });
  }
  Result<Condition> all() {
    return joined("AND", Condition::Kind::kAll, [this] { return negation(); });
  }

  template <typename Part>
  Result<Condition> joined(std::string_view word, Condition::Kind kind, Part part) {
    ASSIGN_OR_RETURN(auto first, part());
    Condition condition;
    condition.kind = kind;
    condition.parts.push_back(std::move(first));
    while (take_word(word)) {
      ASSIGN_OR_RETURN(auto more, part());
      condition.parts.push_back(std::move(more));
    }
    if (condition.parts.size() > 1) return condition;
    auto only = std::move(condition.parts.front());
    return only;
  }

  Result<Condition> negation() {
    if (++depth_ > kDeepest)
      return Error(Code::kConfig, "the condition is nested too deeply").hint("write it with fewer NOT and (");
    auto condition = take_word("NOT") ? negation_of(negation()) : primary();
    --depth_;
    return condition;
  }
  static Result<Condition> negation_of(Result<Condition> part) {
    ASSIGN_OR_RETURN(auto condition, std::move(part));
    return negated(std::move(condition));
  }

  Result<Condition> primary() {
    if (take_symbol("(")) {
      ASSIGN_OR_RETURN(auto condition, any());
      if (!take_symbol(")")) return unexpected();
      return condition;
    }
    if (next().kind != Token::Kind::kWord && next().kind != Token::Kind::kName) return unexpected();
    const std::string field = tokens_[at_++].text;
    return comparison(field);
  }

  Result<Condition> comparison(const std::string& field) {
    Condition condition;
    condition.field = field;
    if (take_word("IS")) {
      const bool negative = take_word("NOT");
      if (!take_word("NULL")) return unexpected();
      condition.kind = Condition::Kind::kIsNull;
      return negative ? negated(std::move(condition)) : condition;
    }
    bool negative = take_word("NOT");
    if (take_word("LIKE")) {
      condition.kind = Condition::Kind::kLike;
    } else {
      if (negative) return unexpected();
      negative = take_symbol("<>");
      if (!negative && !take_symbol("=")) return unexpected();
      condition.kind = Condition::Kind::kEquals;
    }
    // A bare number is a value, a bare word is a column: those are not compared with each other.
    const bool number =
        next().kind == Token::Kind::kWord &&
        std::all_of(next().text.begin(), next().text.end(), [](char c) { return is_digit(c) || c == '.'; });
    if (next().kind != Token::Kind::kText && !number) return unexpected();
    condition.text = tokens_[at_++].text;
    return negative ? negated(std::move(condition)) : condition;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace

Result<Condition> parse_condition(std::string_view text) {
  ASSIGN_OR_RETURN(auto tokens, tokens_of(text));
  return Parser(std::move(tokens)).parse();
}

}  // namespace summit::config
