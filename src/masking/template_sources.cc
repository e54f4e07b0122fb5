#include "masking/template_sources.h"

#include "masking/condition.h"

namespace summit::masking {
namespace {

using config::FieldRule;
using config::MaskRule;
using config::Operation;
using Store = MaskRule::Store;

bool replaces(const FieldRule& field) {
  return field.set.kind != Operation::Kind::kKeep ||
         (field.otherwise && field.otherwise->kind != Operation::Kind::kKeep);
}

// What becomes of a field: of several rules that name it the first counts. Null when none does.
const FieldRule* rule_of(const Rules& rules, std::string_view name) {
  for (const auto* rule : rules) {
    for (const auto& field : rule->fields) {
      if (names_field(rule->store, field, name)) return &field;
    }
  }
  return nullptr;
}

Result<void> check(const Rules& rules, const MaskRule& rule, const FieldRule& field,
                   const Operation& operation) {
  for (const auto& piece : operation.pieces) {
    // In files it is the name of the entry, whatever entries there are.
    if (!piece.is_field || (rule.store == Store::kFiles && piece.text == "name")) continue;
    const auto* source = rule_of(rules, piece.text);
    if (source == nullptr || !replaces(*source)) continue;
    return Error(Code::kConfig,
                 "the template in line {} of config/sanitization.yaml puts in `{}` as it is, which line {} "
                 "replaces because it is private",
                 field.line, piece.text, source->line)
        .hint(fmt::format("use a pseudonym or a hash for `{}`, or name a field that stays, such as the id",
                          field.field));
  }
  for (const auto& part : operation.parts) RETURN_IF_ERROR(check(rules, rule, field, part));
  return {};
}

}  // namespace

Result<void> check_template_sources(const Rules& rules) {
  for (const auto* rule : rules) {
    for (const auto& field : rule->fields) {
      RETURN_IF_ERROR(check(rules, *rule, field, field.set));
      if (field.otherwise) RETURN_IF_ERROR(check(rules, *rule, field, *field.otherwise));
    }
  }
  return {};
}

}  // namespace summit::masking
