#include "masking/named_values.h"

#include <algorithm>

#include "masking/template_sources.h"

namespace summit::masking {
namespace {

using config::MaskRule;

// What a template calls the name of the value that it replaces.
constexpr std::string_view kOwnName = "name";

}  // namespace

std::string place_of(const MaskRule& rule, std::string_view field) {
  const auto* const store = rule.store == MaskRule::Store::kRedis ? "redis" : "files";
  return fmt::format("{}:{}{}{}", store, rule.name, field.empty() ? "" : ":", field);
}

Result<NamedMask> NamedMask::compile(const Rules& rules, const Secret& key, ReplacedValues* replaced) {
  RETURN_IF_ERROR(check_template_sources(rules));
  NamedMask mask;
  mask.of_file_ = !rules.empty() && rules.front()->store == MaskRule::Store::kFiles;
  const FieldPlace place = [&mask](const std::string& name) -> Result<size_t> {
    const auto found = std::ranges::find(mask.row_names_, name);
    const auto at = static_cast<size_t>(found - mask.row_names_.begin());
    if (found == mask.row_names_.end()) mask.row_names_.push_back(name);
    return at;
  };
  for (const auto* rule : rules) {
    for (const auto& field : rule->fields) {
      const Listener listener{replaced, place_of(*rule, field.field)};
      ASSIGN_OR_RETURN(auto set, Transform::compile(field.set, key, place, listener));
      mask.fields_.push_back({rule, field.field, field.line, std::move(set)});
    }
  }
  mask.row_.resize(mask.row_names_.size());
  return mask;
}

void NamedMask::set_row(std::span<const NamedValue> row) {
  for (size_t i = 0; i < row_names_.size(); ++i) {
    const auto found = of_file_ && row_names_[i] == kOwnName
                           ? row.end()
                           : std::ranges::find(row, std::string_view(row_names_[i]), &NamedValue::name);
    row_[i] = found == row.end() ? Field() : Field(found->value);
  }
}

const NamedMask::CompiledField* NamedMask::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      fields_, [&](const CompiledField& field) { return matches_field(name, field.pattern); });
  return found == fields_.end() ? nullptr : &*found;
}

Result<Outcome> NamedMask::apply(std::string_view name, std::string_view value, std::string& out) {
  const auto* field = find(name);
  if (field == nullptr) return Outcome::kKept;
  const auto own = std::ranges::find(row_names_, kOwnName);
  const auto slot = static_cast<size_t>(own - row_names_.begin());
  const bool lent = own != row_names_.end() && !row_[slot];
  if (lent) row_[slot] = name;
  const Outcome outcome = field->set->apply(value, row_, out);
  if (lent) row_[slot] = Field();
  if (outcome == Outcome::kKept || outcome == Outcome::kValue || outcome == Outcome::kNull) return outcome;
  return refused(*field, outcome);
}

Error NamedMask::refused(const CompiledField& field, Outcome outcome) {
  const auto where =
      fmt::format("{}{}{}", describe(*field.rule), field.pattern.empty() ? "" : " ", field.pattern);
  if (outcome == Outcome::kFailed) return Error(Code::kFailed, "OpenSSL failed while masking {}", where);
  const auto* why = outcome == Outcome::kMisfit ? "does not fit into the template of the rule"
                                                : "is not the JSON, array or date of the rule";
  return Error(Code::kCorrupt, "a value of {} cannot be masked: it {} in line {}", where, why, field.line)
      .hint("write `remove` there in config/sanitization.yaml, or another operation");
}

Result<NamedMask*> NamedMasks::of(const Rules& rules) {
  if (rules.empty()) return nullptr;
  auto& mask = masks_[rules];
  if (mask == nullptr) {
    ASSIGN_OR_RETURN(auto compiled, NamedMask::compile(rules, key_, replaced_));
    mask = std::make_unique<NamedMask>(std::move(compiled));
  }
  return mask.get();
}

}  // namespace summit::masking
