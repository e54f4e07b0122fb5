#include "masking/statements.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/text.h"
#include "masking/rules.h"

namespace summit::masking {
namespace {

using config::Condition;
using config::MaskRule;
using config::Operation;
using config::Sanitization;
using config::TemplatePiece;
using Store = MaskRule::Store;

// What one language writes.
class Language {
 public:
  virtual ~Language() = default;
  virtual std::string field(const std::string& name) const = 0;
  virtual std::string literal(std::string_view text) const = 0;
  virtual std::string template_field(const TemplatePiece& piece) const = 0;
  virtual std::string_view concatenation() const = 0;
  virtual std::optional<std::string> md5(const std::string& field, const std::string& suffix) const = 0;
  virtual std::string like(const std::string& field, const std::string& pattern, bool negative) const = 0;

  std::string condition(const Condition& condition) const;
  // Nothing when the language cannot say it.
  std::optional<std::string> value(const std::string& name, const Operation& operation) const;

 private:
  std::string joined(const Condition& condition, std::string_view word) const;
};

std::string Language::joined(const Condition& whole, std::string_view word) const {
  std::string text;
  for (const auto& part : whole.parts) {
    const bool nested = part.kind == Condition::Kind::kAny || part.kind == Condition::Kind::kAll;
    if (!text.empty()) text += fmt::format(" {} ", word);
    text += nested ? "(" + condition(part) + ")" : condition(part);
  }
  return text;
}

std::string Language::condition(const Condition& whole) const {
  switch (whole.kind) {
    case Condition::Kind::kAlways:
      return "true";
    case Condition::Kind::kAll:
      return joined(whole, "AND");
    case Condition::Kind::kAny:
      return joined(whole, "OR");
    case Condition::Kind::kIsNull:
      return field(whole.field) + " IS NULL";
    case Condition::Kind::kEquals:
      return field(whole.field) + " = " + literal(whole.text);
    case Condition::Kind::kLike:
      return like(field(whole.field), whole.text, false);
    case Condition::Kind::kNot:
      break;
  }
  const Condition& part = whole.parts.front();
  if (part.kind == Condition::Kind::kIsNull) return field(part.field) + " IS NOT NULL";
  if (part.kind == Condition::Kind::kEquals) return field(part.field) + " <> " + literal(part.text);
  if (part.kind == Condition::Kind::kLike) return like(field(part.field), part.text, true);
  return "NOT (" + condition(part) + ")";
}

std::optional<std::string> Language::value(const std::string& name, const Operation& operation) const {
  switch (operation.kind) {
    case Operation::Kind::kRemove:
      return "NULL";
    case Operation::Kind::kConstant:
      return literal(operation.text);
    case Operation::Kind::kMd5:
      return md5(field(name), operation.text);
    case Operation::Kind::kTemplate: {
      // A text in front makes a text of the whole, whatever the fields are.
      std::string text = operation.pieces.empty() || operation.pieces.front().is_field ? literal("") : "";
      for (const auto& piece : operation.pieces) {
        if (!text.empty()) text += fmt::format(" {} ", concatenation());
        text += piece.is_field ? template_field(piece) : literal(piece.text);
      }
      return text;
    }
    default:
      return std::nullopt;
  }
}

class Sql final : public Language {
 public:
  explicit Sql(const SqlQuoting& quoting) : quoting_(quoting) {}
  std::string field(const std::string& name) const override { return quoting_.identifier(name); }
  std::string literal(std::string_view text) const override { return quoting_.literal(text); }
  std::string_view concatenation() const override { return "||"; }
  std::string template_field(const TemplatePiece& piece) const override {
    if (piece.fit == TemplatePiece::Fit::kPadded)
      return fmt::format("LPAD({}::text, {}, '0')", field(piece.text), piece.width);
    if (piece.fit == TemplatePiece::Fit::kCut)
      return fmt::format("LEFT({}::text, {})", field(piece.text), piece.width);
    return field(piece.text);
  }
  std::optional<std::string> md5(const std::string& column, const std::string& suffix) const override {
    return fmt::format("MD5({} || {})", column, literal(suffix));
  }
  std::string like(const std::string& column, const std::string& pattern, bool negative) const override {
    return fmt::format("{} {}LIKE {}", column, negative ? "NOT " : "", literal(pattern));
  }

 private:
  const SqlQuoting& quoting_;
};

bool is_plain_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_';
  });
}

std::string cypher_name(std::string_view name) {
  if (is_plain_name(name)) return std::string(name);
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

// The texts of a LIKE pattern between its % signs; nothing when it has a _ that is no literal.
std::optional<std::vector<std::string>> texts_between(const std::string& pattern) {
  std::vector<std::string> texts(1);
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '_') return std::nullopt;
    if (pattern[i] == '%') {
      texts.emplace_back();
      continue;
    }
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    texts.back() += pattern[i];
  }
  return texts;
}

// Java's regular expression of a LIKE pattern.
std::string expression_of(const std::string& pattern) {
  std::string expression = "(?s)";
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool escaped = pattern[i] == '\\' && i + 1 < pattern.size();
    if (escaped) ++i;
    if (!escaped && (pattern[i] == '%' || pattern[i] == '_')) {
      expression += pattern[i] == '%' ? ".*" : ".";
    } else {
      if (std::string_view("\\^$.|?*+()[]{}").find(pattern[i]) != std::string_view::npos) expression += '\\';
      expression += pattern[i];
    }
  }
  return expression;
}

class Cypher final : public Language {
 public:
  explicit Cypher(std::string variable) : variable_(std::move(variable)) {}
  std::string field(const std::string& name) const override {
    return name == "id()" ? "id(" + variable_ + ")" : variable_ + "." + cypher_name(name);
  }
  std::string literal(std::string_view text) const override {
    std::string quoted = "'";
    for (const char c : text) {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return quoted + "'";
  }
  std::string_view concatenation() const override { return "+"; }
  std::string template_field(const TemplatePiece& piece) const override {
    auto name = field(piece.text);
    if (piece.fit == TemplatePiece::Fit::kCut)
      return fmt::format("substring(toString({}), 0, {})", name, piece.width);
    if (piece.fit == TemplatePiece::Fit::kPadded)
      return fmt::format("right('{}' + toString({}), {})", std::string(piece.width, '0'), name, piece.width);
    return name;
  }
  std::optional<std::string> md5(const std::string&, const std::string&) const override {
    return std::nullopt;
  }
  std::string like(const std::string& name, const std::string& pattern, bool negative) const override {
    const auto said = positive_like(name, pattern);
    return negative ? "NOT " + said : said;
  }

 private:
  std::string positive_like(const std::string& name, const std::string& pattern) const {
    const auto texts = texts_between(pattern);
    if (texts && texts->size() == 2 && texts->front().empty())
      return fmt::format("{} ENDS WITH {}", name, literal(texts->back()));
    if (texts && texts->size() == 2 && texts->back().empty())
      return fmt::format("{} STARTS WITH {}", name, literal(texts->front()));
    if (texts && texts->size() == 3 && texts->front().empty() && texts->back().empty())
      return fmt::format("{} CONTAINS {}", name, literal((*texts)[1]));
    return fmt::format("{} =~ {}", name, literal(expression_of(pattern)));
  }

  std::string variable_;
};

std::string_view said(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::kPseudonym:
      return config::name_of(operation.pseudonym);
    case Operation::Kind::kKeyedHash:
      return "keyed hash";
    case Operation::Kind::kShiftDays:
      return "shifted date";
    case Operation::Kind::kJson:
      return "values inside its document";
    case Operation::Kind::kElements:
      return "its elements";
    default:
      return "md5";
  }
}

// What one branch of a rule assigns, and what it would have to leave out.
struct Branch {
  std::vector<std::pair<std::string, std::string>> values;  // by field, both as the language writes them
  std::vector<std::string> unsaid;

  std::vector<std::string> assigned() const {
    std::vector<std::string> all;
    for (const auto& [field, value] : values) all.push_back(fmt::format("{} = {}", field, value));
    return all;
  }
};

// Whether the condition asks for a field that `otherwise` changes.
bool asks(const Condition& condition, const Branch& otherwise, const Language& language) {
  const auto changes = [&](const std::string& field) {
    return std::any_of(otherwise.values.begin(), otherwise.values.end(),
                       [&](const auto& value) { return value.first == language.field(field); });
  };
  return (!condition.field.empty() && changes(condition.field)) ||
         std::any_of(condition.parts.begin(), condition.parts.end(),
                     [&](const Condition& part) { return asks(part, otherwise, language); });
}

// Both branches at once, where the statement of one would change what the condition of the other asks for.
std::vector<std::string> assigned_by_case(const Branch& then, const Branch& otherwise,
                                          std::string_view condition) {
  std::map<std::string, std::pair<std::string, std::string>> both;
  for (const auto& [field, value] : then.values) both[field] = {value, field};
  for (const auto& [field, value] : otherwise.values)
    both.try_emplace(field, field, "").first->second.second = value;
  std::vector<std::string> all;
  for (const auto& [field, values] : both)
    all.push_back(
        fmt::format("{} = CASE WHEN {} THEN {} ELSE {} END", field, condition, values.first, values.second));
  return all;
}

Branch branch_of(const MaskRule& rule, const Language& language, bool otherwise) {
  Branch branch;
  for (const auto& field : rule.fields) {
    const Operation* operation = otherwise ? (field.otherwise ? &*field.otherwise : nullptr) : &field.set;
    if (operation == nullptr || operation->kind == Operation::Kind::kKeep) continue;
    const auto value = language.value(field.field, *operation);
    if (value)
      branch.values.emplace_back(language.field(field.field), *value);
    else
      branch.unsaid.push_back(fmt::format("{} ({})", field.field, said(*operation)));
  }
  return branch;
}

// With what a statement would not do, so that nobody takes it for the whole.
std::string comments(const MaskRule& rule, const Language& language, std::string_view sign) {
  std::string text = fmt::format("{} {}{}\n", sign, config::describe(rule),
                                 rule.level == Sanitization::kMinimal ? ", at both levels" : "");
  const auto add = [&](std::string_view when, const std::vector<std::string>& fields) {
    if (fields.empty()) return;
    text += fmt::format("{} {}, under the environment's key, by summit-dr only: {}\n", sign, when,
                        fmt::join(fields, ", "));
  };
  const bool conditional = rule.where.kind != Condition::Kind::kAlways;
  add(conditional ? "where the condition holds" : "in every row", branch_of(rule, language, false).unsaid);
  add("elsewhere, and where a value does not fit", branch_of(rule, language, true).unsaid);
  return text;
}

std::string update(const std::string& table, const std::vector<std::string>& assigned,
                   const std::string& where) {
  if (assigned.empty()) return {};
  return fmt::format("UPDATE {} SET\n    {}{};\n", table, fmt::join(assigned, ",\n    "),
                     where.empty() ? "" : "\nWHERE " + where);
}

std::string sql_of(const MaskRule& rule, const SqlQuoting& quoting) {
  const Sql sql(quoting);
  const auto table =
      (rule.schema.empty() ? "" : quoting.identifier(rule.schema) + ".") + quoting.identifier(rule.name);
  std::string text = comments(rule, sql, "--");
  if (rule.where.kind == Condition::Kind::kAlways)
    return text + update(table, branch_of(rule, sql, false).assigned(), "");
  const auto where = sql.condition(rule.where);
  const auto then = branch_of(rule, sql, false);
  const auto otherwise = branch_of(rule, sql, true);
  if (!then.values.empty() && asks(rule.where, otherwise, sql))
    return text + update(table, assigned_by_case(then, otherwise, where), "");
  text += update(table, otherwise.assigned(), fmt::format("({}) IS NOT TRUE", where));
  return text + update(table, then.assigned(), where);
}

std::string match_of(const MaskRule& rule) {
  const auto kind = rule.name == "*" ? std::string() : ":" + cypher_name(rule.name);
  return rule.store == Store::kNodes ? fmt::format("MATCH (n{})", kind)
                                     : fmt::format("MATCH ()-[n{}]->()", kind);
}

std::string cypher_set(const MaskRule& rule, const std::vector<std::string>& assigned,
                       const std::string& where) {
  if (assigned.empty()) return {};
  return fmt::format("{}{}\nSET {};\n", match_of(rule), where.empty() ? "" : "\nWHERE " + where,
                     fmt::join(assigned, ",\n    "));
}

std::string conditional_cypher(const MaskRule& rule, const Cypher& cypher) {
  const auto where = cypher.condition(rule.where);
  const auto then = branch_of(rule, cypher, false);
  const auto otherwise = branch_of(rule, cypher, true);
  // The condition is asked before anything is set: SET sees what the items before it have set.
  if (!then.values.empty() && asks(rule.where, otherwise, cypher)) {
    return fmt::format("{}\nWITH n, coalesce({}, false) AS holds\nSET {};\n", match_of(rule), where,
                       fmt::join(assigned_by_case(then, otherwise, "holds"), ",\n    "));
  }
  return cypher_set(rule, otherwise.assigned(), fmt::format("NOT coalesce({}, false)", where)) +
         cypher_set(rule, then.assigned(), where);
}

std::string cypher_of(const MaskRule& rule) {
  const Cypher cypher("n");
  std::string text = comments(rule, cypher, "//");
  if (rule.where.kind == Condition::Kind::kAlways) {
    text += cypher_set(rule, branch_of(rule, cypher, false).assigned(), "");
  } else {
    text += conditional_cypher(rule, cypher);
  }
  if (!rule.replace_label.empty())
    text += fmt::format("{}\nREMOVE n:{}\nSET n:{};\n", match_of(rule), cypher_name(rule.name),
                        cypher_name(rule.replace_label));
  return text;
}

bool applies(const MaskRule& rule, Sanitization level) {
  return level == Sanitization::kFull ||
         (level == Sanitization::kMinimal && rule.level == Sanitization::kMinimal);
}

}  // namespace

std::string sql_statements(const config::SanitizationRules& rules, Sanitization level,
                           const SqlQuoting& quoting) {
  std::string text;
  for (const auto& rule : rules.rules) {
    if (rule.store != Store::kPostgresql || !applies(rule, level)) continue;
    text += (text.empty() ? "" : "\n") + sql_of(rule, quoting);
  }
  return text;
}

std::string cypher_statements(const config::SanitizationRules& rules, Sanitization level) {
  std::string text;
  for (const auto& rule : rules.rules) {
    const bool graph = rule.store == Store::kNodes || rule.store == Store::kRelationships;
    if (!graph || !applies(rule, level)) continue;
    text += (text.empty() ? "" : "\n") + cypher_of(rule);
  }
  return text;
}

}  // namespace summit::masking
