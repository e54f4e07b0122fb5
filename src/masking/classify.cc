#include "masking/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "core/text.h"
#include "masking/embedding.h"
#include "masking/json_text.h"
#include "masking/national_id.h"

namespace summit::masking {
namespace {

using config::MaskRule;
using config::Operation;
using Store = MaskRule::Store;
using Kind = Verdict::Kind;

Rules rules_of(const config::SanitizationRules& rules, config::Sanitization level, const Place& place) {
  switch (place.store) {
    case Store::kPostgresql: {
      auto names = place.ancestors;
      names.insert(names.begin(), {place.schema, place.name});
      return rules_of_table(rules, level, names);
    }
    case Store::kNodes:
      return rules_of_node(rules, level, {place.name});
    case Store::kRelationships:
      return rules_of_relationship(rules, level, place.name);
    case Store::kRedis:
      return rules_of_key(rules, level, place.name);
    case Store::kFiles:
      break;
  }
  return rules_of_file(rules, level, place.name, place.schema);
}

std::string container_of(const Place& place) {
  MaskRule rule;
  rule.store = place.store;
  rule.schema = place.schema;
  rule.name = place.name;
  return config::describe(rule);
}

bool keeps(const config::FieldRule& rule) {
  return rule.set.kind == Operation::Kind::kKeep ||
         (rule.otherwise && rule.otherwise->kind == Operation::Kind::kKeep);
}

enum class Ruled { kNo, kKept, kPartly, kWhole };

// kPartly: a part of the value stays, or the whole of it in some rows.
Ruled ruled_by(const Rules& rules, const Place& place) {
  for (const auto* rule : rules) {
    if (rule->drop) return Ruled::kWhole;
    for (const auto& field : rule->fields) {
      if (!names_field(place.store, field, place.field)) continue;
      if (field.set.kind == Operation::Kind::kKeep) return Ruled::kKept;
      return keeps(field) || field.set.kind == Operation::Kind::kJson ? Ruled::kPartly : Ruled::kWhole;
    }
  }
  return Ruled::kNo;
}

bool is_harmless(const config::SanitizationRules& rules, const Place& place) {
  const auto same = [](std::string_view name, std::string_view pattern) {
    return pattern == "*" || matches_wildcard(name, pattern);
  };
  const bool graph = place.store == Store::kNodes || place.store == Store::kRelationships;
  return std::any_of(rules.harmless.begin(), rules.harmless.end(), [&](const config::HarmlessPlace& known) {
    const bool store = known.store == place.store || (graph && known.store == Store::kNodes);
    if (!store || !same(place.field, known.field)) return false;
    if (same(place.name, known.name) || same(place.schema + "." + place.name, known.name)) return true;
    return std::any_of(place.ancestors.begin(), place.ancestors.end(), [&](const TableName& table) {
      return same(table.name, known.name) || same(table.schema + "." + table.name, known.name);
    });
  });
}

// What a rule has already taken out of a document is not held against the rest.
std::optional<Suspicion> suspect_samples(const Place& place, const std::vector<const Operation*>& inside) {
  // Both are few in most columns.
  std::unordered_set<std::string_view> seen;
  std::unordered_set<std::string> keys;
  for (const auto& sample : place.samples) {
    if (!seen.insert(sample).second) continue;
    std::string rest = sample;
    for (const auto* operation : inside) {
      std::string out;
      const auto blank = [](size_t, Field, std::string&) { return Outcome::kNull; };
      if (rewrite_json(rest, operation->paths, blank, out) == Outcome::kValue) rest = out;
    }
    if (const auto found = suspect_value(rest)) return found;
    // Keys of documents are names, too.
    std::optional<Suspicion> by_key;
    visit_json(rest, [&](std::string_view key, std::string_view value) {
      const bool empty = value.empty() || value == "null" || value == "true" || value == "false";
      if (!by_key && !empty && !key.empty() && keys.emplace(key).second) by_key = suspect_name(key);
    });
    if (by_key) return by_key;
  }
  return std::nullopt;
}

std::vector<const Operation*> documents_of(const Rules& rules, const Place& place) {
  std::vector<const Operation*> found;
  for (const auto* rule : rules) {
    for (const auto& field : rule->fields) {
      if (names_field(place.store, field, place.field) && field.set.kind == Operation::Kind::kJson)
        found.push_back(&field.set);
    }
  }
  return found;
}

// A YAML text in double quotes, which JSON's escapes are a part of.
std::string yaml_text(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

// A word of a name, as people choose them for families and fields: not what tells one of many from the
// others.
bool is_word(std::string_view part, size_t most_digits) {
  constexpr size_t kLongestWord = 24;
  size_t digits = 0;
  for (const char c : part) {
    const bool digit = is_digit(c);
    if (!digit && !is_letter(c) && c != '_' && c != '-') return false;
    digits += digit ? 1 : 0;
  }
  return part.size() <= kLongestWord && digits <= most_digits;
}

std::string rule_for_column(const Place& place, const std::string& operation) {
  // Only whoever knows the type can write a constant of it.
  const bool known = !operation.empty();
  const auto schema = place.schema.empty() ? "" : fmt::format(", schema: {}", yaml_text(place.schema));
  const auto rule = fmt::format("- {{table: {}{}, set: {{{}: {}}}}}", yaml_text(place.name), schema,
                                yaml_text(place.field), known ? operation : "{constant: …}");
  return known
             ? rule
             : fmt::format("# with a constant that {} takes, as it is NOT NULL: {}", place.column.type, rule);
}

std::string rule_for(const Place& place, Suspicion suspicion) {
  const auto operation = fitting_operation(suspicion, place.column);
  const auto set = fmt::format("set: {{{}: {}}}", yaml_text(place.field), operation);
  switch (place.store) {
    case Store::kPostgresql:
      return rule_for_column(place, operation);
    case Store::kNodes:
      return fmt::format("- {{label: {}, {}}}", yaml_text(place.name), set);
    case Store::kRelationships:
      return fmt::format("- {{relationship: {}, {}}}", yaml_text(place.name), set);
    case Store::kRedis:
      if (place.field.empty())
        return fmt::format("- {{key: {}, value: {}}}", yaml_text(key_family(place.name)), operation);
      return fmt::format("- {{key: {}, fields: {{{}: {}}}}}", yaml_text(key_family(place.name)),
                         yaml_text(field_family(place.field)), operation);
    case Store::kFiles:
      break;
  }
  return fmt::format("- {{path: {}, entries: {{{}: {}}}}}", yaml_text(place.name), yaml_text(place.field),
                     operation);
}

}  // namespace

std::string key_family(std::string_view key) {
  std::string family;
  for (size_t at = 0; at <= key.size();) {
    const size_t colon = key.find(':', at);
    const bool last = colon == std::string_view::npos;
    const auto part = key.substr(at, last ? colon : colon - at);
    // The last part of several is nearly always an id; a key of one part is its own family.
    const bool word = is_word(part, 0) && !(last && at > 0);
    family += word || part.empty() ? part : std::string_view("*");
    if (last) break;
    family += ':';
    at = colon + 1;
  }
  return family;
}

std::string field_family(std::string_view field) { return is_word(field, 2) ? std::string(field) : "*"; }

std::optional<std::pair<size_t, size_t>> first_wildcard(std::string_view key, std::string_view pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos || star > key.size() ||
      !matches_wildcard(key.substr(0, star), pattern.substr(0, star)))
    return std::nullopt;
  for (size_t end = star; end <= key.size(); ++end) {
    if (matches_wildcard(key.substr(end), pattern.substr(star + 1))) return std::pair(star, end - star);
  }
  return std::nullopt;
}

std::string describe(const Place& place) {
  if (place.store == Store::kRedis)
    return key_family(place.name) + (place.field.empty() ? "" : "." + field_family(place.field));
  return container_of(place) + (place.field.empty() ? "" : "." + place.field);
}

std::optional<Suspicion> suspect_values(const std::vector<std::string>& values) {
  constexpr size_t kFewest = 5;  // of which one may be an accident
  const auto are = [&](auto is) {
    const auto count = static_cast<size_t>(std::count_if(values.begin(), values.end(), is));
    return count > 0 && count * 10 >= values.size() * 9;
  };
  std::vector<std::string_view> pieces;
  if (are([&pieces](const auto& value) { return split_embedding(value, pieces); }))
    return Suspicion::kEmbedding;
  if (values.size() >= kFewest && are([](const auto& value) { return is_national_id(value); }))
    return Suspicion::kNationalId;
  return std::nullopt;
}

Verdict classify(const config::SanitizationRules& rules, config::Sanitization level, const Place& place) {
  Verdict verdict;
  const auto own = rules_of(rules, level, place);
  const Ruled ruled = ruled_by(own, place);
  if (ruled == Ruled::kWhole) {
    verdict.kind = Kind::kRuled;
    return verdict;
  }
  const bool declared = ruled != Ruled::kNo || is_harmless(rules, place);
  if (!declared) verdict.by_name = suspect_name(place.field.empty() ? place.name : place.field);
  verdict.by_content = suspect_samples(place, documents_of(own, place));
  if (!declared && !verdict.by_content) verdict.by_content = suspect_values(place.samples);
  if (const auto suspicion = verdict.by_content ? verdict.by_content : verdict.by_name) {
    verdict.kind = Kind::kSensitive;
    verdict.rule = rule_for(place, *suspicion);
  } else {
    verdict.kind = ruled == Ruled::kPartly ? Kind::kRuled : declared ? Kind::kHarmless : Kind::kUnknown;
  }
  return verdict;
}

void suspect_names_beside_birth_dates(const std::vector<Place>& places, std::vector<Verdict>& verdicts) {
  std::set<std::string> with_birth;
  for (const auto& place : places) {
    if (suspect_name(place.field) == Suspicion::kBirthDate) with_birth.insert(container_of(place));
  }
  for (size_t i = 0; i < places.size(); ++i) {
    const bool name = equals_ignoring_case(places[i].field, "name");
    if (verdicts[i].kind != Kind::kUnknown || !name || !with_birth.contains(container_of(places[i])))
      continue;
    verdicts[i].kind = Kind::kSensitive;
    verdicts[i].by_name = Suspicion::kPersonName;
    verdicts[i].rule = rule_for(places[i], Suspicion::kPersonName);
  }
}

}  // namespace summit::masking
