// Conditions, evaluated on one row with the three truth values of SQL.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/sanitization.h"
#include "core/result.h"
#include "masking/field.h"

namespace summit::masking {

// Gives the place of a field in the row, or an error that names it.
using FieldPlace = std::function<Result<size_t>(const std::string& name)>;

// SQL's LIKE: % any characters, _ one (of UTF-8), \ makes the next literal. Time grows with the product of
// the lengths at worst.
bool is_like(std::string_view text, std::string_view pattern);

// * any characters, ? one: names of keys, files and entries. "**/" in front may also be nothing.
bool matches_wildcard(std::string_view text, std::string_view pattern);

// Whether a rule of keys or files means the value of this name; the empty one is that of the key or file
// itself, which no pattern means.
bool matches_field(std::string_view name, std::string_view pattern);

// Whether `rule`, of this store, means the field of this name: only keys and files have patterns.
bool names_field(config::MaskRule::Store store, const config::FieldRule& rule, std::string_view field);

class RowCondition {
 public:
  static Result<RowCondition> compile(const config::Condition& condition, const FieldPlace& place);

  // Only true counts as true, as in WHERE: unknown does not.
  bool holds(Row row) const { return evaluate(row) == Truth::kTrue; }

 private:
  enum class Truth { kFalse, kUnknown, kTrue };
  Truth evaluate(Row row) const;

  config::Condition::Kind kind_ = config::Condition::Kind::kAlways;
  size_t place_ = 0;
  std::string text_;
  std::vector<RowCondition> parts_;
};

}  // namespace summit::masking
