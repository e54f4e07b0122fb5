#include "backup/plan.h"

#include <algorithm>

#include "backup/elasticsearch_component.h"
#include "backup/files_component.h"
#include "backup/neo4j_component.h"
#include "backup/postgres_component.h"
#include "backup/redis_component.h"
#include "backup/secrets_component.h"
#include "stores/postgres/globals.h"

namespace summit::backup {
namespace {

constexpr std::string_view kKnownDatastores =
    "all, postgres, timescaledb, neo4j, redis, elasticsearch, config, secrets, uploads";

const config::Variables& variables_of(const config::Environment& environment,
                                      const config::Configuration& configuration) {
  const auto found = configuration.environment_variables.find(environment.name);
  return found == configuration.environment_variables.end() ? configuration.variables : found->second;
}

template <typename Endpoint>
std::vector<const Endpoint*> select(const std::vector<Endpoint>& endpoints,
                                    const std::vector<std::string>& names) {
  std::vector<const Endpoint*> selected;
  for (const auto& endpoint : endpoints) {
    if (names.empty() || std::find(names.begin(), names.end(), endpoint.name) != names.end())
      selected.push_back(&endpoint);
  }
  return selected;
}

PlannedComponent absent(const config::ComponentSpec& spec, std::string reason, std::string hint) {
  PlannedComponent planned{.name = spec.name,
                           .spec = spec,
                           .store = spec.kind,
                           .component = nullptr,
                           .absent_reason = {},
                           .absent_hint = {}};
  planned.absent_reason = std::move(reason);
  planned.absent_hint = std::move(hint);
  return planned;
}

// Several instances of one kind are told apart by the endpoint's name behind a slash.
std::string component_name(const config::ComponentSpec& spec, const std::string& endpoint, size_t instances) {
  return instances == 1 ? spec.name : spec.name + "/" + endpoint;
}

template <typename Endpoint, typename Make>
void add_servers(BackupPlan& plan, const config::ComponentSpec& spec, const std::vector<Endpoint>& declared,
                 Make make) {
  const auto endpoints = select(declared, spec.endpoints);
  if (endpoints.empty()) {
    plan.components.push_back(
        absent(spec, fmt::format("no {} endpoint is declared for `{}`", spec.kind, plan.environment->name),
               fmt::format("declare it under environments.{}.endpoints in config/environments.yaml",
                           plan.environment->name)));
    return;
  }
  for (const Endpoint* endpoint : endpoints) {
    auto name = component_name(spec, endpoint->name, endpoints.size());
    auto component = make(spec, *endpoint, name);
    plan.components.push_back({.name = name,
                               .spec = spec,
                               .store = endpoint->name,
                               .component = std::move(component),
                               .absent_reason = {},
                               .absent_hint = {}});
  }
}

std::vector<config::FilesEndpoint> trees_of(const config::ComponentSpec& spec,
                                            const config::Environment& environment) {
  std::vector<config::FilesEndpoint> trees;
  for (const auto* tree : select(environment.files, spec.trees)) trees.push_back(*tree);
  return trees;
}

// Role passwords are secrets: they leave PostgreSQL only into the sealed artifact.
std::vector<SecretContribution> secret_contributions(const config::Environment& environment) {
  std::vector<SecretContribution> contributions;
  for (const auto& endpoint : environment.postgresql) {
    contributions.push_back({.name = "postgresql/" + endpoint.name + "/globals-with-passwords.sql",
                             .read = [endpoint] { return postgres::globals_with_passwords(endpoint); }});
  }
  return contributions;
}

void add_files(BackupPlan& plan, const config::ComponentSpec& spec) {
  auto trees = trees_of(spec, *plan.environment);
  if (trees.empty()) {
    plan.components.push_back(
        absent(spec, fmt::format("no tree of files is declared for it in `{}`", plan.environment->name),
               fmt::format("declare it under environments.{}.endpoints.files in config/environments.yaml",
                           plan.environment->name)));
    return;
  }
  auto component =
      spec.kind == "secrets"
          ? make_secrets_component(spec, std::move(trees), secret_contributions(*plan.environment), spec.name)
          : make_files_component(spec, std::move(trees), spec.name);
  plan.components.push_back({.name = spec.name,
                             .spec = spec,
                             .store = spec.name,
                             .component = std::move(component),
                             .absent_reason = {},
                             .absent_hint = {}});
}

Result<void> add_component(BackupPlan& plan, const config::ComponentSpec& spec) {
  const auto& environment = *plan.environment;
  if (spec.kind == "postgresql") {
    add_servers(plan, spec, environment.postgresql, make_postgres_component);
  } else if (spec.kind == "timescaledb") {
    add_servers(plan, spec, environment.postgresql, make_timescaledb_component);
  } else if (spec.kind == "neo4j") {
    add_servers(plan, spec, environment.neo4j, make_neo4j_component);
  } else if (spec.kind == "redis") {
    add_servers(plan, spec, environment.redis, make_redis_component);
  } else if (spec.kind == "elasticsearch") {
    add_servers(plan, spec, environment.elasticsearch, make_elasticsearch_component);
  } else if (spec.kind == "files" || spec.kind == "secrets") {
    add_files(plan, spec);
  } else {
    return Error(Code::kConfig, "line {} of backup-sets.yaml: component `{}` is of unknown kind `{}`",
                 spec.line, spec.name, spec.kind)
        .hint("summit-dr config validate");
  }
  return {};
}

// A prediction has no backup to write into: whoever tries is told so.
class NothingIsWritten final : public repository::BackupWriter {
 public:
  const std::string& id() const override { return id_; }
  bool deduplicates() const override { return false; }
  Result<std::unique_ptr<repository::ArtifactSink>> create(std::string name, std::string) override {
    return Error(Code::kRefused, "{} cannot be written while only a prediction is asked for", name);
  }
  fs::path workspace() const override { return {}; }
  Result<void> commit(const repository::BackupMetadata&) override {
    return Error(Code::kRefused, "a prediction cannot be committed");
  }
  std::vector<std::string> warnings() const override { return {}; }

 private:
  std::string id_ = "prediction";
};

}  // namespace

bool chosen(const std::vector<std::string>& datastores, const std::string& kind, const std::string& name) {
  if (datastores.empty()) return true;
  return std::any_of(datastores.begin(), datastores.end(), [&](const std::string& datastore) {
    if (datastore == name || datastore == kind) return true;
    if (datastore == "postgres") return kind == "postgresql" || kind == "timescaledb";
    return datastore == "config" && (kind == "files" || kind == "secrets");
  });
}

Result<std::vector<std::string>> parse_datastores(std::string_view text) {
  static constexpr std::string_view kWords[] = {
      "all",           "postgres",       "postgresql", "timescaledb", "neo4j",       "redis",
      "elasticsearch", "config",         "secrets",    "uploads",     "audit_chain", "provenance",
      "policies",      "policy_bundles", "catalog",    "kubernetes",  "terraform"};
  std::vector<std::string> datastores;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto word = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (std::find(std::begin(kWords), std::end(kWords), word) == std::end(kWords)) {
      return Error(Code::kUsage, "`{}` is no datastore", word)
          .hint(fmt::format("known are {}", kKnownDatastores));
    }
    if (word == "all") return std::vector<std::string>();
    datastores.emplace_back(word);
  }
  if (datastores.empty())
    return Error(Code::kUsage, "no datastore is named").hint(fmt::format("known are {}", kKnownDatastores));
  return datastores;
}

Result<BackupPlan> plan_backup(const BackupRequest& request, const config::Environment& environment,
                               const config::Configuration& configuration) {
  ASSIGN_OR_RETURN(const auto* set, configuration.set(request.set));
  ASSIGN_OR_RETURN(auto scope, read_scope(*set, variables_of(environment, configuration), request.scope));

  BackupPlan plan{.set = set,
                  .environment = &environment,
                  .request = request,
                  .layout = config::Layout::kPlain,
                  .set_name = set->name,
                  .scope = std::move(scope),
                  .all_or_nothing = false,
                  .components = {},
                  .warnings = {}};
  plan.layout = request.layout.value_or(environment.layout);
  for (const auto& spec : set->components) {
    if (chosen(request.datastores, spec.kind, spec.name)) RETURN_IF_ERROR(add_component(plan, spec));
  }
  if (plan.components.empty()) {
    return Error(Code::kUsage, "the set `{}` has none of the chosen datastores", set->name)
        .hint(fmt::format("leave --datastores out, or choose another set: summit-dr config show"));
  }
  return plan;
}

PredictedSize predict_size(const BackupPlan& plan, const config::Configuration& configuration,
                           Reporter& reporter, const Cancellation& cancellation) {
  NothingIsWritten writer;
  CaptureContext context{.configuration = configuration,
                         .environment = *plan.environment,
                         .writer = writer,
                         .reporter = reporter,
                         .cancellation = cancellation,
                         .sealing_key = {},
                         .jobs = plan.request.jobs,
                         .scope = plan.scope};
  PredictedSize predicted;
  for (const auto& planned : plan.components) {
    if (!planned.component) continue;
    auto size = planned.component->predict_size(context);
    if (!size.ok()) {
      predicted.unknown.push_back(fmt::format("{}: {}", planned.name, size.error().message()));
      continue;
    }
    predicted.bytes += *size;
    predicted.by_component[planned.name] = *size;
  }
  return predicted;
}

}  // namespace summit::backup
