// The rules that concern one table, label, type, key or file, compiled for its rows.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/sanitization.h"
#include "core/secret.h"
#include "masking/condition.h"
#include "masking/field.h"
#include "masking/transform.h"

namespace summit::masking {

using Rules = std::vector<const config::MaskRule*>;  // point into the configuration, which outlives them
using RuleSet = std::set<const config::MaskRule*>;

// A table and what it inherits from: a partition, a hypertable's chunk, or a child table has the rules of
// all.
struct TableName {
  std::string schema;
  std::string name;
};

// The rules of this level (kMinimal: only those of level minimal; kFull: all), in the order of the file.
Rules rules_of_level(const config::SanitizationRules& rules, config::Sanitization level);
// … those of them that concern a table, and so on.
Rules rules_of_table(const config::SanitizationRules& rules, config::Sanitization level,
                     const std::vector<TableName>& names);
Rules rules_of_node(const config::SanitizationRules& rules, config::Sanitization level,
                    const std::vector<std::string>& labels);
Rules rules_of_relationship(const config::SanitizationRules& rules, config::Sanitization level,
                            const std::string& type);
Rules rules_of_key(const config::SanitizationRules& rules, config::Sanitization level, std::string_view key);
Rules rules_of_file(const config::SanitizationRules& rules, config::Sanitization level, std::string_view path,
                    std::string_view tree = {});

// The fields that these rules write, and those that they read, each once, in the order of the rules.
std::vector<std::string> fields_of(const Rules& rules);

// Masks one row after the other. One thread at a time: make one for each.
class RowMask {
 public:
  struct Target {
    size_t column;         // in the columns that it was compiled for
    bool touched = false;  // of the last row: `value` takes its place
    bool null = false;     // … or NULL does
    std::string value;
  };

  // `columns` are the names of the table's columns. Where several rules name a column, the first counts.
  // kConfig when a rule names a column that is not there, or a template takes one that a rule replaces;
  // kKeyMissing for a key that is too short. `what` is the table, for messages.
  static Result<RowMask> compile(const Rules& rules, const std::vector<std::string>& columns,
                                 const Secret& key, std::string what);

  // The columns whose values apply() wants, ascending.
  const std::vector<size_t>& inputs() const { return inputs_; }
  // Ascending by column.
  const std::vector<Target>& targets() const { return targets_; }
  bool empty() const { return targets_.empty(); }

  // What the documented form alone would not have done, of one field of a `documented` rule.
  struct Gap {
    std::string field;
    int line = 0;               // in config/sanitization.yaml
    uint64_t values = 0;        // that were there
    uint64_t in_the_clear = 0;  // of them the condition did not hold for, so `otherwise` masked them
    uint64_t unfit = 0;         // of them the template would have cut, so that several become the same
  };
  // Of all rows since it was compiled; fields without a gap are left out.
  std::vector<Gap> gaps() const;

  // `row` has the values of inputs(), in that order. Fills targets(). kCorrupt when a value is not what its
  // rule takes (JSON, array, date); its text is in no message.
  enum class Counted { kYes, kNo };  // by gaps()
  Result<void> apply(Row row, Counted counted = Counted::kYes);

 private:
  struct CompiledField {
    std::string name;
    size_t input = 0;   // of the value
    size_t target = 0;  // in targets_
    int line = 0;
    std::unique_ptr<Transform> set;
    std::unique_ptr<Transform> otherwise;
    bool documented = false;  // only of these the numbers of the gap are kept
    Gap gap{};
  };
  struct CompiledRule {
    RowCondition where;
    std::vector<CompiledField> fields;
  };

  RowMask() = default;
  class Compiler;
  static Outcome apply(CompiledField& field, bool holds, Row row, Counted counted, std::string& out);
  Error refused(const CompiledField& field, Outcome outcome) const;

  std::string what_;
  std::vector<CompiledRule> rules_;
  std::vector<size_t> inputs_;
  std::vector<Target> targets_;
};

}  // namespace summit::masking
