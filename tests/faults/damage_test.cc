#include <nlohmann/json.hpp>
#include <set>

#include "devtools/platform/cypher_client.h"
#include "devtools/platform/postgres_client.h"
#include "devtools/platform/redis_client.h"
#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

// Something in every store that no backup has: it is gone as soon as a restore touches the store.
class Canary {
 public:
  explicit Canary(platform::Platform& platform) : platform_(platform) {
    postgres("CREATE TABLE canary (id integer)");
    redis({"SET", "canary", "sings"});
    cypher("CREATE (:Canary)");
  }
  ~Canary() {
    postgres("DROP TABLE IF EXISTS canary");
    redis({"DEL", "canary"});
    cypher("MATCH (c:Canary) DELETE c");
  }
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;

  bool sings() const {
    auto client = platform::PostgresClient::connect(platform_.postgres().endpoint());
    if (!client.ok()) return false;
    const auto table = client->value("SELECT (to_regclass('canary') IS NOT NULL)::text");
    return table.ok() && *table == "true" && redis({"GET", "canary"}).text == "sings" &&
           cypher("MATCH (c:Canary) RETURN count(c)") == 1;
  }

 private:
  void postgres(const std::string& statement) const {
    auto client = platform::PostgresClient::connect(platform_.postgres().endpoint());
    ASSERT_TRUE(client.ok()) << client.error().to_string();
    const auto done = client->execute(statement);
    EXPECT_TRUE(done.ok()) << done.error().to_string();
  }
  platform::RedisReply redis(const std::vector<std::string>& words) const {
    auto client = platform::RedisClient::connect(platform_.redis().endpoint());
    EXPECT_TRUE(client.ok());
    auto reply = client->command(words);
    EXPECT_TRUE(reply.ok());
    return reply.ok() ? *reply : platform::RedisReply{};
  }
  int64_t cypher(const std::string& statement) const {
    platform::CypherClient client(platform_.neo4j().endpoint());
    auto rows = client.run(statement, nlohmann::json::object());
    EXPECT_TRUE(rows.ok()) << rows.error().to_string();
    return rows.ok() && !rows->empty() ? rows->at(0).at(0).get<int64_t>() : 0;
  }

  platform::Platform& platform_;
};

// "postgres-full.dump" and "neo4j.dump" are different formats, two ".tar.zst" are one.
std::string format_of(const std::string& artifact) {
  return artifact.ends_with(".tar.zst") ? ".tar.zst" : artifact;
}

TEST(Damage, AFlippedBitInAnyArtifactIsNamedByVerifyAndRefusedByRestoreBeforeAnyStoreIsTouched) {
  auto& world = World::shared();
  const auto base = world.new_base("damage");
  const std::string base_option = "--backup-base=" + base.string();
  const auto made = world.run({base_option, "backup", "--set=full"});
  ASSERT_EQ(made.exit_code, 0) << made;
  const auto id = world.ids(base).at(0);
  const Canary canary(world.platform());

  std::set<std::string> formats;
  int artifacts = 0;
  const auto metadata = world.metadata(base / id);
  for (const auto& component : metadata.at("components")) {
    for (const auto& artifact : component.at("artifacts")) {
      const auto name = artifact.at("name").get<std::string>();
      flip_bit(base / id / name);
      const auto verify = world.run({base_option, "verify", id});
      EXPECT_EQ(verify.exit_code, 20) << name << ": " << verify;
      EXPECT_NE((verify.out + verify.err).find(name), std::string::npos) << name << ": " << verify;
      // Artifacts of one format are alike to a restore: one of each is tried.
      if (formats.insert(format_of(name)).second) {
        const auto restore = world.run({base_option, "restore", id, "--no-safety-backup"});
        EXPECT_EQ(restore.exit_code, 20) << name << ": " << restore;
        EXPECT_NE(restore.err.find(name + " of backup " + id + " is damaged"), std::string::npos) << restore;
        EXPECT_NE(restore.err.find("hint: summit-dr verify " + id), std::string::npos) << restore;
        EXPECT_TRUE(canary.sings()) << "the restore of a damaged " << name << " touched a store: " << restore;
      }
      flip_bit(base / id / name);
      ++artifacts;
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GE(artifacts, 10);
  EXPECT_GE(formats.size(), 6U);
  EXPECT_EQ(world.run({base_option, "verify", id}).exit_code, 0);
}

}  // namespace
}  // namespace summit::e2e
