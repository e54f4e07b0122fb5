// A server, and the PostgreSQL components of a backup and of a restore as the runners call them.
#pragma once

#include <functional>

#include "backup/postgres_component.h"
#include "core/time.h"
#include "recovery/postgres_restore.h"
#include "repository/backup_id.h"
#include "repository/backup_repository.h"
#include "tests/recovery/leak/leak_scan_world.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::recovery {

using postgres::expect_ok;

class PostgresComponents : public postgres::PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    target_ = endpoint();
    target_.databases = {"summit"};
  }

  Result<repository::ComponentRecord> capture(backup::Component& component,
                                              repository::BackupWriter& writer) {
    SilentReporter reporter;
    backup::CaptureContext context{.configuration = configuration_,
                                   .environment = environment_,
                                   .writer = writer,
                                   .reporter = reporter,
                                   .cancellation = {},
                                   .sealing_key = {},
                                   .jobs = 2};
    RETURN_IF_ERROR(component.prepare(context));
    ASSIGN_OR_RETURN(const auto instant, component.cut(context));
    ASSIGN_OR_RETURN(auto record, component.transfer(context));
    record.name = component.name();
    record.kind = component.kind();
    record.instant = instant;
    record.status = repository::Status::kComplete;
    return record;
  }

  // Prepare, cut, transfer, commit; `edit` may change what is recorded. Gives the backup's id.
  Result<std::string> back_up(const config::PostgresEndpoint& source, const std::string& name = "postgresql",
                              const config::ComponentSpec& spec = {},
                              const std::function<void(repository::ComponentRecord&)>& edit = {}) {
    ASSIGN_OR_RETURN(auto writer, repository::PlainRepository(base()).begin_new(now(), [](Instant instant) {
      return repository::make_backup_id("full", "", instant);
    }));
    auto component = backup::make_postgres_component(spec, source, name);
    ASSIGN_OR_RETURN(auto record, capture(*component, *writer));
    if (edit) edit(record);
    repository::BackupMetadata metadata;
    metadata.id = writer->id();
    metadata.set = "full";
    metadata.environment = metadata.environment_class = "test";
    metadata.layout = "plain";
    metadata.started = metadata.finished = now();
    metadata.status = repository::Status::kComplete;
    metadata.components.push_back(std::move(record));
    RETURN_IF_ERROR(writer->commit(metadata));
    return metadata.id;
  }

  fs::path base() const { return directory() / "backups"; }

  // Calls `step` with the restore component of the backup and its context.
  template <typename Step>
  auto with_restore(const std::string& id, const config::PostgresEndpoint& target, Step step) {
    SilentReporter reporter;
    const auto reader = expect_ok(repository::PlainRepository(base()).open(id));
    const auto workspace = expect_ok(TemporaryDirectory::create(directory(), "restore-"));
    RestoreContext context{.configuration = configuration_,
                           .environment = environment_,
                           .backup = *reader,
                           .reporter = reporter,
                           .cancellation = {},
                           .sealing_key = {},
                           .workspace = workspace.path(),
                           .jobs = 2,
                           .terminate_connections = false,
                           .databases = databases_,
                           .masking = masking_,
                           .count_rows = count_rows_};
    const auto component = make_postgres_restore(target, reader->metadata().components.front().name);
    return step(*component, context);
  }
  // As the runner does it when nothing was found.
  Result<void> restore_and_reveal(RestoreComponent& component, RestoreContext& context,
                                  const std::optional<config::EnvironmentMarker>& marker = {}) {
    RETURN_IF_ERROR(component.restore(context, marker));
    return search_and_reveal(component, context);
  }
  Result<void> search_and_reveal(RestoreComponent& component, RestoreContext& context) {
    TargetDoors doors(base(), {.environment = "test", .restore = {}, .reason = {}, .stores = {}}, {});
    LeakScanWorld world;
    if (context.masking) RETURN_IF_ERROR(component.search(context, world.scan()));
    return component.reveal(context, doors);
  }
  Result<void> restore_to(const std::string& id, const config::PostgresEndpoint& target,
                          const std::optional<config::EnvironmentMarker>& marker = {}) {
    return with_restore(id, target, [&](auto& component, auto& context) {
      return restore_and_reveal(component, context, marker);
    });
  }
  std::vector<Difference> compare_with(const std::string& id, const config::PostgresEndpoint& target) {
    return with_restore(
        id, target, [&](auto& component, auto& context) { return expect_ok(component.compare(context)); });
  }
  repository::ComponentRecord record_of(const std::string& id) {
    return expect_ok(repository::PlainRepository(base()).open(id))->metadata().components.front();
  }

  DatabaseMode databases_;
  const masking::Session* masking_ = nullptr;
  bool count_rows_ = false;
  config::PostgresEndpoint target_;
  config::Configuration configuration_;
  config::Environment environment_;
};

}  // namespace summit::recovery
