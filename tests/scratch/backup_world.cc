#include "tests/scratch/backup_world.h"

#include "backup/neo4j_component.h"
#include "core/time.h"
#include "recovery/neo4j_restore.h"
#include "repository/backup_id.h"

namespace summit::neo4j {

repository::SealingKey sealing_key(const std::string& text) { return {Secret(text), "the test"}; }

Result<std::string> back_up(const config::Neo4jEndpoint& endpoint, const fs::path& base,
                            const std::optional<repository::SealingKey>& key,
                            const std::function<void()>& after_prepare) {
  repository::PlainRepository repository(base);
  return back_up(endpoint, repository, key, after_prepare);
}

namespace {

Result<std::string> back_up(const config::Neo4jEndpoint& endpoint, repository::BackupRepository& repository,
                            const std::optional<repository::SealingKey>& key,
                            const std::function<void()>& after_prepare, const config::ComponentSpec& spec,
                            const backup::Scope& scope) {
  ASSIGN_OR_RETURN(auto writer, repository.begin_new(now(), [](Instant instant) {
    return repository::make_backup_id("full", "", instant);
  }));
  const config::Configuration configuration;
  const config::Environment environment;
  SilentReporter reporter;
  backup::CaptureContext context{.configuration = configuration,
                                 .environment = environment,
                                 .writer = *writer,
                                 .reporter = reporter,
                                 .cancellation = {},
                                 .sealing_key = key,
                                 .jobs = 2,
                                 .scope = scope};
  auto component = backup::make_neo4j_component(spec, endpoint, "neo4j");
  RETURN_IF_ERROR(component->prepare(context));
  if (after_prepare) after_prepare();
  ASSIGN_OR_RETURN(const auto instant, component->cut(context));
  ASSIGN_OR_RETURN(auto record, component->transfer(context));
  record.name = "neo4j";
  record.kind = "neo4j";
  record.instant = instant;
  if (record.status != repository::Status::kAbsent) record.status = repository::Status::kComplete;

  repository::BackupMetadata metadata;
  metadata.id = writer->id();
  metadata.set = scope.empty() ? "full" : "tenant";
  metadata.scope = scope;
  metadata.environment = "test";
  metadata.environment_class = "test";
  metadata.layout = repository.layout();
  metadata.started = metadata.finished = now();
  metadata.status = repository::Status::kComplete;
  metadata.components.push_back(std::move(record));
  RETURN_IF_ERROR(writer->commit(metadata));
  return metadata.id;
}

}  // namespace

Result<std::string> back_up(const config::Neo4jEndpoint& endpoint, repository::BackupRepository& repository,
                            const std::optional<repository::SealingKey>& key,
                            const std::function<void()>& after_prepare) {
  return back_up(endpoint, repository, key, after_prepare, {}, {});
}

Result<std::string> back_up_part(const config::Neo4jEndpoint& endpoint, const fs::path& base,
                                 const config::ComponentSpec& spec, const backup::Scope& scope) {
  repository::PlainRepository repository(base);
  return back_up(endpoint, repository, {}, {}, spec, scope);
}

std::string fill_with_backed_up_accounts(const config::Neo4jEndpoint& endpoint, const fs::path& base) {
  auto bolt = must(BoltConnection::open(endpoint));
  fill_with_accounts(bolt);
  static const auto made = must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-accounts-"));
  static const std::string id = must(back_up(endpoint, made.path()));
  fs::copy(made.path(), base, fs::copy_options::recursive);
  return id;
}

RestoreWorld::RestoreWorld(const config::Neo4jEndpoint& endpoint, const fs::path& base, const std::string& id,
                           const std::optional<repository::SealingKey>& key)
    : workspace_(must(TemporaryDirectory::create(base, ".restore-"))),
      reader_(must(repository::PlainRepository(base).open(id))) {
  context_.emplace(recovery::RestoreContext{.configuration = configuration_,
                                            .environment = environment_,
                                            .backup = *reader_,
                                            .reporter = reporter_,
                                            .cancellation = {},
                                            .sealing_key = key,
                                            .workspace = workspace_.path(),
                                            .jobs = 2,
                                            .terminate_connections = false});
  component_ = recovery::make_neo4j_restore(endpoint, "neo4j");
}

}  // namespace summit::neo4j
