#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "config/sanitization.h"

namespace summit::config {
namespace {

// Constants are not shown: one may come from a secret variable.
std::string shown(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::kKeep:
      return "keep";
    case Operation::Kind::kRemove:
      return "remove";
    case Operation::Kind::kConstant:
      return "constant";
    case Operation::Kind::kTemplate:
      return "template";
    case Operation::Kind::kKeyedHash:
      return fmt::format("hash of {} digits", operation.digits);
    case Operation::Kind::kMd5:
      return "md5 with a salt, weak";
    case Operation::Kind::kPseudonym:
      return fmt::format("pseudonym {}", name_of(operation.pseudonym));
    case Operation::Kind::kShiftDays:
      return fmt::format("moved by up to {} days by {}", operation.most_days, operation.subject);
    case Operation::Kind::kJson:
      return fmt::format("{} paths inside", operation.paths.size());
    case Operation::Kind::kElements:
      return "each element: " + shown(operation.parts.front());
  }
  return "unknown";
}

void put(YAML::Emitter& out, const char* key, const std::string& value) {
  if (!value.empty()) out << YAML::Key << key << YAML::Value << value;
}

void put_rule(YAML::Emitter& out, const MaskRule& rule) {
  out << YAML::BeginMap;
  put(out, "of", describe(rule));
  put(out, "level", std::string(name_of(rule.level)));
  if (rule.documented) put(out, "documented", "true");
  put(out, "where", rule.where_text);
  if (rule.drop) put(out, "drop", "true");
  if (rule.rename) put(out, "rename", shown(*rule.rename));
  if (rule.field_names) put(out, "field_names", shown(*rule.field_names));
  if (rule.document) put(out, "paths", shown(*rule.document));
  put(out, "replace_label", rule.replace_label);
  if (!rule.fields.empty()) {
    out << YAML::Key << "fields" << YAML::Value << YAML::BeginMap;
    for (const auto& field : rule.fields) {
      const auto otherwise = field.otherwise ? ", otherwise " + shown(*field.otherwise) : std::string();
      put(out, field.field.empty() ? "the value" : field.field.c_str(), shown(field.set) + otherwise);
    }
    out << YAML::EndMap;
  }
  out << YAML::EndMap;
}

}  // namespace

std::string show(const SanitizationRules& rules) {
  if (!rules.given()) return {};
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "sanitization" << YAML::Value << YAML::BeginMap;
  put(out, "file", rules.file);
  put(out, "key", rules.key.describe());
  out << YAML::Key << "rules" << YAML::Value << YAML::BeginSeq;
  for (const auto& rule : rules.rules) put_rule(out, rule);
  out << YAML::EndSeq << YAML::Key << "harmless_places" << YAML::Value << rules.harmless.size();
  out << YAML::Key << "reduced_tables" << YAML::Value << YAML::Flow << YAML::BeginSeq;
  for (const auto& table : rules.reduction.tables) out << table.table;
  out << YAML::EndSeq;
  if (!rules.canaries.empty()) {
    out << YAML::Key << "canaries" << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const auto& canary : rules.canaries) out << canary.name;
    out << YAML::EndSeq;
  }
  out << YAML::EndMap << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace summit::config
