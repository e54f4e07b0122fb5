#include "masking/condition.h"

#include <algorithm>

namespace summit::masking {
namespace {

using ConditionKind = config::Condition::Kind;

size_t character_size(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
  return size;
}

// Both kinds of patterns: `any` stands for any characters, `one` for one, `escape` (0: none) before a
// literal.
struct Signs {
  char any;
  char one;
  char escape;
};

// Only the last `any` is ever taken back: an earlier one that took more would help nothing.
bool matches(std::string_view text, std::string_view pattern, Signs signs) {
  size_t at = 0;
  size_t in_pattern = 0;
  size_t retry_pattern = std::string_view::npos;
  size_t retry_at = 0;
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == signs.any) {
      retry_pattern = ++in_pattern;
      retry_at = at;
      continue;
    }
    if (in_pattern < pattern.size() && pattern[in_pattern] == signs.one) {
      at += character_size(text.substr(at));
      ++in_pattern;
      continue;
    }
    const bool escaped =
        signs.escape != 0 && in_pattern + 1 < pattern.size() && pattern[in_pattern] == signs.escape;
    const size_t literal = in_pattern + (escaped ? 1 : 0);
    if (literal < pattern.size() && pattern[literal] == text[at]) {
      ++at;
      in_pattern = literal + 1;
    } else if (retry_pattern != std::string_view::npos) {
      in_pattern = retry_pattern;
      at = ++retry_at;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == signs.any) ++in_pattern;
  return in_pattern == pattern.size();
}

}  // namespace

bool is_like(std::string_view text, std::string_view pattern) {
  return matches(text, pattern, {.any = '%', .one = '_', .escape = '\\'});
}

bool matches_wildcard(std::string_view text, std::string_view pattern) {
  constexpr Signs kSigns{.any = '*', .one = '?', .escape = 0};
  if (matches(text, pattern, kSigns)) return true;
  return pattern.starts_with("**/") && matches(text, pattern.substr(3), kSigns);
}

bool matches_field(std::string_view name, std::string_view pattern) {
  return name == pattern || (!name.empty() && !pattern.empty() && matches_wildcard(name, pattern));
}

bool names_field(config::MaskRule::Store store, const config::FieldRule& rule, std::string_view field) {
  using Store = config::MaskRule::Store;
  const bool patterns = store == Store::kRedis || store == Store::kFiles;
  return patterns ? matches_field(field, rule.field) : field == rule.field;
}

Result<RowCondition> RowCondition::compile(const config::Condition& condition, const FieldPlace& place) {
  RowCondition compiled;
  compiled.kind_ = condition.kind;
  compiled.text_ = condition.text;
  if (!condition.field.empty()) {
    ASSIGN_OR_RETURN(compiled.place_, place(condition.field));
  }
  for (const auto& part : condition.parts) {
    ASSIGN_OR_RETURN(auto one, compile(part, place));
    compiled.parts_.push_back(std::move(one));
  }
  return compiled;
}

RowCondition::Truth RowCondition::evaluate(Row row) const {
  const auto known = [](bool value) { return value ? Truth::kTrue : Truth::kFalse; };
  switch (kind_) {
    case ConditionKind::kAlways:
      return Truth::kTrue;
    case ConditionKind::kAll: {
      Truth all = Truth::kTrue;
      for (const auto& part : parts_) all = std::min(all, part.evaluate(row));
      return all;
    }
    case ConditionKind::kAny: {
      Truth any = Truth::kFalse;
      for (const auto& part : parts_) any = std::max(any, part.evaluate(row));
      return any;
    }
    case ConditionKind::kNot: {
      const Truth part = parts_.front().evaluate(row);
      return part == Truth::kUnknown ? part : known(part == Truth::kFalse);
    }
    case ConditionKind::kIsNull:
      return known(!row[place_]);
    case ConditionKind::kEquals:
      return row[place_] ? known(*row[place_] == text_) : Truth::kUnknown;
    case ConditionKind::kLike:
      return row[place_] ? known(is_like(*row[place_], text_)) : Truth::kUnknown;
  }
  return Truth::kUnknown;
}

}  // namespace summit::masking
