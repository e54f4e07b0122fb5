// The Redis components of a backup and of a restore, as the runners call them, on real servers.
#include "recovery/redis_restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/redis_component.h"
#include "core/process.h"
#include "core/wait.h"
#include "repository/backup_id.h"
#include "repository/backup_repository.h"
#include "stores/redis/marker.h"
#include "stores/redis/own_keys.h"
#include "tests/masking/make_rules.h"
#include "tests/stores/redis/helper/world.h"

namespace summit::recovery {
namespace {

using redis::run;
using redis::start_server;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const config::EnvironmentMarker kMarker{"dev", "dev", "2026-11-21T03:00:00Z",
                                        "0123456789abcdef0123456789abcdef"};

template <typename T>
T expect_ok(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  return std::move(result).value();
}

class RedisComponents : public testing::Test {
 protected:
  // Prepare, cut, transfer, commit. Gives the backup's id.
  Result<std::string> back_up(const config::RedisEndpoint& source, config::ComponentSpec spec = {}) {
    ASSIGN_OR_RETURN(auto writer,
                     repository::PlainRepository(directory_.path()).begin_new(now(), [](Instant instant) {
                       return repository::make_backup_id("full", "", instant);
                     }));
    const auto component = backup::make_redis_component(spec, source, "redis");
    backup::CaptureContext context{.configuration = configuration_,
                                   .environment = environment_,
                                   .writer = *writer,
                                   .reporter = reporter_,
                                   .cancellation = {},
                                   .sealing_key = {},
                                   .jobs = 2};
    RETURN_IF_ERROR(component->predict_size(context));
    RETURN_IF_ERROR(component->prepare(context));
    ASSIGN_OR_RETURN(const Instant instant, component->cut(context));
    ASSIGN_OR_RETURN(auto record, component->transfer(context));
    record.name = component->name();
    record.kind = component->kind();
    if (!record.instant) record.instant = instant;
    record.status = repository::Status::kComplete;
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

  // Calls `step` with the restore component of the backup and its context.
  template <typename Step>
  auto with_restore(const std::string& id, const config::RedisEndpoint& target, Step step) {
    const auto reader = expect_ok(repository::PlainRepository(directory_.path()).open(id));
    RestoreContext context{.configuration = configuration_,
                           .environment = environment_,
                           .backup = *reader,
                           .reporter = reporter_,
                           .cancellation = {},
                           .sealing_key = {},
                           .workspace = directory_.path(),
                           .jobs = 2,
                           .terminate_connections = false};
    const auto component = make_redis_restore(target, "redis");
    return step(*component, context);
  }
  Result<void> restore_to(const std::string& id, const config::RedisEndpoint& target) {
    return with_restore(id, target,
                        [&](auto& component, auto& context) { return component.restore(context, kMarker); });
  }
  std::vector<Difference> compare_with(const std::string& id, const config::RedisEndpoint& target) {
    return with_restore(
        id, target, [&](auto& component, auto& context) { return expect_ok(component.compare(context)); });
  }
  repository::ComponentRecord record_of(const std::string& id) {
    return expect_ok(repository::PlainRepository(directory_.path()).open(id))->metadata().components.front();
  }
  fs::path artifact_of(const std::string& id) const { return directory_.path() / id / "redis.rdb"; }

  static masking::Session session() {
    masking::Session session;
    session.rules = expect_ok(masking::read_rules("key: {env: K}\nrules: {redis: []}\n"));
    session.key = masking::test_key();
    return session;
  }

  TemporaryDirectory directory_ =
      expect_ok(TemporaryDirectory::create(fs::temp_directory_path(), "summit-redis-"));
  SilentReporter reporter_;
  config::Configuration configuration_;
  config::Environment environment_;
};

TEST_F(RedisComponents, EverythingComesBackAndComparesEqual) {
  const auto source = start_server();
  redis::Connection connection = redis::connect(*source);
  redis::fill_with_everything(connection);
  ASSERT_TRUE(redis::write_marker(
                  connection, {"other", "dev", "2026-11-21T03:00:00Z", "ffffffffffffffffffffffffffffffff"})
                  .ok());
  const std::string id = expect_ok(back_up(source->endpoint()));
  const auto record = record_of(id);
  EXPECT_THAT(record.server_version, HasSubstr("7."));
  EXPECT_EQ(record.details.at("rdb_version"), "10");
  EXPECT_THAT(record.notes, IsEmpty());
  EXPECT_EQ(expect_ok(read_file(artifact_of(id))).find(redis::kEnvironmentKey), std::string::npos)
      << "the marker stays out of the backup";

  const auto target = start_server({{"hash-max-listpack-entries", "2"}});
  run(*target, {"SET", "old", "data"});
  const PlanStep step = with_restore(id, target->endpoint(), [](auto& component, auto& context) {
    return expect_ok(component.plan(context));
  });
  EXPECT_EQ(step.overwrites, "1 keys in database 0");
  EXPECT_EQ(step.bytes, record.artifacts.front().size);
  EXPECT_EQ(run(*target, {"GET", "old"}), "data") << "a plan changes nothing";

  const auto restored = restore_to(id, target->endpoint());
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_THAT(compare_with(id, target->endpoint()), IsEmpty());
  redis::Connection reader = redis::connect(*target);
  EXPECT_EQ(redis::read_marker(reader).value_or({}), kMarker);
  const auto probed = with_restore(id, target->endpoint(), [](auto& component, auto& context) {
    return expect_ok(component.probe(context));
  });
  EXPECT_THAT(probed, Contains(HasSubstr("answers PING")));
}

TEST_F(RedisComponents, TheComparisonNamesWhatDiffers) {
  const auto server = start_server();
  redis::Connection connection = redis::connect(*server);
  redis::fill_with_everything(connection);
  const std::string id = expect_ok(back_up(server->endpoint()));
  EXPECT_THAT(compare_with(id, server->endpoint()), IsEmpty());
  run(connection, {"HSET", "hash", "f", "changed"});
  run(connection, {"FUNCTION", "FLUSH"});
  const auto differences = compare_with(id, server->endpoint());
  ASSERT_EQ(differences.size(), 2U);
  EXPECT_EQ(differences[0].what, "redis functions libraries");
  EXPECT_EQ(differences[0].found, "nothing");
  EXPECT_EQ(differences[1].what, "redis key_space db0");
}

TEST_F(RedisComponents, KeysThatExpireMeanwhileAreNoDifference) {
  const auto source = start_server();
  run(*source, {"SET", "stays", "1"});
  run(*source, {"SET", "gone before the restore", "1", "PX", "500"});
  run(*source, {"SET", "gone after the restore", "1", "PX", "4000"});
  const std::string id = expect_ok(back_up(source->endpoint()));
  EXPECT_EQ(record_of(id).fingerprints.front().count, 3U);
  ASSERT_TRUE(pause_for(std::chrono::milliseconds(600), {}).ok());
  const auto target = start_server();
  ASSERT_TRUE(restore_to(id, target->endpoint()).ok());
  EXPECT_EQ(run(*target, {"EXISTS", "gone before the restore"}), "0");
  EXPECT_THAT(compare_with(id, target->endpoint()), IsEmpty());
  ASSERT_TRUE(pause_for(std::chrono::milliseconds(3600), {}).ok());
  EXPECT_EQ(run(*target, {"EXISTS", "gone after the restore"}), "0");
  EXPECT_THAT(compare_with(id, target->endpoint()), IsEmpty());
}

TEST_F(RedisComponents, PatternsOfTheSetStayOutOfTheBackup) {
  const auto source = start_server();
  run(*source, {"SET", "session:1", "secret"});
  run(*source, {"SET", "tmp:x", "1"});
  run(*source, {"SET", "cache:1", "kept"});
  config::ComponentSpec spec;
  spec.exclude_keys = {"session:*", "tmp:?"};
  const std::string id = expect_ok(back_up(source->endpoint(), spec));
  const auto record = record_of(id);
  EXPECT_EQ(record.details.at("keys_excluded"), "2");
  EXPECT_THAT(record.notes, Contains(HasSubstr("2 keys")));
  const auto target = start_server();
  ASSERT_TRUE(restore_to(id, target->endpoint()).ok());
  EXPECT_EQ(run(*target, {"EXISTS", "session:1", "tmp:x", "cache:1"}), "1");
  EXPECT_THAT(compare_with(id, target->endpoint()), IsEmpty());
}

TEST_F(RedisComponents, TheSelectionOfTheSetLimitsTypesDatabasesAndTimes) {
  const auto source = start_server();
  redis::Connection connection = redis::connect(*source);
  run(connection, {"SET", "string", "1"});
  run(connection, {"HSET", "hash", "f", "v"});
  run(connection, {"SET", "soon", "1", "EX", "60"});
  run(connection, {"SET", "later", "1", "EX", "86400"});
  run(connection, {"SELECT", "3"});
  run(connection, {"SET", "elsewhere", "1"});
  config::ComponentSpec spec;
  spec.keys.types = {"string"};
  spec.keys.excluded_databases = {3};
  spec.keys.expires_within = std::chrono::minutes(5);
  const std::string id = expect_ok(back_up(source->endpoint(), spec));
  EXPECT_EQ(record_of(id).details.at("keys_excluded"), "3");
  const auto target = start_server();
  ASSERT_TRUE(restore_to(id, target->endpoint()).ok());
  EXPECT_EQ(run(*target, {"EXISTS", "string", "later"}), "2");
  EXPECT_EQ(run(*target, {"EXISTS", "hash", "soon"}), "0");
  EXPECT_THAT(compare_with(id, target->endpoint()), IsEmpty());
}

// Only a server that evicts by age writes it down.
TEST_F(RedisComponents, TheSelectionOfTheSetLeavesOutWhatNobodyAskedForLately) {
  const auto source = start_server();
  redis::Connection connection = redis::connect(*source);
  // Without a delay before the snapshot, in which the new one would age, too.
  run(connection, {"CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "repl-diskless-sync-delay", "0"});
  // Small numbers are one object for all keys, as old as its server.
  run(connection, {"SET", "old", "a text"});
  ASSERT_TRUE(pause_for(std::chrono::milliseconds(3300), {}).ok());
  run(connection, {"SET", "new", "a text"});
  config::ComponentSpec spec;
  spec.keys.idle_for = std::chrono::seconds(2);
  const std::string id = expect_ok(back_up(source->endpoint(), spec));
  EXPECT_EQ(record_of(id).details.at("keys_excluded"), "1");
  const auto target = start_server();
  ASSERT_TRUE(restore_to(id, target->endpoint()).ok());
  EXPECT_EQ(run(*target, {"EXISTS", "new"}), "1");
  EXPECT_EQ(run(*target, {"EXISTS", "old"}), "0");
}

// Whoever may not take rights from others cannot keep them out: the plan says so, before any store is
// touched.
TEST_F(RedisComponents, AMaskedRestoreIntoAServerThatCannotBeClosedIsRefusedByItsPlan) {
  const auto source = start_server();
  run(*source, {"SET", "settings:theme", "dark"});
  const auto id = expect_ok(back_up(source->endpoint()));
  const auto target = start_server();
  run(*target, {"SET", "of the target", "v"});
  run(*target, {"ACL", "SETUSER", "backup", "on", ">secret", "~*", "&*", "+@all", "-acl"});
  const auto users = run(*target, {"ACL", "LIST"});
  auto denied = target->endpoint();
  denied.user = "backup";
  denied.password = Secret("secret");
  const auto planned = with_restore(id, denied, [&](auto& component, auto& context) {
    const auto masking = session();
    context.masking = &masking;
    return component.plan(context);
  });
  ASSERT_FALSE(planned.ok());
  EXPECT_EQ(planned.error().code(), Code::kRefused) << planned.error().to_string();
  EXPECT_THAT(planned.error().to_string(), HasSubstr("--datastores"));
  EXPECT_EQ(run(*target, {"GET", "of the target"}), "v");
  EXPECT_EQ(run(*target, {"ACL", "LIST"}), users);
}

TEST_F(RedisComponents, AMaskedServerIsClosedUntilItIsRevealedAndStaysSoWhenItIsLocked) {
  const auto source = start_server();
  run(*source, {"SET", "settings:theme", "dark"});
  const auto id = expect_ok(back_up(source->endpoint()));
  for (const bool leaks : {false, true}) {
    const auto target = start_server();
    with_restore(id, target->endpoint(), [&](auto& component, auto& context) {
      const auto masking = session();
      context.masking = &masking;
      expect_ok(component.plan(context));
      TargetDoors doors(directory_.path(),
                        {.environment = "dev", .restore = "r", .reason = "a test", .stores = {}}, {});
      EXPECT_TRUE(component.close(context, doors).ok());
      EXPECT_TRUE(component.restore(context, {}).ok());
      EXPECT_THAT(run(*target, {"GET", "settings:theme"}), HasSubstr("NOPERM"));
      if (leaks) {
        const auto locked = component.lock(context);
        EXPECT_TRUE(locked.ok()) << locked.error().to_string();
        EXPECT_THAT(locked->caveat, HasSubstr("keep it stopped"));
      } else {
        EXPECT_TRUE(component.reveal(context, doors).ok());
      }
      return 0;
    });
    const auto seen = run(*target, {"GET", "settings:theme"});
    EXPECT_THAT(seen, leaks ? HasSubstr("NOPERM") : HasSubstr("dark"));
    const auto record = expect_ok(read_lock(directory_.path(), "dev"));
    ASSERT_EQ(record.has_value(), leaks);
    if (!leaks) continue;
    environment_.redis = {target->endpoint()};
    const auto opened = unlock(directory_.path(), *record, environment_, {});
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    EXPECT_EQ(run(*target, {"GET", "settings:theme"}), "dark");
    EXPECT_THAT(run(*target, {"ACL", "LIST"}), testing::Not(HasSubstr("summit-dr")));
  }
}

TEST_F(RedisComponents, ADamagedArtifactIsRefusedBeforeTheTargetIsTouched) {
  const auto server = start_server();
  redis::Connection connection = redis::connect(*server);
  redis::fill_with_everything(connection);
  const std::string id = expect_ok(back_up(server->endpoint()));
  std::string content = expect_ok(read_file(artifact_of(id)));
  content[content.size() / 3] = static_cast<char>(content[content.size() / 3] ^ 1);
  ASSERT_TRUE(write_file_durably(artifact_of(id), content).ok());
  run(connection, {"SET", "since then", "kept"});
  const auto restored = restore_to(id, server->endpoint());
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kCorrupt) << restored.error().message();
  EXPECT_EQ(run(connection, {"GET", "since then"}), "kept");
}

TEST_F(RedisComponents, AnUnfinishedRestoreIsSaidByProbePlanAndTheNextBackup) {
  const auto server = start_server();
  redis::Connection connection = redis::connect(*server);
  run(connection, {"SET", "key", "value"});
  const std::string id = expect_ok(back_up(server->endpoint()));
  run(connection, {"SET", redis::kIncompleteKey, "2026-11-21T03:00:00Z"});
  with_restore(id, server->endpoint(), [](auto& component, auto& context) {
    const auto probed = component.probe(context);
    EXPECT_FALSE(probed.ok());
    EXPECT_FALSE(probed.error().hint().empty());
    EXPECT_THAT(expect_ok(component.plan(context)).notes, Contains(HasSubstr("did not finish")));
    return 0;
  });
  const std::string next = expect_ok(back_up(server->endpoint()));
  EXPECT_THAT(record_of(next).notes, Contains(HasSubstr("did not finish")));
  EXPECT_EQ(record_of(next).fingerprints, record_of(id).fingerprints);
}

TEST_F(RedisComponents, FailuresOfABackupLeaveNothingBehind) {
  const auto server = start_server();
  auto endpoint = server->endpoint();
  endpoint.password = Secret("wrong");
  const auto denied = back_up(endpoint);
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code(), Code::kDenied);
  endpoint = server->endpoint();
  ASSERT_TRUE(server->stop().ok());
  const auto unreachable = back_up(endpoint);
  ASSERT_FALSE(unreachable.ok());
  EXPECT_EQ(unreachable.error().code(), Code::kUnreachable);
  EXPECT_THAT(expect_ok(repository::PlainRepository(directory_.path()).list()), IsEmpty());
}

}  // namespace
}  // namespace summit::recovery
