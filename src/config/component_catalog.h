// What this version can back up: components by name, kinds, and the methods of each. Private to src/config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace summit::config {

struct KnownKind {
  std::string_view name;
  std::vector<std::string> methods;  // the first is the default
  bool has_trees = false;            // takes trees of files rather than a server
};

struct KnownComponent {
  std::string_view name;
  std::string_view kind;
};

const std::vector<KnownKind>& known_kinds();
const std::vector<KnownComponent>& known_components();

// Null when there is none of that name.
const KnownKind* find_kind(std::string_view name);
const KnownComponent* find_component(std::string_view name);

std::vector<std::string> kind_names();
std::vector<std::string> component_names();
std::vector<std::string> method_names();

}  // namespace summit::config
