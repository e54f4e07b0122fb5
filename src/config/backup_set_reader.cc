#include "config/backup_set_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/component_catalog.h"
#include "config/cron.h"
#include "config/hooks_reader.h"
#include "config/selection_reader.h"
#include "config/suggestion.h"

namespace summit::config {
namespace {

// What the environments declare, for checking the names that components use.
struct Declared {
  std::vector<std::string> endpoints;
  std::vector<std::string> trees;
};

Declared declared_in(const std::vector<Environment>& environments) {
  Declared declared;
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const auto& environment : environments) {
    for (const auto& endpoint : environment.postgresql) add(declared.endpoints, endpoint.name);
    for (const auto& endpoint : environment.neo4j) add(declared.endpoints, endpoint.name);
    for (const auto& endpoint : environment.redis) add(declared.endpoints, endpoint.name);
    for (const auto& endpoint : environment.elasticsearch) add(declared.endpoints, endpoint.name);
    for (const auto& tree : environment.files) add(declared.trees, tree.name);
    for (const auto& name : environment.inactive_endpoints) {
      add(declared.endpoints, name);
      add(declared.trees, name);
    }
  }
  return declared;
}

class Reader {
 public:
  Reader(std::vector<std::pair<std::string, Value>> sets, Declared declared)
      : items_(std::move(sets)), declared_(std::move(declared)) {}

  std::vector<BackupSet> read() {
    std::vector<BackupSet> sets;
    sets.reserve(items_.size());
    for (const auto& [name, value] : items_) sets.push_back(read_set(name, value, {}));
    return sets;
  }

 private:
  // `chain` holds the sets that are being read, from the outermost: a set in it cannot be extended again.
  BackupSet read_set(const std::string& name, const Value& value, std::vector<std::string> chain) {
    const Mapping mapping(value, fmt::format("set `{}`", name),
                          {"extends", "without", "description", "use_case", "frequency", "schedule",
                           "retention", "storage", "s3_prefix", "estimate", "required_metadata",
                           "cross_region_replication", "verify_all_regions", "components", "hooks"});
    chain.push_back(name);
    const auto base = base_of(mapping, chain);
    BackupSet set = base.value_or(BackupSet());
    set.name = name;
    set.line = value.line();
    read_facts(mapping, set);
    read_schedule(mapping, set);
    read_estimate(mapping, set);
    read_metadata(mapping, set);
    read_components(mapping, set);
    if (const auto hooks = mapping.find("hooks"))
      set.hooks = read_hooks(*hooks, "hooks of " + mapping.what());
    // What a wrong base would have given is not missing here.
    if (base) check_whole(mapping, set);
    return set;
  }

  // An empty set when nothing is extended; nothing when the base cannot be used.
  std::optional<BackupSet> base_of(const Mapping& mapping, const std::vector<std::string>& chain) {
    const auto extends = mapping.find("extends");
    const auto base = extends ? extends->text() : std::nullopt;
    if (!base) return BackupSet();
    const auto found =
        std::find_if(items_.begin(), items_.end(), [&](const auto& item) { return item.first == *base; });
    if (found == items_.end()) {
      extends->complain(fmt::format("{} extends `{}`, which is no set", mapping.what(), *base),
                        suggestion(*base, names()));
      return std::nullopt;
    }
    if (const auto circle = circle_of(chain.back()); !circle.empty()) {
      extends->complain(fmt::format("{} extends itself: {}", mapping.what(), join(circle, " > ")),
                        "break the circle");
      return std::nullopt;
    }
    if (std::find(chain.begin(), chain.end(), *base) != chain.end()) return std::nullopt;
    // The base reports its own findings when it is read for itself.
    std::vector<Finding> ignored;
    ReadContext context = found->second.context();
    context.findings = &ignored;
    return read_set(*base, Value(found->second.node(), context), chain);
  }

  // "a", "b", "a" when `name` extends itself, over whatever others; empty when it does not.
  std::vector<std::string> circle_of(const std::string& name) const {
    std::vector<std::string> path = {name};
    while (path.size() <= items_.size()) {
      const auto set = std::find_if(items_.begin(), items_.end(),
                                    [&](const auto& item) { return item.first == path.back(); });
      if (set == items_.end() || !set->second.is_mapping()) return {};
      const auto base = set->second.node()["extends"];
      if (!base || !base.IsScalar()) return {};
      path.push_back(base.Scalar());
      if (path.back() == name) return path;
    }
    return {};
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    names.reserve(items_.size());
    for (const auto& item : items_) names.push_back(item.first);
    return names;
  }

  static void read_facts(const Mapping& mapping, BackupSet& set) {
    mapping.read("description", set.description);
    mapping.read("use_case", set.use_case);
    mapping.read("frequency", set.frequency);
    mapping.read("retention", set.retention);
    mapping.read("s3_prefix", set.s3_prefix);
    mapping.read("cross_region_replication", set.cross_region_replication);
    mapping.read("verify_all_regions", set.verify_all_regions);
    const auto storage = mapping.find("storage");
    if (!storage) return;
    static const std::vector<std::string> kPlaces = {"local", "s3", "s3_dr", "git"};
    set.storage = storage->texts().value_or(std::vector<std::string>());
    for (const auto& place : set.storage) {
      if (std::find(kPlaces.begin(), kPlaces.end(), place) != kPlaces.end()) continue;
      storage->complain(fmt::format("`{}` is no storage of {}", place, mapping.what()),
                        suggestion(place, kPlaces));
    }
  }

  static void read_schedule(const Mapping& mapping, BackupSet& set) {
    const auto value = mapping.find("schedule");
    if (!value) return;
    const auto expressions = value->texts().value_or(std::vector<std::string>());
    for (const auto& expression : expressions) {
      const auto problem = cron_problem(expression);
      if (!problem.empty())
        value->complain(problem,
                        "write minute, hour, day, month, weekday: `0 2 * * *` is daily at 02:00 UTC");
    }
    set.schedule = join(expressions, "; ");
  }

  static void read_estimate(const Mapping& mapping, BackupSet& set) {
    const auto value = mapping.find("estimate");
    if (!value) return;
    const Mapping estimate(*value, "the estimate of " + mapping.what(), {"size", "duration", "per"});
    estimate.read_size("size", set.estimated_size);
    estimate.read("duration", set.estimated_duration);
    estimate.read("per", set.estimated_per);
  }

  // A list of names, or of {name, variables}; a plain name comes from the variable of the same name in
  // capitals.
  static void read_metadata(const Mapping& mapping, BackupSet& set) {
    const auto value = mapping.find("required_metadata");
    if (!value) return;
    set.required_metadata.clear();
    set.metadata_variables.clear();
    for (const auto& item : value->items()) {
      std::string name;
      std::vector<std::string> variables;
      if (item.is_mapping()) {
        const Mapping entry(item, "a required value", {"name", "variables"});
        entry.require("name", "add `name: tenant_id`");
        entry.read("name", name);
        entry.read("variables", variables);
      } else {
        name = item.text().value_or("");
      }
      if (name.empty()) continue;
      if (variables.empty()) {
        std::string variable = name;
        std::transform(variable.begin(), variable.end(), variable.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
        variables.push_back(std::move(variable));
      }
      set.required_metadata.push_back(name);
      set.metadata_variables[name] = std::move(variables);
    }
  }

  // A component of the same name as one of the base replaces it; others are added.
  void read_components(const Mapping& mapping, BackupSet& set) {
    remove_components(mapping, set);
    const auto value = mapping.find("components");
    if (!value) return;
    std::set<std::string> own;
    for (const auto& item : value->items()) {
      auto component = read_component(item);
      if (component.name.empty()) continue;
      if (!own.insert(component.name).second) {
        item.complain(fmt::format("component `{}` comes twice in {}", component.name, mapping.what()),
                      "keep one of them");
        continue;
      }
      const auto same = std::find_if(set.components.begin(), set.components.end(),
                                     [&](const auto& c) { return c.name == component.name; });
      if (same == set.components.end())
        set.components.push_back(std::move(component));
      else
        *same = std::move(component);
    }
  }

  static void remove_components(const Mapping& mapping, BackupSet& set) {
    const auto value = mapping.find("without");
    if (!value) return;
    for (const auto& name : value->texts().value_or(std::vector<std::string>())) {
      const auto removed =
          std::erase_if(set.components, [&](const auto& component) { return component.name == name; });
      if (removed == 0)
        value->complain(fmt::format("{} is without `{}`, which its base does not have", mapping.what(), name),
                        "remove the name");
    }
  }

  ComponentSpec read_component(const Value& value) const {
    ComponentSpec component;
    component.line = value.line();
    component.where = value.where();
    // A plain name is short for {name: …}.
    if (!value.is_mapping()) {
      component.name = value.text().value_or("");
      fix_kind(value, value, component);
      return component;
    }
    const Mapping mapping(
        value, "a component",
        {"name", "kind", "method", "description", "required", "endpoints", "tables", "labels",
         "relationship_types", "trees", "filter", "include_keys", "exclude_keys", "selection"});
    const auto at = [&](std::string_view key) { return mapping.find(key).value_or(value); };
    mapping.require("name", "add `name: postgresql`");
    mapping.read("name", component.name);
    if (component.name.empty()) return component;
    mapping.read("kind", component.kind);
    mapping.read("method", component.method);
    mapping.read("description", component.description);
    mapping.read("required", component.required);
    mapping.read("endpoints", component.endpoints);
    mapping.read("tables", component.tables);
    mapping.read("labels", component.labels);
    mapping.read("relationship_types", component.relationship_types);
    mapping.read("trees", component.trees);
    mapping.read_choice<std::string>(
        "filter", {{"none", "none"}, {"core", "core"}, {"tenant", "tenant"}, {"project", "project"}},
        component.filter);
    mapping.read("include_keys", component.include_keys);
    mapping.read("exclude_keys", component.exclude_keys);
    fix_kind(at("name"), at("kind"), component);
    read_selection(mapping, component);
    check_method(at("method"), component);
    check_references(mapping, component);
    return component;
  }

  // Works out kind, method and trees that follow from the name, and refuses names that look like slips.
  static void fix_kind(const Value& at_name, const Value& at_kind, ComponentSpec& component) {
    const auto* known = find_component(component.name);
    const auto near = nearest(component.name, component_names());
    if (known == nullptr && (component.kind.empty() || !near.empty())) {
      at_name.complain(
          fmt::format("component `{}` is not known", component.name),
          near.empty() ? "give it a `kind`, such as files; " + suggestion(component.name, component_names())
                       : suggestion(component.name, component_names()));
      return;
    }
    if (!is_name(component.name)) {
      at_name.complain(fmt::format("`{}` is no name of a component", component.name),
                       "use letters, digits, `_` and `-`");
      return;
    }
    if (component.kind.empty() && known != nullptr) component.kind = known->kind;
    if (component.filter.empty()) component.filter = "none";
    const auto* kind = find_kind(component.kind);
    if (kind == nullptr) {
      at_kind.complain(
          fmt::format("kind `{}` of component `{}` is not known", component.kind, component.name),
          suggestion(component.kind, kind_names()));
      return;
    }
    if (known != nullptr && component.kind != known->kind) {
      at_kind.complain(fmt::format("component `{}` is of kind `{}`, not `{}`", component.name, known->kind,
                                   component.kind),
                       fmt::format("write `kind: {}`, or give the component another name", known->kind));
    }
    if (component.method.empty()) component.method = kind->methods.front();
    if (component.kind == "files" && component.trees.empty()) component.trees = {component.name};
  }

  static void check_method(const Value& at, const ComponentSpec& component) {
    const auto* kind = find_kind(component.kind);
    if (kind == nullptr ||
        std::find(kind->methods.begin(), kind->methods.end(), component.method) != kind->methods.end())
      return;
    at.complain(
        fmt::format("`{}` is no method of this version for kind `{}`", component.method, component.kind),
        suggestion(component.method, kind->methods));
  }

  void check_references(const Mapping& mapping, const ComponentSpec& component) const {
    const auto check = [&](std::string_view key, const std::vector<std::string>& used,
                           const std::vector<std::string>& known, std::string_view what) {
      const auto value = mapping.find(key).value_or(mapping.value());
      for (const auto& name : used) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        value.complain(fmt::format("component `{}` names {} `{}`, which no environment declares",
                                   component.name, what, name),
                       suggestion(name, known));
      }
    };
    check("endpoints", component.endpoints, declared_.endpoints, "the endpoint");
    check("trees", component.trees, declared_.trees, "the tree");
    const auto* kind = find_kind(component.kind);
    if (kind != nullptr && !kind->has_trees && !component.trees.empty()) {
      mapping.find("trees")
          .value_or(mapping.value())
          .complain(fmt::format("component `{}` of kind `{}` takes no trees", component.name, component.kind),
                    "remove them");
    }
    if (component.kind == "timescaledb" && component.tables.empty()) {
      mapping.value().complain(fmt::format("component `{}` names no hypertables", component.name),
                               "add `tables: [events]`");
    }
  }

  static void check_whole(const Mapping& mapping, const BackupSet& set) {
    if (!mapping.value().is_mapping()) return;
    if (set.components.empty())
      mapping.value().complain(fmt::format("{} has no components", mapping.what()),
                               "add `components:` with a list");
    if (set.retention.count() == 0)
      mapping.value().complain(fmt::format("{} has no `retention`", mapping.what()),
                               "add `retention: 30 days`");
    if (set.storage.empty())
      mapping.value().complain(fmt::format("{} has no `storage`", mapping.what()), "add `storage: [local]`");
    for (const auto& component : set.components) {
      const bool scoped = component.filter == "tenant" || component.filter == "project";
      const auto needed = component.filter + "_id";
      const auto& given = set.required_metadata;
      if (!scoped || std::find(given.begin(), given.end(), needed) != given.end()) continue;
      mapping.value().complain(fmt::format("component `{}` is filtered by {}, and {} does not require `{}`",
                                           component.name, component.filter, mapping.what(), needed),
                               fmt::format("add `required_metadata: [{}]`", needed));
    }
  }

  std::vector<std::pair<std::string, Value>> items_;
  Declared declared_;
};

}  // namespace

std::vector<BackupSet> read_backup_sets(const YAML::Node& root, ReadContext& context,
                                        const std::vector<Environment>& environments) {
  const Mapping file(Value(root, context), "the file", {"backup_sets"});
  const auto sets = file.require("backup_sets", "add `backup_sets:` with one name below it");
  if (!sets) return {};
  const auto items = named_items(*sets, "backup_sets");
  for (const auto& [name, value] : items) {
    // A backup's id is cut at `-` to find its set again.
    if (name.find('-') != std::string::npos)
      value.complain(fmt::format("set `{}` has a `-` in its name", name), "write `_` instead");
  }
  return Reader(items, declared_in(environments)).read();
}

}  // namespace summit::config
