#include "masking/rules.h"

#include <algorithm>
#include <map>
#include <set>

#include "config/suggestion.h"
#include "masking/template_sources.h"

namespace summit::masking {
namespace {

using config::MaskRule;
using config::Operation;
using config::Sanitization;
using Store = MaskRule::Store;

template <typename Fits>
Rules rules_that(const config::SanitizationRules& rules, Sanitization level, Fits fits) {
  Rules found;
  for (const auto& rule : rules.rules) {
    const bool applies = level == Sanitization::kFull ||
                         (level == Sanitization::kMinimal && rule.level == Sanitization::kMinimal);
    if (applies && fits(rule)) found.push_back(&rule);
  }
  return found;
}

template <typename Fits>
Rules rules_that(const config::SanitizationRules& rules, Sanitization level, Store store, Fits fits) {
  return rules_that(rules, level, [&](const MaskRule& rule) { return rule.store == store && fits(rule); });
}

void add_once(const std::string& name, std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void add_fields(const config::Condition& condition, std::vector<std::string>& names) {
  if (!condition.field.empty()) add_once(condition.field, names);
  for (const auto& part : condition.parts) add_fields(part, names);
}

void add_fields(const Operation& operation, std::vector<std::string>& names) {
  for (const auto& piece : operation.pieces) {
    if (piece.is_field) add_once(piece.text, names);
  }
  if (!operation.subject.empty()) add_once(operation.subject, names);
  for (const auto& part : operation.parts) add_fields(part, names);
}

}  // namespace

Rules rules_of_level(const config::SanitizationRules& rules, Sanitization level) {
  return rules_that(rules, level, [](const MaskRule&) { return true; });
}

Rules rules_of_table(const config::SanitizationRules& rules, Sanitization level,
                     const std::vector<TableName>& names) {
  return rules_that(rules, level, Store::kPostgresql, [&](const MaskRule& rule) {
    return std::any_of(names.begin(), names.end(), [&](const TableName& name) {
      return name.name == rule.name && (rule.schema.empty() || name.schema == rule.schema);
    });
  });
}

Rules rules_of_node(const config::SanitizationRules& rules, Sanitization level,
                    const std::vector<std::string>& labels) {
  return rules_that(rules, level, Store::kNodes, [&](const MaskRule& rule) {
    return rule.name == "*" || std::find(labels.begin(), labels.end(), rule.name) != labels.end();
  });
}

Rules rules_of_relationship(const config::SanitizationRules& rules, Sanitization level,
                            const std::string& type) {
  return rules_that(rules, level, Store::kRelationships,
                    [&](const MaskRule& rule) { return rule.name == "*" || rule.name == type; });
}

Rules rules_of_key(const config::SanitizationRules& rules, Sanitization level, std::string_view key) {
  return rules_that(rules, level, Store::kRedis,
                    [&](const MaskRule& rule) { return matches_wildcard(key, rule.name); });
}

Rules rules_of_file(const config::SanitizationRules& rules, Sanitization level, std::string_view path,
                    std::string_view tree) {
  return rules_that(rules, level, Store::kFiles, [&](const MaskRule& rule) {
    return (rule.schema.empty() || rule.schema == tree) && matches_wildcard(path, rule.name);
  });
}

std::vector<std::string> fields_of(const Rules& rules) {
  std::vector<std::string> names;
  for (const auto* rule : rules) {
    add_fields(rule->where, names);
    for (const auto& field : rule->fields) {
      add_once(field.field, names);
      add_fields(field.set, names);
      if (field.otherwise) add_fields(*field.otherwise, names);
    }
  }
  return names;
}

// Collects which columns are read before any place in the row is given out.
class RowMask::Compiler {
 public:
  Compiler(const Rules& rules, const std::vector<std::string>& columns, const Secret& key, std::string what)
      : rules_(rules), key_(key) {
    for (size_t i = 0; i < columns.size(); ++i) columns_.emplace(columns[i], i);
    mask_.what_ = std::move(what);
  }

  Result<RowMask> compile() {
    RETURN_IF_ERROR(collect());
    RETURN_IF_ERROR(check_template_sources(rules_));
    for (const auto* rule : rules_) RETURN_IF_ERROR(add(*rule));
    return std::move(mask_);
  }

 private:
  Result<void> collect() {
    std::set<size_t> inputs;
    std::set<size_t> targets;
    for (const auto& name : fields_of(rules_)) {
      const auto found = columns_.find(name);
      if (found == columns_.end()) return missing(name);
      inputs.insert(found->second);
    }
    for (const auto* rule : rules_) {
      for (const auto& field : rule->fields) targets.insert(columns_.at(field.field));
    }
    mask_.inputs_.assign(inputs.begin(), inputs.end());
    for (const size_t column : targets) mask_.targets_.push_back({.column = column, .value = {}});
    return {};
  }

  Error missing(const std::string& name) const {
    int line = 0;
    for (const auto* rule : rules_) {
      const auto fields = fields_of({rule});
      if (line == 0 && std::find(fields.begin(), fields.end(), name) != fields.end()) line = rule->line;
    }
    return Error(Code::kConfig, "the masking rule in line {} names `{}`, which {} does not have", line, name,
                 mask_.what_)
        .hint(fmt::format("correct the name in config/sanitization.yaml, or give the rule a `schema`{}",
                          near_column(name)));
  }

  // "; did you mean `email`?", of the columns that have no rule.
  std::string near_column(const std::string& name) const {
    std::vector<std::string> others;
    for (const auto& [column, place] : columns_) {
      const bool ruled = std::ranges::any_of(rules_, [&column](const MaskRule* rule) {
        return std::ranges::find(rule->fields, column, &config::FieldRule::field) != rule->fields.end();
      });
      if (!ruled) others.push_back(column);
    }
    const auto near = config::nearest(name, others);
    return near.empty() ? "" : fmt::format("; did you mean `{}`?", near);
  }

  size_t input_of(size_t column) const {
    const auto& inputs = mask_.inputs_;
    return static_cast<size_t>(std::lower_bound(inputs.begin(), inputs.end(), column) - inputs.begin());
  }

  Result<void> add(const MaskRule& rule) {
    // Every name was found by collect().
    const FieldPlace place = [this](const std::string& name) -> Result<size_t> {
      return input_of(columns_.at(name));
    };
    CompiledRule compiled;
    ASSIGN_OR_RETURN(compiled.where, RowCondition::compile(rule.where, place));
    for (const auto& field : rule.fields) {
      const size_t column = columns_.at(field.field);
      if (!taken_.insert(column).second) continue;
      CompiledField one;
      one.name = field.field;
      one.input = input_of(column);
      one.line = field.line;
      one.documented = rule.documented;
      one.target = target_of(column);
      ASSIGN_OR_RETURN(one.set, Transform::compile(field.set, key_, place));
      if (field.otherwise) {
        ASSIGN_OR_RETURN(one.otherwise, Transform::compile(*field.otherwise, key_, place));
      }
      compiled.fields.push_back(std::move(one));
    }
    mask_.rules_.push_back(std::move(compiled));
    return {};
  }

  size_t target_of(size_t column) const {
    size_t at = 0;
    while (mask_.targets_[at].column != column) ++at;
    return at;
  }

  const Rules& rules_;
  const Secret& key_;
  std::map<std::string, size_t> columns_;
  std::set<size_t> taken_;
  RowMask mask_;
};

Result<RowMask> RowMask::compile(const Rules& rules, const std::vector<std::string>& columns,
                                 const Secret& key, std::string what) {
  return Compiler(rules, columns, key, std::move(what)).compile();
}

Outcome RowMask::apply(CompiledField& field, bool holds, Row row, Counted counted, std::string& out) {
  const Field value = row[field.input];
  const bool counts = field.documented && counted == Counted::kYes;
  if (counts && value) ++field.gap.values;
  if (holds) {
    const Outcome outcome = field.set->apply(value, row, out);
    if (outcome != Outcome::kMisfit) return outcome;
  }
  // What no condition promised a value is not given one.
  if (!value) return Outcome::kKept;
  if (!field.otherwise) return Outcome::kMisfit;
  const Outcome outcome = field.otherwise->apply(value, row, out);
  if (counts && outcome != Outcome::kKept) ++(holds ? field.gap.unfit : field.gap.in_the_clear);
  return outcome;
}

std::vector<RowMask::Gap> RowMask::gaps() const {
  std::vector<Gap> found;
  for (const auto& rule : rules_) {
    for (const auto& field : rule.fields) {
      if (field.gap.in_the_clear == 0 && field.gap.unfit == 0) continue;
      found.push_back(field.gap);
      found.back().field = field.name;
      found.back().line = field.line;
    }
  }
  return found;
}

Result<void> RowMask::apply(Row row, Counted counted) {
  for (auto& rule : rules_) {
    const bool holds = rule.where.holds(row);
    for (auto& field : rule.fields) {
      auto& target = targets_[field.target];
      target.value.clear();
      const Outcome outcome = apply(field, holds, row, counted, target.value);
      target.null = outcome == Outcome::kNull;
      target.touched = target.null || outcome == Outcome::kValue;
      if (!target.touched && outcome != Outcome::kKept) return refused(field, outcome);
    }
  }
  return {};
}

Error RowMask::refused(const CompiledField& field, Outcome outcome) const {
  if (outcome == Outcome::kFailed) return Error(Code::kFailed, "OpenSSL failed while masking {}", what_);
  const auto* why = outcome == Outcome::kMisfit ? "does not fit into the template of the rule"
                                                : "is not the JSON, array or date of the rule";
  return Error(Code::kCorrupt, "a value of `{}` of {} cannot be masked: it {} in line {}", field.name, what_,
               why, field.line)
      .hint(fmt::format("write `{}: remove` in config/sanitization.yaml, or another operation", field.name));
}

}  // namespace summit::masking
