#include <yaml-cpp/yaml.h>

#include "config/configuration.h"
#include "config/redactor.h"

namespace summit::config {
namespace {

// An emitter that lets no secret value through.
class Out : public YAML::Emitter {
 public:
  explicit Out(const Redactor& redactor) : redactor_(redactor) {}
  std::string safe(const std::string& text) const { return redactor_.redacted(text); }

 private:
  const Redactor& redactor_;
};

// What is empty or at its default says nothing, and is left out.
void put(Out& out, const char* key, const std::string& value) {
  if (!value.empty()) out << YAML::Key << key << YAML::Value << out.safe(value);
}
void put(Out& out, const char* key, const std::filesystem::path& value) { put(out, key, value.string()); }
void put(Out& out, const char* key, bool value) { out << YAML::Key << key << YAML::Value << value; }
void put(Out& out, const char* key, unsigned value) { out << YAML::Key << key << YAML::Value << value; }
void put(Out& out, const char* key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
  for (const auto& value : values) out << out.safe(value);
  out << YAML::EndSeq;
}

// In the largest unit that divides it, so that the text reads back as the same duration.
std::string written(std::chrono::seconds duration) {
  struct Unit {
    long seconds;
    const char* name;
  };
  for (const Unit unit : {Unit{86400, "day"}, Unit{3600, "hour"}, Unit{60, "minute"}}) {
    if (duration.count() >= unit.seconds && duration.count() % unit.seconds == 0) {
      const auto count = duration.count() / unit.seconds;
      return fmt::format("{} {}{}", count, unit.name, count == 1 ? "" : "s");
    }
  }
  return fmt::format("{} seconds", duration.count());
}
void put(Out& out, const char* key, std::chrono::seconds duration) {
  if (duration.count() > 0) put(out, key, written(duration));
}

void begin(Out& out, const std::string& key) { out << YAML::Key << key << YAML::Value << YAML::BeginMap; }
void end(Out& out) { out << YAML::EndMap; }

void put_hook_list(Out& out, const char* key, const std::vector<Hook>& hooks) {
  if (hooks.empty()) return;
  out << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (const auto& hook : hooks) {
    out << YAML::BeginMap;
    put(out, "command", hook.argv);
    put(out, "timeout", hook.timeout);
    put(out, "required", hook.required);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

void put_hooks(Out& out, const std::string& key, const Hooks& hooks) {
  if (hooks.before.empty() && hooks.after.empty()) return;
  begin(out, key);
  put_hook_list(out, "before", hooks.before);
  put_hook_list(out, "after", hooks.after);
  end(out);
}

std::vector<std::string> names_of(const std::vector<Named>& named) {
  std::vector<std::string> names;
  names.reserve(named.size());
  for (const auto& one : named) names.push_back(one.name);
  return names;
}

std::string name_of(OutsidePolicy policy) {
  if (policy == OutsidePolicy::kInclude) return "include";
  return policy == OutsidePolicy::kNull ? "null" : "fail";
}

void put_reference(Out& out, const RowSpec::Reference& reference) {
  out << YAML::Flow << YAML::BeginMap;
  put(out, "table", reference.table.name);
  put(out, "column", reference.columns);
  put(out, "to", reference.to);
  put(out, "to_column", reference.to_columns);
  if (!reference.when_column.empty()) {
    begin(out, "when");
    put(out, "column", reference.when_column);
    put(out, "equals", reference.when_equals);
    end(out);
  }
  out << YAML::EndMap;
}

void put_rows(Out& out, const RowSpec& rows) {
  if (rows.where.empty()) return;
  begin(out, "selection");
  put(out, "column", rows.column.name);
  if (rows.start) {
    begin(out, "start");
    put(out, "table", rows.start->table.name);
    put(out, "column", rows.start->column);
    end(out);
  }
  put(out, "owned", rows.owned_auto ? std::vector<std::string>{"auto"} : names_of(rows.owned));
  put(out, "whole", names_of(rows.whole));
  put(out, "exclude", names_of(rows.excluded));
  if (!rows.references.empty()) {
    out << YAML::Key << "references" << YAML::Value << YAML::BeginSeq;
    for (const auto& reference : rows.references) put_reference(out, reference);
    out << YAML::EndSeq;
  }
  begin(out, "outside");
  put(out, "default", name_of(rows.outside));
  for (const auto& outside : rows.outside_of)
    put(out, outside.reference.name.c_str(), name_of(outside.policy));
  end(out);
  end(out);
}

void put_graph(Out& out, const GraphSpec& graph) {
  if (graph.where.empty()) return;
  begin(out, "selection");
  put(out, "property", graph.property);
  if (graph.start) {
    begin(out, "start");
    put(out, "label", graph.start->label);
    put(out, "property", graph.start->property);
    end(out);
  }
  put(out, "through", graph.through);
  end(out);
}

void put_files(Out& out, const FileSpec& files) {
  if (files.where.empty()) return;
  begin(out, "selection");
  put(out, "paths", files.paths);
  if (!files.records.empty()) {
    out << YAML::Key << "records" << YAML::Value << YAML::BeginSeq;
    for (const auto& record : files.records) {
      out << YAML::Flow << YAML::BeginMap;
      put(out, "files", record.files);
      put(out, "field", record.field);
      out << YAML::EndMap;
    }
    out << YAML::EndSeq;
  }
  end(out);
}

void put(Out& out, const char* key, const std::vector<uint32_t>& numbers) {
  if (!numbers.empty()) out << YAML::Key << key << YAML::Value << YAML::Flow << numbers;
}

void put_keys(Out& out, const KeySpec& keys) {
  if (keys.where.empty()) return;
  begin(out, "selection");
  put(out, "databases", keys.databases);
  put(out, "exclude_databases", keys.excluded_databases);
  put(out, "types", keys.types);
  put(out, "exclude_types", keys.excluded_types);
  put(out, "expires_within", keys.expires_within);
  put(out, "idle_for", keys.idle_for);
  end(out);
}

void put_component(Out& out, const ComponentSpec& component) {
  out << YAML::BeginMap;
  put(out, "name", component.name);
  put(out, "kind", component.kind);
  put(out, "method", component.method);
  put(out, "description", component.description);
  if (!component.required) put(out, "required", false);
  put(out, "endpoints", component.endpoints);
  put(out, "tables", component.tables);
  put(out, "labels", component.labels);
  put(out, "relationship_types", component.relationship_types);
  put(out, "trees", component.trees);
  if (component.filter != "none") put(out, "filter", component.filter);
  put(out, "include_keys", component.include_keys);
  put(out, "exclude_keys", component.exclude_keys);
  put_rows(out, component.rows);
  put_files(out, component.files);
  put_keys(out, component.keys);
  put_graph(out, component.graph);
  out << YAML::EndMap;
}

std::vector<std::string> schedules_of(const BackupSet& set) {
  std::vector<std::string> schedules;
  std::string_view rest = set.schedule;
  while (!rest.empty()) {
    const size_t at = rest.find("; ");
    schedules.emplace_back(rest.substr(0, at));
    rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 2);
  }
  return schedules;
}

void put_set(Out& out, const BackupSet& set) {
  begin(out, set.name);
  put(out, "description", set.description);
  put(out, "use_case", set.use_case);
  put(out, "frequency", set.frequency);
  put(out, "schedule", schedules_of(set));
  put(out, "retention", set.retention);
  put(out, "storage", set.storage);
  put(out, "s3_prefix", set.s3_prefix);
  if (set.estimated_size > 0 || set.estimated_duration.count() > 0) {
    begin(out, "estimate");
    if (set.estimated_size > 0) put(out, "size", fmt::format("{}", set.estimated_size));
    put(out, "duration", set.estimated_duration);
    put(out, "per", set.estimated_per);
    end(out);
  }
  if (!set.required_metadata.empty()) {
    out << YAML::Key << "required_metadata" << YAML::Value << YAML::BeginSeq;
    for (const auto& name : set.required_metadata) {
      out << YAML::Flow << YAML::BeginMap;
      put(out, "name", name);
      put(out, "variables", set.metadata_variables.at(name));
      out << YAML::EndMap;
    }
    out << YAML::EndSeq;
  }
  if (set.cross_region_replication) put(out, "cross_region_replication", true);
  if (set.verify_all_regions) put(out, "verify_all_regions", true);
  out << YAML::Key << "components" << YAML::Value << YAML::BeginSeq;
  for (const auto& component : set.components) put_component(out, component);
  out << YAML::EndSeq;
  put_hooks(out, "hooks", set.hooks);
  end(out);
}

std::string_view name_of_kind(Access::Kind kind) {
  switch (kind) {
    case Access::Kind::kLocal:
      return "local";
    case Access::Kind::kSystemd:
      return "systemd";
    case Access::Kind::kDocker:
      return "docker";
    case Access::Kind::kPodman:
      return "podman";
    case Access::Kind::kKubernetes:
      return "kubernetes";
  }
  return "local";
}

void put_access(Out& out, const Access& access) {
  begin(out, "access");
  put(out, "kind", std::string(name_of_kind(access.kind)));
  put(out, "unit", access.unit);
  put(out, "container", access.container);
  put(out, "namespace", access.kube_namespace);
  put(out, "pod", access.pod);
  put(out, "workload", access.workload);
  put(out, "start_command", access.start_command);
  put(out, "stop_command", access.stop_command);
  put(out, "run_as", access.run_as);
  end(out);
}

void put_password(Out& out, const SecretSource& source) {
  if (!source.given()) return;
  out << YAML::Key << "password" << YAML::Value << std::string(Redactor::kHidden)
      << YAML::Comment("from " + source.describe());
}

void put_endpoint(Out& out, const PostgresEndpoint& endpoint) {
  put(out, "name", endpoint.name);
  put(out, "host", endpoint.host);
  put(out, "port", unsigned{endpoint.port});
  put(out, "databases", endpoint.databases);
  put(out, "user", endpoint.user);
  put_password(out, endpoint.password_source);
  put(out, "ssl_mode", endpoint.ssl_mode);
  put(out, "bin_directory", endpoint.bin_directory);
  put(out, "data_directory", endpoint.data_directory);
  put_access(out, endpoint.access);
}

void put_endpoint(Out& out, const Neo4jEndpoint& endpoint) {
  put(out, "name", endpoint.name);
  put(out, "bolt_uri", endpoint.bolt_uri);
  put(out, "user", endpoint.user);
  put_password(out, endpoint.password_source);
  put(out, "database", endpoint.database);
  put(out, "home", endpoint.home);
  put(out, "data_directory", endpoint.data_directory);
  put(out, "bin_directory", endpoint.bin_directory);
  put(out, "ca_file", endpoint.ca_file);
  put(out, "backup_command", endpoint.backup_command);
  put(out, "restore_command", endpoint.restore_command);
  if (!endpoint.backup_command.empty() || !endpoint.restore_command.empty())
    put(out, "command_timeout", endpoint.command_timeout);
  put_access(out, endpoint.access);
}

void put_endpoint(Out& out, const RedisEndpoint& endpoint) {
  put(out, "name", endpoint.name);
  put(out, "host", endpoint.host);
  put(out, "port", unsigned{endpoint.port});
  put(out, "user", endpoint.user);
  put_password(out, endpoint.password_source);
  put(out, "tls", endpoint.tls);
  put(out, "ca_file", endpoint.ca_file);
  put_access(out, endpoint.access);
}

void put_endpoint(Out& out, const ElasticsearchEndpoint& endpoint) {
  put(out, "name", endpoint.name);
  put(out, "url", endpoint.url);
  put(out, "user", endpoint.user);
  put_password(out, endpoint.password_source);
  put(out, "reindex_command", endpoint.reindex_command);
}

void put_endpoint(Out& out, const FilesEndpoint& endpoint) {
  put(out, "name", endpoint.name);
  put(out, "root", endpoint.root);
  put(out, "include", endpoint.include);
  put(out, "exclude", endpoint.exclude);
  put(out, "secret", endpoint.secret);
}

template <typename Endpoint>
void put_endpoints(Out& out, const char* key, const std::vector<Endpoint>& endpoints) {
  if (endpoints.empty()) return;
  out << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (const auto& endpoint : endpoints) {
    out << YAML::BeginMap;
    put_endpoint(out, endpoint);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

void put_objectives(Out& out, const std::string& key, const Objectives& objectives) {
  begin(out, key);
  put(out, "recovery_point", objectives.recovery_point);
  put(out, "recovery_time", objectives.recovery_time);
  put(out, "recovery_point_alarm", objectives.recovery_point_alarm);
  put(out, "backup_frequency", objectives.backup_frequency);
  end(out);
}

void put_storage(Out& out, const Storage& storage) {
  begin(out, "storage");
  put(out, "local", storage.local);
  put(out, "encryption", storage.encryption);
  put(out, "bucket", storage.s3_bucket);
  put(out, "prefix", storage.s3_prefix);
  put(out, "region", storage.region);
  put(out, "database_bucket", storage.database_bucket);
  put(out, "database_prefix", storage.database_prefix);
  put(out, "dr_bucket", storage.dr_bucket);
  put(out, "dr_region", storage.dr_region);
  put(out, "dr_prefix", storage.dr_prefix);
  put(out, "restore_test_prefix", storage.restore_test_prefix);
  put(out, "endpoint_url", storage.endpoint_url);
  const auto& lifecycle = storage.lifecycle;
  if ((lifecycle.standard_ia_after + lifecycle.glacier_after + lifecycle.delete_after_retention).count() >
      0) {
    begin(out, "lifecycle");
    put(out, "standard_ia_after", lifecycle.standard_ia_after);
    put(out, "glacier_after", lifecycle.glacier_after);
    put(out, "delete_after_retention", lifecycle.delete_after_retention);
    end(out);
  }
  end(out);
}

void put_hooks_by_store(Out& out, const char* key, const std::map<std::string, Hooks>& by_store) {
  if (by_store.empty()) return;
  begin(out, key);
  for (const auto& [store, hooks] : by_store) put_hooks(out, store, hooks);
  end(out);
}

void put_probes(Out& out, const std::vector<HttpProbe>& probes) {
  if (probes.empty()) return;
  out << YAML::Key << "probes" << YAML::Value << YAML::BeginSeq;
  for (const auto& probe : probes) {
    out << YAML::BeginMap;
    put(out, "name", probe.name);
    put(out, "url", probe.url);
    put(out, "required", probe.required);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

void put_environment(Out& out, const Environment& environment) {
  for (const auto& [kind, problems] : environment.problems) {
    for (const auto& problem : problems)
      out << YAML::Comment(out.safe("not usable: " + problem)) << YAML::Newline;
  }
  begin(out, environment.name);
  put(out, "aliases", environment.aliases);
  put(out, "class", std::string(name_of(environment.kind)));
  put_objectives(out, "objectives", environment.objectives);
  if (!environment.store_objectives.empty()) {
    begin(out, "store_objectives");
    for (const auto& [store, objectives] : environment.store_objectives)
      put_objectives(out, store, objectives);
    end(out);
  }
  put(out, "backup_frequency", environment.backup_frequency);
  put(out, "retention", environment.retention.count() == 0 ? "manual" : written(environment.retention));
  put_storage(out, environment.storage);
  put(out, "layout", std::string(name_of(environment.layout)));
  put(out, "encrypted", environment.encrypted);
  put(out, "credential_source", environment.credential_source);
  std::vector<std::string> env_files;
  env_files.reserve(environment.env_files.size());
  for (const auto& file : environment.env_files) env_files.push_back(file.string());
  put(out, "env_files", env_files);
  put(out, "sanitization", std::string(name_of(environment.sanitization)));
  put(out, "reduction_percent", environment.reduction_percent);
  put(out, "hosts", environment.hosts);
  begin(out, "endpoints");
  put_endpoints(out, "postgresql", environment.postgresql);
  put_endpoints(out, "neo4j", environment.neo4j);
  put_endpoints(out, "redis", environment.redis);
  put_endpoints(out, "elasticsearch", environment.elasticsearch);
  put_endpoints(out, "files", environment.files);
  end(out);
  put_probes(out, environment.probes);
  put_hooks_by_store(out, "backup_hooks", environment.backup_hooks);
  put_hooks_by_store(out, "restore_hooks", environment.restore_hooks);
  end(out);
}

}  // namespace

std::string show(const Configuration& configuration) {
  const Redactor redactor(configuration);
  Out out(redactor);
  out << YAML::BeginMap;
  put(out, "project", configuration.project);
  put(out, "directory", configuration.directory);
  begin(out, "backup_sets");
  for (const auto& set : configuration.sets) put_set(out, set);
  end(out);
  begin(out, "environments");
  for (const auto& environment : configuration.environments) put_environment(out, environment);
  end(out);
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace summit::config
