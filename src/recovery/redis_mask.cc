#include "recovery/redis_mask.h"

#include <algorithm>

#include "masking/detectors.h"

namespace summit::recovery {
namespace {

using config::MaskRule;
using config::Operation;
using masking::Outcome;
using rdb::Edit;

// The first rule that says what becomes of a kind of names.
const MaskRule* rule_with(const masking::Rules& rules, std::optional<Operation> MaskRule::* names) {
  const auto found =
      std::ranges::find_if(rules, [&](const MaskRule* rule) { return (rule->*names).has_value(); });
  return found == rules.end() ? nullptr : *found;
}

bool drops(const masking::Rules& rules) {
  return std::ranges::any_of(rules, [](const MaskRule* rule) { return rule->drop; });
}

bool keeps_value(const masking::Rules& rules) {
  for (const auto* rule : rules) {
    for (const auto& field : rule->fields) {
      if (field.field.empty()) return field.set.kind == Operation::Kind::kKeep;
    }
  }
  return false;
}

masking::Place place_of_key(const std::string& key, std::string_view field, std::string_view value) {
  masking::Place place;
  place.store = MaskRule::Store::kRedis;
  place.name = key;
  place.field = field;
  place.samples.emplace_back(value);
  return place;
}

std::string_view operation_on_names(masking::Suspicion suspicion) {
  switch (suspicion) {
    case masking::Suspicion::kEmail:
      return "{pseudonym: email}";
    case masking::Suspicion::kPhone:
      return "{pseudonym: phone}";
    case masking::Suspicion::kCard:
      return "{pseudonym: card}";
    case masking::Suspicion::kIban:
      return "{pseudonym: iban}";
    case masking::Suspicion::kIp:
      return "{pseudonym: ip}";
    default:
      return "{hash: 32}";
  }
}

// Part by part: parts next to one another are no text of their own.
std::optional<masking::Suspicion> suspect_key(std::string_view key) {
  while (true) {
    const size_t colon = key.find(':');
    if (const auto found = masking::suspect_value(key.substr(0, colon))) return found;
    if (colon == std::string_view::npos) return std::nullopt;
    key.remove_prefix(colon + 1);
  }
}

}  // namespace

RedisMask::RedisMask(const masking::Session& session, masking::ReplacedValues* replaced,
                     masking::Findings* findings)
    : session_(session), findings_(findings), masks_(session.key, replaced), names_(session.key, replaced) {}

Result<redis::KeyEditor::Action> RedisMask::key(const redis::KeyFacts& facts, std::string& new_key) {
  key_ = facts.key;
  rules_ = masking::rules_of_key(session_.rules, session_.level, facts.key);
  if (findings_ != nullptr) findings_->met(rules_);
  if (drops(rules_)) return Action::kDrop;
  RETURN_IF_ERROR(rename(facts.key, new_key));
  if (facts.is_module) {
    if (keeps_value(rules_)) return Action::kPass;
    const auto family = masking::key_family(key_);
    if (findings_ == nullptr)
      return Error(Code::kRefused, "keys {} hold values of a module, which cannot be masked", family)
          .hint(fmt::format("add {{key: \"{}\", drop: true}} to config/sanitization.yaml", family));
    findings_->add(family, "a value of a module, into which nobody can look",
                   fmt::format("- {{key: \"{}\", drop: true}}", family));
    return Action::kPass;
  }
  const bool masks_values =
      std::ranges::any_of(rules_, [](const MaskRule* rule) { return !rule->fields.empty(); });
  mask_ = nullptr;
  if (masks_values) {
    ASSIGN_OR_RETURN(mask_, masks_.of(rules_));
  }
  field_names_ = rule_with(rules_, &MaskRule::field_names);
  const bool changes = mask_ != nullptr || field_names_ != nullptr;
  return changes || findings_ != nullptr ? Action::kEdit : Action::kPass;
}

Result<void> RedisMask::rename(std::string_view key, std::string& new_key) {
  const auto* rule = rule_with(rules_, &MaskRule::rename);
  if (rule == nullptr) {
    if (findings_ != nullptr) look_at_name(key, "the key's name", "rename");
    return {};
  }
  const auto part = masking::first_wildcard(key, rule->name);
  if (!part || rule->rename->kind == Operation::Kind::kKeep) return {};
  if (findings_ != nullptr) {
    // Looking through changes nothing that anybody would have to be told of.
    look_at_rest_of_name(key.substr(0, part->first), key.substr(part->first + part->second));
    return {};
  }
  ASSIGN_OR_RETURN(const auto made,
                   names_.apply(*rule, *rule->rename, key.substr(part->first, part->second)));
  new_key = fmt::format("{}{}{}", key.substr(0, part->first), made, key.substr(part->first + part->second));
  return {};
}

Result<redis::KeyEditor::Action> RedisMask::library(std::string_view code) {
  const std::string place(kFunctionsPlace);
  const auto rules = masking::rules_of_key(session_.rules, session_.level, place);
  if (findings_ != nullptr) findings_->met(rules);
  if (drops(rules)) return Action::kDrop;
  if (keeps_value(rules) || findings_ == nullptr) return Action::kPass;
  if (const auto found = masking::suspect_value(code))
    findings_->add(place, masking::name_of(*found), fmt::format("- {{key: \"{}\", drop: true}}", place));
  return Action::kPass;
}

Result<Edit> RedisMask::text(std::string_view text, std::string& out) {
  if (mask_ != nullptr) mask_->set_row({});
  const auto masked = mask_ == nullptr ? Result<Outcome>(Outcome::kKept) : mask_->apply("", text, out);
  RETURN_IF_ERROR(masked);
  if (findings_ != nullptr) look_at_value("", text);
  if (*masked == Outcome::kNull) return Edit::kRemoved;
  return *masked == Outcome::kValue && out != text ? Edit::kReplaced : Edit::kKept;
}

Result<bool> RedisMask::fields(std::vector<rdb::EditedField>& fields) {
  ASSIGN_OR_RETURN(const bool values, mask_fields(fields));
  ASSIGN_OR_RETURN(const bool names, rename_fields(fields));
  return values || names;
}

Result<bool> RedisMask::mask_fields(std::vector<rdb::EditedField>& fields) {
  std::vector<rdb::EditedField> original;
  if (mask_ != nullptr) {
    original = fields;
    std::vector<masking::NamedValue> row;
    row.reserve(original.size());
    for (const auto& field : original) row.push_back({field.name, field.value});
    mask_->set_row(row);
  }
  bool changed = false;
  for (auto& field : fields) {
    if (findings_ != nullptr) look_at_value(field.name, field.value);
    if (mask_ == nullptr) continue;
    std::string made;
    ASSIGN_OR_RETURN(const Outcome outcome, mask_->apply(field.name, field.value, made));
    field.removed = outcome == Outcome::kNull;
    const bool replaced = outcome == Outcome::kValue && made != field.value;
    if (replaced) field.value = std::move(made);
    changed |= field.removed || replaced;
  }
  // It points into what goes now.
  if (mask_ != nullptr) mask_->set_row({});
  return changed;
}

Result<bool> RedisMask::rename_fields(std::vector<rdb::EditedField>& fields) {
  if (field_names_ == nullptr) {
    if (findings_ == nullptr) return false;
    for (const auto& field : fields) look_at_name(field.name, "names of fields", "field_names");
    return false;
  }
  const auto& operation = *field_names_->field_names;
  if (findings_ != nullptr || operation.kind == Operation::Kind::kKeep) return false;
  bool changed = false;
  for (auto& field : fields) {
    ASSIGN_OR_RETURN(auto made, names_.apply(*field_names_, operation, field.name));
    changed |= made != field.name;
    field.name = std::move(made);
  }
  return changed;
}

Result<void> RedisMask::reader_name(std::string_view name) {
  if (findings_ == nullptr) return {};
  const auto found = masking::suspect_value(name);
  if (!found) return {};
  const auto family = masking::key_family(key_);
  findings_->add(family + ", a group or consumer of the stream", masking::name_of(*found),
                 fmt::format("- {{key: \"{}\", drop: true}}", family));
  return {};
}

void RedisMask::look_at_value(std::string_view field, std::string_view value) {
  findings_->look(place_of_key(key_, field, value));
}

void RedisMask::look_at_rest_of_name(std::string_view front, std::string_view back) {
  const auto found = suspect_key(fmt::format("{}x{}", front, back));
  if (!found) return;
  const auto family = masking::key_family(key_);
  findings_->add(family + ", what `rename` leaves of the key's name", masking::name_of(*found),
                 fmt::format("- {{key: \"{}\", drop: true}}", family));
}

void RedisMask::look_at_name(std::string_view name, std::string_view what, std::string_view part) {
  const auto found = suspect_key(name);
  if (!found) return;
  const auto family = masking::key_family(key_);
  findings_->add(fmt::format("{}, {}", family, what), masking::name_of(*found),
                 fmt::format("- {{key: \"{}\", {}: {}}}", family, part, operation_on_names(*found)));
}

}  // namespace summit::recovery
