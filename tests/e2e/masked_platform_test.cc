// Production into a development platform of its own, all stores, in place: by the documented commands,
// through kills, and without one original byte below the platform's directories.
#include <gmock/gmock.h>

#include <csignal>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <utility>

#include "core/wait.h"
#include "devtools/platform/cypher_client.h"
#include "devtools/platform/dotenv.h"
#include "devtools/platform/postgres_client.h"
#include "devtools/platform/redis_client.h"
#include "tests/e2e/masked_production.h"

namespace summit::e2e {
namespace {

using std::chrono::milliseconds;

const std::string kLongAddress = MaskedProduction::kLongAddress;
const std::string kLongNote = MaskedProduction::kLongNote;

// Of each of `texts`, a file below `directory` that has it in its name or among its bytes, if there is one.
std::map<std::string, fs::path> files_with(const std::vector<std::string>& texts, const fs::path& directory) {
  std::map<std::string, fs::path> found;
  if (!fs::exists(directory)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_symlink() || !entry.is_regular_file()) continue;
    const auto name = entry.path().filename().string();
    const auto content = read_text(entry.path());
    for (const auto& text : texts) {
      if (name.find(text) != std::string::npos ||
          ::memmem(content.data(), content.size(), text.data(), text.size()))
        found.emplace(text, entry.path());
    }
  }
  return found;
}

// The platform has never held anything else. The cases look at it in turn; the last one stops it.
class MaskedPlatform : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto& production = MaskedProduction::shared();
    auto created = platform::Platform::create();
    ASSERT_TRUE(created.ok()) << created.error().to_string();
    platform_ = *std::move(created);
    config_ = production.configured("masked-platform");
    const auto project = MaskedProduction::directory_of(config_).parent_path();
    ASSERT_TRUE(platform::write_dotenv_block(project / ".env", platform_->environment()).ok());
    fs::create_directories(project / "tmp");
    write_text(
        project / "index.sh",
        "printf '%s %s %s' \"$SUMMIT_DR_ENVIRONMENT\" \"$POSTGRES_PORT\" \"$ELASTICSEARCH_URL\" > \"$1\"\n");
    const auto adopted =
        World::shared().run({config_, production.base_option(), "env", "adopt", "dev", "--yes"});
    ASSERT_EQ(adopted.exit_code, 0) << adopted;
    restore_ = World::shared().run_program({"./scripts/restore-enhanced.sh", production.id(), "--env=dev"},
                                           script_variables());
    ASSERT_EQ(restore_.exit_code, 0) << restore_;
  }
  static void TearDownTestSuite() { platform_.reset(); }

  static Variables variables() {
    auto variables = MaskedProduction::key();
    const auto project = MaskedProduction::directory_of(config_).parent_path();
    variables["TMPDIR"] = project / "tmp";
    variables["ELASTICSEARCH_URL"] = "http://127.0.0.1:9";
    variables["ELASTICSEARCH_REINDEX_COMMAND"] =
        "/bin/sh " + (project / "index.sh").string() + " " + (project / "indexed").string();
    return variables;
  }
  static Variables script_variables() {
    auto script = variables();
    script["SUMMIT_DR_CONFIG"] = MaskedProduction::directory_of(config_);
    script["BACKUP_BASE"] = MaskedProduction::shared().base();
    return script;
  }

  static std::string ask(const std::string& sql, const std::string& database = "") {
    auto client = platform::PostgresClient::connect(platform_->postgres().endpoint(), database);
    if (!client.ok()) return client.error().to_string();
    const auto answer = client->value(sql);
    return answer.ok() ? *answer : answer.error().to_string();
  }
  // The answer, or the server's words.
  static std::string redis_says(const std::vector<std::string>& words, const std::string& db = "0") {
    auto client = platform::RedisClient::connect(platform_->redis().endpoint());
    if (!client.ok()) return client.error().to_string();
    auto selected = client->command({"SELECT", db});
    if (!selected.ok()) return selected.error().to_string();
    const auto reply = client->command(words);
    if (!reply.ok()) return reply.error().to_string();
    return reply->text.value_or(std::to_string(reply->integer));
  }

  // For the kills: a restore is killed at a moment, others look at the target, and the next one follows.
  std::vector<std::string> words(const std::string& datastores) const {
    return {config_,
            base_,
            "restore",
            "latest",
            "--env=dev",
            "--datastores=" + datastores,
            "--no-safety-backup",
            "--terminate-connections"};
  }

  // True when the moment came before the end.
  bool kill_when(const std::function<bool()>& moment, const std::string& datastores = kBothDatabases) {
    fs::remove(log_);
    auto process = world_.start_with_log(words(datastores), log_, variables());
    const auto is_over = [&]() -> Result<bool> { return !process.running() || moment(); };
    EXPECT_TRUE(wait_until(is_over, "the moment", std::chrono::minutes(5), milliseconds(2), {}).ok());
    const bool ran = process.running();
    ::kill(process.pid(), SIGKILL);
    EXPECT_TRUE(process.wait().ok());
    return ran;
  }

  bool said(const std::string& text) const {
    return fs::exists(log_) && read_text(log_).find(text) != std::string::npos;
  }
  fs::path lock() const { return MaskedProduction::shared().base() / ".locks/dev.json"; }

  // Marks what is there now, in both stores.
  void mark() {
    ask("CREATE TABLE before_the_kill (id integer)");
    ASSERT_EQ(redis_says({"SET", "settings:before", "dark"}), "OK");
  }
  // Old data whole, or nothing.
  void expect_nobody_reads_what_is_not_certified() {
    EXPECT_EQ(ask("SELECT count(*) FROM before_the_kill"), "0");
    const auto seen = redis_says({"GET", "settings:before"});
    EXPECT_TRUE(seen == "dark" || seen.find("NOPERM") != std::string::npos) << seen;
    const auto unmasked =
        world_.run({config_, base_, "restore", "latest", "--env=dev", "--sanitize=false"}, variables());
    EXPECT_EQ(unmasked.exit_code, 1) << unmasked;
  }
  void expect_a_certificate(const std::string& datastores) {
    Ran ran;
    // PostgreSQL sees the end of a killed client when its present statement ends.
    for (int attempt = 0; attempt < 60; ++attempt) {
      ran = world_.run(words(datastores), variables());
      if (ran.exit_code != 11) break;
      std::this_thread::sleep_for(milliseconds(300));
    }
    EXPECT_EQ(ran.exit_code, 0) << ran;
    EXPECT_NE(ran.out.find("certificate: "), std::string::npos) << ran;
    EXPECT_FALSE(fs::exists(lock()));
  }
  void expect_the_next_one_is_certified() {
    expect_a_certificate(kBothDatabases);
    EXPECT_EQ(ask("SELECT to_regclass('before_the_kill') IS NULL"), "t");
    EXPECT_EQ(ask("SELECT count(*) FROM pg_database WHERE datname ~ '_(restoring|replaced)_'"), "0");
    EXPECT_EQ(redis_says({"EXISTS", "settings:before"}), "0");
    EXPECT_EQ(redis_says({"GET", "settings:900001"}), kLongNote);
    EXPECT_EQ(redis_says({"EXISTS", "summit-dr:restore-incomplete"}), "0");
  }

  static fs::path project() { return MaskedProduction::directory_of(config_).parent_path(); }

  // The number of nodes, or the words of a server that does not tell.
  static std::string graph_size() {
    const auto rows = run_cypher(*platform_, "MATCH (n) RETURN count(n)");
    return rows.is_array() && !rows.empty() ? rows.at(0).at(0).dump() : rows.dump();
  }
  static std::vector<std::string> leftovers_of_exchanges() {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(platform_->neo4j().endpoint().home / "data")) {
      const auto name = entry.path().filename().string();
      if (name.starts_with("summit-dr-") || name.find(".replaced-") != std::string::npos)
        found.push_back(entry.path());
    }
    return found;
  }

  static constexpr const char* kBothDatabases = "postgres,redis";
  World& world_ = World::shared();
  std::string base_ = MaskedProduction::shared().base_option();
  fs::path log_ = project() / "restore.log";
  // NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): GoogleTest's way
  static inline std::unique_ptr<platform::Platform> platform_{};
  static inline std::string config_{};
  static inline Ran restore_{};
  // NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
};

TEST_F(MaskedPlatform, TheRestoreOfAllStoresEndsWithACertificateThatCanBeChecked) {
  const std::string mark = "certificate: ";
  const auto begin = restore_.out.find(mark);
  ASSERT_NE(begin, std::string::npos) << restore_;
  const auto path =
      restore_.out.substr(begin + mark.size(), restore_.out.find('\n', begin) - begin - mark.size());
  const auto checked = world_.run({config_, base_, "mask", "verify-certificate", path});
  EXPECT_EQ(checked.exit_code, 0) << checked;
  const auto searched = nlohmann::json::parse(read_text(path)).at("certificate").at("searched");
  for (const char* store : {"postgresql", "neo4j", "redis", "files"})
    EXPECT_GT(searched.at(store).at("elements").get<uint64_t>(), 0U) << store;
}

TEST_F(MaskedPlatform, PostgreSqlHasTheDocumentedValues) {
  EXPECT_EQ(ask("SELECT email || ' ' || phone FROM users WHERE id = 7"), "dev_7@example.com +1-555-0000007");
  EXPECT_EQ(
      ask("SELECT count(*) FROM configuration WHERE name LIKE '%_KEY' AND value NOT LIKE 'dev_test_key_%'"),
      "0");
  EXPECT_EQ(ask("SELECT count(*) FROM pg_database WHERE datname ~ '_(restoring|replaced)_'"), "0");
}

TEST_F(MaskedPlatform, TheGraphHasTheDocumentedValues) {
  const auto one = [](const std::string& statement) {
    const auto rows = run_cypher(*platform_, statement);
    return rows.is_array() && !rows.empty() ? rows.at(0).at(0) : rows;
  };
  EXPECT_EQ(one("MATCH (u:User) WHERE NOT u.email ENDS WITH '@example.com' RETURN count(u)"), 0);
  EXPECT_GT(one("MATCH (u:User) RETURN count(DISTINCT u.email)"), 10);
  EXPECT_EQ(one("MATCH (n) WHERE NOT n.phone =~ '.1-555-[0-9]{1,7}' RETURN count(n)"), 0);
  EXPECT_EQ(one("MATCH (n) WHERE n.classified <> '[REDACTED FOR DEV/TEST]' RETURN count(n)"), 0);
  EXPECT_EQ(one("MATCH (n:Classified) RETURN count(n)"), 0);
  EXPECT_EQ(one("MATCH (n:DevData:User {id: 900001}) RETURN count(n)"), 1);
}

// By hand, as `mask sql` prints the rules: on a node of its own in the graph that is masked already.
TEST_F(MaskedPlatform, ThePrintedCypherGivesTheDocumentedValues) {
  const auto printed = world_.run({config_, "mask", "sql", "--store=neo4j", "--level=full"});
  ASSERT_EQ(printed.exit_code, 0) << printed;
  const auto made =
      run_cypher(*platform_,
                 "CREATE (n:User:Classified {id: 900002, email: 'eve@corp.org', phone: '+47 1', "
                 "classified: 'TS'}) RETURN id(n)");
  ASSERT_TRUE(made.is_array()) << made;
  std::istringstream lines(printed.out);
  std::string statement;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("//")) continue;
    statement += line + '\n';
    if (!line.ends_with(';')) continue;
    statement.erase(statement.rfind(';'));
    const auto done = run_cypher(*platform_, std::exchange(statement, {}));
    EXPECT_TRUE(done.is_array()) << done << printed;
  }
  const auto rows =
      run_cypher(*platform_, "MATCH (n:User {id: 900002}) RETURN n.email, n.phone, n.classified, labels(n)");
  const auto id = made.at(0).at(0).dump();
  EXPECT_EQ(rows, nlohmann::json::array({nlohmann::json::array(
                      {"dev_" + id + "@example.com", "+1-555-" + id, "[REDACTED FOR DEV/TEST]",
                       nlohmann::json::array({"User", "DevData"})})}));
  EXPECT_TRUE(run_cypher(*platform_, "MATCH (n:User {id: 900002}) DELETE n").is_array());
}

TEST_F(MaskedPlatform, TheSamePersonIsTheSameInEveryStore) {
  const auto name = ask("SELECT name FROM users WHERE id = 7");
  EXPECT_NE(name, MaskedProduction::ask("SELECT name FROM users WHERE id = 7"));
  ASSERT_EQ(redis_says({"HGET", "user:6", "id"}), "7");
  EXPECT_EQ(redis_says({"HGET", "user:6", "name"}), name);
  const auto rows = run_cypher(*platform_, "MATCH (u:User {id: 7}) RETURN u.name");
  EXPECT_EQ(rows, nlohmann::json::array({nlohmann::json::array({name})}));
}

TEST_F(MaskedPlatform, RedisAndTheFilesAreMasked) {
  EXPECT_NE(redis_says({"HGET", "user:900001", "email"}).find("@example.com"), std::string::npos);
  EXPECT_EQ(redis_says({"EXISTS", "session:900001"}), "0");
  EXPECT_EQ(redis_says({"GET", "settings:900001"}), kLongNote);
  const auto dotenv = read_text(platform_->files_root() / ".env");
  EXPECT_NE(dotenv.find("API_KEY=dev_test_key_API_KEY"), std::string::npos) << dotenv;
  EXPECT_EQ(dotenv.find("sk_live_"), std::string::npos);
}

TEST_F(MaskedPlatform, TheSearchIndexIsBuiltFromTheMaskedStores) {
  EXPECT_EQ(read_text(project() / "indexed"),
            "dev " + std::to_string(platform_->postgres().endpoint().port) + " http://127.0.0.1:9");
  const auto plan = world_.run({config_, base_, "restore", "latest", "--env=dev", "--dry-run"}, variables());
  EXPECT_EQ(plan.exit_code, 0) << plan;
  EXPECT_NE(plan.out.find("indexed again from the masked stores, when they are certified, by `/bin/sh "),
            std::string::npos)
      << plan;
}

TEST_F(MaskedPlatform, KilledWhileRedisIsClosed_NobodyReadsItAndTheNextOneIsCertified) {
  mark();
  ASSERT_TRUE(kill_when([&] { return fs::exists(lock()); }));
  expect_nobody_reads_what_is_not_certified();
  expect_the_next_one_is_certified();
}

TEST_F(MaskedPlatform, KilledWhilePostgreSqlLoads_NobodyReadsItAndTheNextOneIsCertified) {
  mark();
  ASSERT_TRUE(kill_when([&] {
    return ask("SELECT count(*) FROM pg_database WHERE datname LIKE '%\\_restoring\\_%'", "postgres") == "1";
  }));
  expect_nobody_reads_what_is_not_certified();
  expect_the_next_one_is_certified();
}

TEST_F(MaskedPlatform, KilledWhileItIsSearched_NobodyReadsItAndTheNextOneIsCertified) {
  mark();
  ASSERT_TRUE(kill_when([&] { return said("looking for replaced values"); }));
  EXPECT_NE(redis_says({"GET", "settings:900001"}).find("NOPERM"), std::string::npos);
  expect_nobody_reads_what_is_not_certified();
  expect_the_next_one_is_certified();
}

TEST_F(MaskedPlatform, KilledWhileItIsSearched_CanBeOpenedByHandOnPurpose) {
  mark();
  ASSERT_TRUE(kill_when([&] { return said("looking for replaced values"); }));
  const auto opened = world_.run({config_, base_, "mask", "unlock", "--env=dev"});
  EXPECT_EQ(opened.exit_code, 0) << opened;
  EXPECT_EQ(redis_says({"GET", "settings:900001"}), kLongNote);
  expect_the_next_one_is_certified();
}

TEST_F(MaskedPlatform, KilledBeforeAndAfterTheGraphIsExchanged_TheNextOneIsCertified) {
  const auto before = graph_size();
  ASSERT_TRUE(kill_when([&] { return said("stopping the server"); }, "neo4j"));
  ASSERT_TRUE(kill_when([&] { return said("starting the server"); }, "neo4j"));
  expect_a_certificate("neo4j");
  EXPECT_EQ(graph_size(), before);
  EXPECT_THAT(leftovers_of_exchanges(), testing::IsEmpty());
}

// What masking lets through in a file is found before the file has its place.
TEST_F(MaskedPlatform, ALeakInAFileLeavesTheFilesAsTheyWere) {
  const auto compose = platform_->files_root() / "docker-compose.yml";
  const auto dotenv = platform_->files_root() / ".env";
  const auto of_the_restore = read_text(compose);
  write_text(compose, "# the target's own\n");
  write_text(dotenv, "API_KEY=of the target\n");
  const auto rules = MaskedProduction::directory_of(config_) / "sanitization.yaml";
  const auto sound = read_text(rules);
  write_text(rules, sound + "\ncanaries: {image: \"timescale/timescaledb-ha\"}\n");
  const auto leaking = world_.run(words("config"), variables());
  write_text(rules, sound);
  EXPECT_EQ(leaking.exit_code, 22) << leaking;
  EXPECT_NE(leaking.out.find("/docker-compose.yml holds a value of canary:image"), std::string::npos)
      << leaking;
  EXPECT_NE(leaking.out.find("\nunchanged: config: "), std::string::npos) << leaking;
  EXPECT_EQ(read_text(compose), "# the target's own\n");
  EXPECT_EQ(read_text(dotenv), "API_KEY=of the target\n");
  for (const auto& entry : fs::directory_iterator(platform_->files_root()))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".summit-restoring-")) << entry.path();
  EXPECT_EQ(world_.run(words("config"), variables()).exit_code, 1) << "locked until it is unlocked";
  EXPECT_EQ(world_.run({config_, base_, "mask", "unlock", "--env=dev"}).exit_code, 0);
  expect_a_certificate("config");
  EXPECT_EQ(read_text(compose), of_the_restore);
}

TEST_F(MaskedPlatform, KilledWhileFilesAreSearched_NobodySeesThemAndTheNextOneIsCertified) {
  const auto compose = platform_->files_root() / "docker-compose.yml";
  const auto of_the_restore = read_text(compose);
  write_text(compose, "# the target's own\n");
  // The search of a few files alone would be over before the kill comes.
  ASSERT_TRUE(kill_when([&] { return said("looking for replaced values"); }, "postgres,config"));
  EXPECT_EQ(read_text(compose), "# the target's own\n");
  expect_a_certificate("postgres,config");
  EXPECT_EQ(read_text(compose), of_the_restore);
  for (const auto& entry : fs::directory_iterator(platform_->files_root()))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".summit-restoring-")) << entry.path();
}

// The last: everything that the cases above left is looked through, after an orderly stop.
TEST_F(MaskedPlatform, NoOriginalIsInAnyFileOfThePlatform) {
  std::vector<std::string> originals{kLongAddress, MaskedProduction::kToken};
  for (const char* sql :
       {"SELECT email FROM users WHERE email NOT LIKE '%@example.com' ORDER BY id LIMIT 1 OFFSET {}",
        "SELECT phone FROM users WHERE phone IS NOT NULL ORDER BY id LIMIT 1 OFFSET {}",
        "SELECT internal_notes FROM investigations WHERE length(internal_notes) > 12 ORDER BY "
        "id LIMIT 1 OFFSET {}",
        "SELECT credit_card FROM billing WHERE credit_card IS NOT NULL ORDER BY id LIMIT 1 "
        "OFFSET {}",
        "SELECT value FROM configuration WHERE name LIKE '%_KEY' ORDER BY name LIMIT 1 OFFSET {}"}) {
    for (const int offset : {0, 3, 11})
      originals.push_back(MaskedProduction::ask(fmt::format(fmt::runtime(sql), offset)));
  }
  const auto session = read_text(world_.platform().files_root() / ".env");
  const auto key = session.find("STRIPE_SECRET_KEY=") + 18;
  originals.push_back(session.substr(key, session.find('\n', key) - key));

  ASSERT_TRUE(platform_->stop().ok());
  const std::vector<fs::path> places{platform_->root(), project(), world_.project() / "cache",
                                     MaskedProduction::shared().base() / ".restores",
                                     MaskedProduction::shared().base() / ".certificates"};
  for (const auto& original : originals) ASSERT_GE(original.size(), 8U) << original;
  for (const auto& place : places) {
    for (const auto& [original, file] : files_with(originals, place))
      ADD_FAILURE() << original << " is in " << file;
  }
  EXPECT_TRUE(files_with({kLongNote}, platform_->root()).contains(kLongNote))
      << "what no rule touches is found";
  EXPECT_TRUE(files_with({kLongNote}, platform_->neo4j().endpoint().home / "data").contains(kLongNote));
  const auto source = files_with({originals.back()}, world_.platform().root() / "platform");
  EXPECT_TRUE(source.contains(originals.back())) << "and where it came from";
}

}  // namespace
}  // namespace summit::e2e
