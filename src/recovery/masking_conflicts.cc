#include "recovery/masking_conflicts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "masking/condition.h"
#include "recovery/masked_rows.h"

namespace summit::recovery {
namespace {

using config::Condition;
using config::FieldRule;
using config::MaskRule;
using config::Operation;
using OperationKind = Operation::Kind;
using postgres::ArchivedReference;
using postgres::ArchivedTable;

// What becomes of a column. Without a field it stays.
struct Treatment {
  const MaskRule* rule = nullptr;
  const FieldRule* field = nullptr;

  bool removes_all() const {
    if (field == nullptr || field->set.kind != OperationKind::kRemove) return false;
    return rule->where.kind == Condition::Kind::kAlways ||
           (field->otherwise && field->otherwise->kind == OperationKind::kRemove);
  }
  bool removes_some() const {
    return field != nullptr && (field->set.kind == OperationKind::kRemove ||
                                (field->otherwise && field->otherwise->kind == OperationKind::kRemove));
  }
};

Treatment treatment_of(const masking::Rules& rules, const std::string& column) {
  for (const auto* rule : rules) {
    for (const auto& field : rule->fields) {
      if (!masking::names_field(rule->store, field, column)) continue;
      const bool stays = field.set.kind == OperationKind::kKeep &&
                         (!field.otherwise || field.otherwise->kind == OperationKind::kKeep);
      return stays ? Treatment() : Treatment{rule, &field};
    }
  }
  return {};
}

bool reads_only(const Condition& condition, const std::string& column) {
  return (condition.field.empty() || condition.field == column) &&
         std::ranges::all_of(condition.parts, [&](const auto& part) { return reads_only(part, column); });
}

// Conditions on the value of one column each.
bool same(const Condition& a, const Condition& b) {
  return a.kind == b.kind && a.text == b.text &&
         std::ranges::equal(a.parts, b.parts,
                            [](const auto& one, const auto& other) { return same(one, other); });
}

// Whether both make the same of one value, whatever else is in the row.
bool same(const Operation& a, const Operation& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case OperationKind::kKeep:
    case OperationKind::kRemove:
      return true;
    case OperationKind::kConstant:
    case OperationKind::kMd5:
      return a.text == b.text;
    case OperationKind::kKeyedHash:
      return a.digits == b.digits;
    case OperationKind::kPseudonym:
      return a.pseudonym == b.pseudonym;
    case OperationKind::kElements:
      return same(a.parts.front(), b.parts.front());
    case OperationKind::kTemplate:
    case OperationKind::kShiftDays:
    case OperationKind::kJson:
      break;
  }
  return false;
}

bool same(const FieldRule& a, const FieldRule& b) {
  if (!same(a.set, b.set) || a.otherwise.has_value() != b.otherwise.has_value()) return false;
  return !a.otherwise || same(*a.otherwise, *b.otherwise);
}

const Operation& keep() {
  static const Operation operation{};
  return operation;
}

// Whether only NULLs of `column` fail the condition: what becomes of those matters to no reference.
bool takes_all_values(const Condition& condition, const std::string& column) {
  if (condition.kind == Condition::Kind::kAlways) return true;
  return condition.kind == Condition::Kind::kNot &&
         condition.parts.front().kind == Condition::Kind::kIsNull && condition.parts.front().field == column;
}

// All that may become of a value.
std::vector<const Operation*> outcomes_of(const Treatment& treatment) {
  if (treatment.field == nullptr) return {&keep()};
  std::vector<const Operation*> outcomes{&treatment.field->set};
  if (!takes_all_values(treatment.rule->where, treatment.field->field))
    outcomes.push_back(treatment.field->otherwise ? &*treatment.field->otherwise : &keep());
  return outcomes;
}

bool same_condition(const Treatment& from, const Treatment& to) {
  return from.field != nullptr && to.field != nullptr && same(*from.field, *to.field) &&
         same(from.rule->where, to.rule->where) && reads_only(from.rule->where, from.field->field) &&
         reads_only(to.rule->where, to.field->field);
}

// Whether equal values of both columns stay equal. A NULL refers to nothing.
bool stay_equal(const Treatment& from, const Treatment& to) {
  if (same_condition(from, to)) return true;
  const auto removes = [](const Operation* one) { return one->kind == OperationKind::kRemove; };
  const auto before = outcomes_of(from);
  if (std::ranges::all_of(before, removes)) return true;
  const auto after = outcomes_of(to);
  const auto is_the_one = [&](const Operation* one) { return same(*one, *after.front()); };
  return std::ranges::all_of(after, is_the_one) &&
         std::ranges::all_of(before, [&](const auto* one) { return removes(one) || is_the_one(one); });
}

std::string describe(const Treatment& treatment) {
  return treatment.field == nullptr ? "has no rule"
                                    : fmt::format("is masked by line {}", treatment.field->line);
}

class Conflicts {
 public:
  Conflicts(const postgres::ArchiveSchema& schema, const masking::Session& session)
      : schema_(schema), session_(session) {}

  // Partitions speak for their table: each conflict is named once.
  std::set<std::string> find() {
    for (const auto& [id, table] : schema_.tables) look_at(table);
    for (const auto& reference : schema_.references) {
      if (reference.checked) look_at(reference);
    }
    return std::move(found_);
  }

 private:
  void look_at(const ArchivedTable& table) {
    const auto rules = rules_of(session_, table);
    for (const auto& column : table.columns) {
      const auto treatment = treatment_of(rules, column);
      if (treatment.field == nullptr) continue;
      const auto place = fmt::format("{}.{}", table.whole().display(), column);
      if (table.placing.contains(column))
        found_.insert(
            fmt::format("{} {}, and decides which partition a row belongs to: let it stay (`keep`), or "
                        "partition by another column at the source",
                        place, describe(treatment)));
      const auto definition = table.definitions.find(column);
      if (treatment.removes_some() && definition != table.definitions.end() && definition->second.required)
        found_.insert(
            fmt::format("{} is removed by line {}, and is NOT NULL: use a hash, a pseudonym or a constant",
                        place, treatment.field->line));
    }
  }

  void look_at(const ArchivedReference& reference) {
    for (const auto& from : rules_for(reference.from)) {
      for (const auto& to : rules_for(reference.to)) compare(reference, from, to);
    }
  }

  void compare(const ArchivedReference& reference, const masking::Rules& from, const masking::Rules& to) {
    const size_t columns = std::min(reference.columns.size(), reference.to_columns.size());
    for (size_t i = 0; i < columns; ++i) {
      const auto before = treatment_of(from, reference.columns[i]);
      const auto after = treatment_of(to, reference.to_columns[i]);
      // One NULL among them, and the whole refers to nothing.
      if (before.removes_all()) return;
      if (stay_equal(before, after)) continue;
      found_.insert(
          fmt::format("{0}.{1} {2} and refers to {3}.{4}, which {5}: give both the same pseudonym or hash, "
                      "with no condition or "
                      "one on the value itself",
                      reference.from.display(), reference.columns[i], describe(before),
                      reference.to.display(), reference.to_columns[i], describe(after)));
    }
  }

  // Of the table and its partitions, which may have rules of their own.
  std::set<masking::Rules> rules_for(const postgres::RelationName& name) const {
    std::set<masking::Rules> rules;
    for (const auto& [id, table] : schema_.tables) {
      if (table.name == name || std::ranges::find(table.ancestors, name) != table.ancestors.end())
        rules.insert(rules_of(session_, table));
    }
    return rules;
  }

  const postgres::ArchiveSchema& schema_;
  const masking::Session& session_;
  std::set<std::string> found_;
};

}  // namespace

Result<void> check_rules_fit(const postgres::ArchiveSchema& schema, const masking::Session& session) {
  const auto conflicts = Conflicts(schema, session).find();
  if (conflicts.empty()) return {};
  return Error(Code::kRefused, "what config/sanitization.yaml makes of {}, no database takes:\n  {}",
               conflicts.size() == 1 ? "one column" : fmt::format("{} columns", conflicts.size()),
               fmt::join(conflicts, "\n  "))
      .hint("change the rules as is said above; then `summit-dr mask audit` again");
}

}  // namespace summit::recovery
