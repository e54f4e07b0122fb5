#include "config/environment_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/endpoint_reader.h"
#include "config/suggestion.h"

namespace summit::config {
namespace {

const std::vector<std::pair<std::string, EnvironmentClass>> kClasses = {
    {"production", EnvironmentClass::kProduction},
    {"staging", EnvironmentClass::kStaging},
    {"dr_rehearsal", EnvironmentClass::kDrRehearsal},
    {"dev", EnvironmentClass::kDev},
    {"test", EnvironmentClass::kTest},
    {"dr-drill", EnvironmentClass::kDrDrill}};

Objectives read_objectives(const Value& value, const std::string& what) {
  Objectives objectives;
  const Mapping mapping(value, what,
                        {"recovery_point", "recovery_time", "recovery_point_alarm", "backup_frequency"});
  mapping.require("recovery_point", "add `recovery_point: 15 minutes`");
  mapping.require("recovery_time", "add `recovery_time: 4 hours`");
  mapping.read("recovery_point", objectives.recovery_point);
  mapping.read("recovery_time", objectives.recovery_time);
  mapping.read("recovery_point_alarm", objectives.recovery_point_alarm);
  mapping.read("backup_frequency", objectives.backup_frequency);
  return objectives;
}

Storage read_storage(const Value& value, const std::string& what) {
  Storage storage;
  const Mapping mapping(
      value, what,
      {"local", "encryption", "bucket", "prefix", "region", "database_bucket", "database_prefix", "dr_bucket",
       "dr_region", "dr_prefix", "restore_test_prefix", "endpoint_url", "lifecycle"});
  mapping.read("local", storage.local);
  mapping.read_choice<std::string>("encryption", {{"none", "none"}, {"AES256", "AES256"}, {"KMS", "KMS"}},
                                   storage.encryption);
  mapping.read("bucket", storage.s3_bucket);
  mapping.read("prefix", storage.s3_prefix);
  mapping.read("region", storage.region);
  mapping.read("database_bucket", storage.database_bucket);
  mapping.read("database_prefix", storage.database_prefix);
  mapping.read("dr_bucket", storage.dr_bucket);
  mapping.read("dr_region", storage.dr_region);
  mapping.read("dr_prefix", storage.dr_prefix);
  mapping.read("restore_test_prefix", storage.restore_test_prefix);
  mapping.read("endpoint_url", storage.endpoint_url);
  if (const auto lifecycle = mapping.find("lifecycle")) {
    const Mapping steps(*lifecycle, "the lifecycle of " + what,
                        {"standard_ia_after", "glacier_after", "delete_after_retention"});
    steps.read("standard_ia_after", storage.lifecycle.standard_ia_after);
    steps.read("glacier_after", storage.lifecycle.glacier_after);
    steps.read("delete_after_retention", storage.lifecycle.delete_after_retention);
  }
  if (!storage.local && storage.s3_bucket.empty()) {
    value.complain(fmt::format("{} stores nothing anywhere", what), "set `local: true`, or name a `bucket`");
  }
  return storage;
}

HttpProbe read_probe(const Value& value) {
  HttpProbe probe;
  const Mapping mapping(value, "a probe", {"name", "url", "required"});
  mapping.require("url", "add `url: http://localhost:4000/health`");
  mapping.read("url", probe.url);
  mapping.read("name", probe.name);
  mapping.read("required", probe.required);
  if (probe.name.empty()) probe.name = probe.url;
  return probe;
}

// "manual": never pruned by age.
void read_retention(const Mapping& mapping, std::chrono::seconds& retention) {
  const auto value = mapping.find("retention");
  if (!value) return;
  if (value->node().IsScalar() && value->node().Scalar() == "manual") {
    retention = {};
  } else {
    mapping.read("retention", retention);
  }
}

std::set<std::string> names_in(const Environment& environment) {
  std::set<std::string> names = {"all",   "postgresql",    "timescaledb", "neo4j",
                                 "redis", "elasticsearch", "secrets"};
  for (const auto& endpoint : environment.postgresql) names.insert(endpoint.name);
  for (const auto& endpoint : environment.neo4j) names.insert(endpoint.name);
  for (const auto& endpoint : environment.redis) names.insert(endpoint.name);
  for (const auto& endpoint : environment.elasticsearch) names.insert(endpoint.name);
  for (const auto& endpoint : environment.files) names.insert(endpoint.name);
  return names;
}

bool is_known_store(const Value& at, const std::string& name, const Environment& environment) {
  const auto names = names_in(environment);
  if (names.contains(name)) return true;
  at.complain(fmt::format("`{}` is no store of environment `{}`", name, environment.name),
              suggestion(name, {names.begin(), names.end()}));
  return false;
}

void read_hooks_by_store(const Mapping& mapping, std::string_view key, const Environment& environment,
                         std::map<std::string, Hooks>& target) {
  const auto value = mapping.find(key);
  if (!value || value->node().IsNull()) return;
  for (const auto& [store, hooks] : named_items(*value, std::string(key))) {
    if (is_known_store(hooks, store, environment))
      target[store] = read_hooks(hooks, fmt::format("{} of `{}`", key, store));
  }
}

// The rules that no configuration may weaken: design.md §8 and the tables of both documents.
void check_class_rules(const Mapping& mapping, const Environment& environment) {
  const auto at = [&](std::string_view key) { return mapping.find(key).value_or(mapping.value()); };
  const auto kind = environment.kind;
  if (kind == EnvironmentClass::kProduction && environment.layout == Layout::kPlain) {
    at("layout").complain("production is not kept in the plain layout",
                          "write `layout: packed`; --layout=plain still allows a single plain backup");
  }
  if (kind == EnvironmentClass::kProduction && !environment.encrypted) {
    at("encrypted").complain("production backups are always encrypted", "write `encrypted: true`");
  }
  const bool private_class = kind == EnvironmentClass::kDev || kind == EnvironmentClass::kTest;
  if (private_class && environment.sanitization != Sanitization::kFull) {
    at("sanitization")
        .complain(fmt::format("production data enters class {} only with full masking", name_of(kind)),
                  "write `sanitization: full`");
  }
  if (kind == EnvironmentClass::kStaging && environment.sanitization == Sanitization::kNone) {
    at("sanitization")
        .complain("production data enters class staging only masked",
                  "write `sanitization: minimal`, or `full`");
  }
}

void read_general(const Mapping& mapping, Environment& environment) {
  mapping.require("class", "add `class: dev`, or production, staging, dr_rehearsal, test, dr-drill");
  mapping.read_choice("class", kClasses, environment.kind);
  mapping.read("aliases", environment.aliases);
  if (const auto value = mapping.require(
          "objectives", "add `objectives: {recovery_point: 15 minutes, recovery_time: 4 hours}`")) {
    environment.objectives = read_objectives(*value, fmt::format("objectives of `{}`", environment.name));
  }
  mapping.read("backup_frequency", environment.backup_frequency);
  mapping.require("retention", "add `retention: 30 days`, or `retention: manual`");
  read_retention(mapping, environment.retention);
  if (const auto value = mapping.find("storage")) {
    environment.storage = read_storage(*value, fmt::format("storage of `{}`", environment.name));
  }
  mapping.read_choice<Layout>("layout", {{"plain", Layout::kPlain}, {"packed", Layout::kPacked}},
                              environment.layout);
  mapping.read("encrypted", environment.encrypted);
  mapping.read("credential_source", environment.credential_source);
  mapping.read_choice<Sanitization>(
      "sanitization",
      {{"none", Sanitization::kNone}, {"minimal", Sanitization::kMinimal}, {"full", Sanitization::kFull}},
      environment.sanitization);
  mapping.read_percent("reduction_percent", environment.reduction_percent);
  mapping.read("hosts", environment.hosts);
}

Environment read_environment(const std::string& name, const Value& value,
                             const std::vector<std::filesystem::path>& env_files,
                             const Variables& variables) {
  Environment environment;
  environment.env_files = env_files;
  environment.name = name;
  ReadContext context = value.context();
  context.variables = &variables;
  if (!env_files.empty()) context.env_file = env_files.back().filename().string();
  context.deferred = &environment.problems[""];
  const Mapping mapping(
      Value(value.node(), context), fmt::format("environment `{}`", name),
      {"aliases", "class", "description", "objectives", "store_objectives", "backup_frequency", "retention",
       "storage", "layout", "encrypted", "credential_source", "env_files", "sanitization",
       "reduction_percent", "hosts", "endpoints", "probes", "backup_hooks", "restore_hooks"});
  read_general(mapping, environment);
  if (const auto endpoints =
          mapping.require("endpoints", "add `endpoints:` with postgresql, neo4j, redis or files")) {
    read_endpoints(*endpoints, environment);
  }
  if (const auto stores = mapping.find("store_objectives")) {
    for (const auto& [store, objectives] : named_items(*stores, "store_objectives")) {
      if (!is_known_store(objectives, store, environment)) continue;
      environment.store_objectives[store] =
          read_objectives(objectives, fmt::format("objectives of `{}`", store));
    }
  }
  if (const auto probes = mapping.find("probes")) {
    for (const auto& probe : probes->items()) environment.probes.push_back(read_probe(probe));
  }
  read_hooks_by_store(mapping, "backup_hooks", environment, environment.backup_hooks);
  read_hooks_by_store(mapping, "restore_hooks", environment, environment.restore_hooks);
  check_class_rules(mapping, environment);
  return environment;
}

// Which .env files feed an environment has to be known before its first variable is read.
std::vector<std::filesystem::path> env_files_of(const Value& value) {
  std::vector<std::filesystem::path> files;
  if (!value.is_mapping() || !value.node()["env_files"]) return files;
  const auto names = Value(value.node()["env_files"], value.context()).texts();
  for (const auto& name : names.value_or(std::vector<std::string>()))
    files.push_back(value.context().project / name);
  return files;
}

void check_names(const std::vector<Environment>& environments,
                 const std::vector<std::pair<std::string, Value>>& items) {
  std::set<std::string> names;
  for (size_t i = 0; i < environments.size(); ++i) {
    auto own = environments[i].aliases;
    own.push_back(environments[i].name);
    for (const auto& name : own) {
      if (!names.insert(name).second)
        items[i].second.complain(fmt::format("two environments answer to `{}`", name),
                                 "rename one, or drop the alias");
    }
  }
}

}  // namespace

std::vector<Environment> read_environments(const YAML::Node& root, ReadContext& context,
                                           std::map<std::string, Variables>& variables) {
  std::vector<Environment> environments;
  // `templates` holds blocks that environments refer to by YAML alias; nothing reads it by itself.
  const Mapping file(Value(root, context), "the file", {"environments", "templates"});
  const auto all = file.require("environments", "add `environments:` with one name below it");
  if (!all) return environments;
  const auto items = named_items(*all, "environments");
  for (const auto& [name, value] : items) {
    const auto env_files = env_files_of(value);
    auto loaded = Variables::load(env_files);
    const auto& own = variables[name] = loaded.ok() ? *loaded : Variables();
    environments.push_back(read_environment(name, value, env_files, own));
    // Everything else that is missing then is a mere consequence.
    if (!loaded.ok()) environments.back().problems = {{"", {loaded.error().message()}}};
  }
  check_names(environments, items);
  return environments;
}

}  // namespace summit::config
