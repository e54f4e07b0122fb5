#include "config/component_catalog.h"

#include <algorithm>

namespace summit::config {

const std::vector<KnownKind>& known_kinds() {
  static const std::vector<KnownKind> kKinds = {
      {"postgresql", {"logical"}, false},
      {"timescaledb", {"logical"}, false},
      {"neo4j", {"hot_copy", "live", "command"}, false},
      {"redis", {"replica"}, false},
      {"elasticsearch", {"reindex"}, false},
      {"files", {"archive"}, true},
      {"secrets", {"sealed"}, true},
  };
  return kKinds;
}

const std::vector<KnownComponent>& known_components() {
  static const std::vector<KnownComponent> kComponents = {
      {"postgresql", "postgresql"},
      {"timescaledb", "timescaledb"},
      {"neo4j", "neo4j"},
      {"redis", "redis"},
      {"elasticsearch", "elasticsearch"},
      {"config", "files"},
      {"uploads", "files"},
      {"artifacts", "files"},
      {"audit_chain", "files"},
      {"secrets", "secrets"},
      {"provenance", "files"},
      {"policies", "files"},
      {"policy_bundles", "files"},
      {"catalog", "files"},
      {"kubernetes", "files"},
      {"terraform", "files"},
  };
  return kComponents;
}

const KnownKind* find_kind(std::string_view name) {
  const auto& kinds = known_kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const KnownKind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

const KnownComponent* find_component(std::string_view name) {
  const auto& components = known_components();
  const auto found = std::find_if(components.begin(), components.end(),
                                  [&](const KnownComponent& c) { return c.name == name; });
  return found == components.end() ? nullptr : &*found;
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const auto& kind : known_kinds()) names.emplace_back(kind.name);
  return names;
}

std::vector<std::string> component_names() {
  std::vector<std::string> names;
  for (const auto& component : known_components()) names.emplace_back(component.name);
  return names;
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const auto& kind : known_kinds()) {
    for (const auto& method : kind.methods) {
      if (std::find(names.begin(), names.end(), method) == names.end()) names.push_back(method);
    }
  }
  return names;
}

}  // namespace summit::config
