// Production data into development, with the shipped rules: what the framework promises, by its own queries.
#include <nlohmann/json.hpp>

#include "devtools/platform/postgres_client.h"
#include "tests/e2e/masked_production.h"
#include "tests/storage/testing/s3_world.h"

namespace summit::e2e {
namespace {

const Variables& kKey = MaskedProduction::key();

// One masked restore of production beside the platform's own database, that the cases look at in turn.
class MaskedDevelopment : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto& production = MaskedProduction::shared();
    base_ = production.base_option();
    config_ = production.configured("masked-target");
    restore_ = World::shared().run({config_, base_, "restore", "latest", "--env=dev", "--into=masked"}, kKey);
    ASSERT_EQ(restore_.exit_code, 0) << restore_;
  }
  static void TearDownTestSuite() {
    auto client = platform::PostgresClient::connect(World::shared().platform().postgres().endpoint());
    ASSERT_TRUE(client.ok());
    EXPECT_TRUE(client->execute("DROP DATABASE IF EXISTS masked").ok());
  }

  // The first column of the first row.
  std::string ask(const std::string& sql, const std::string& database = "masked") {
    auto client = platform::PostgresClient::connect(world_.platform().postgres().endpoint(), database);
    if (!client.ok()) return client.error().to_string();
    const auto answer = client->value(sql);
    return answer.ok() ? *answer : answer.error().to_string();
  }
  // In the platform's own database, which holds the originals.
  static std::string ask_source(const std::string& sql) { return MaskedProduction::ask(sql); }

  World& world_ = World::shared();
  // NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): GoogleTest's way
  static inline std::string base_{};
  static inline std::string config_{};
  static inline Ran restore_{};
  // NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
};

TEST_F(MaskedDevelopment, UsersHaveTheDocumentedAddresses) {
  EXPECT_EQ(ask("SELECT email FROM users WHERE id = 7"), "dev_7@example.com");
  EXPECT_EQ(ask("SELECT phone FROM users WHERE id = 7"), "+1-555-0000007");
  EXPECT_EQ(ask("SELECT count(*) FROM users WHERE address IS NOT NULL OR email NOT LIKE '%@example.com' OR "
                "phone NOT LIKE '+1-555-%'"),
            "0");
  EXPECT_EQ(ask("SELECT count(*) FROM users"), ask_source("SELECT count(*) FROM users"));
}

TEST_F(MaskedDevelopment, CredentialsAreTheDocumentedOnes) {
  EXPECT_EQ(
      ask("SELECT count(*) FROM configuration WHERE (name LIKE '%_KEY' OR name LIKE '%_SECRET' OR name LIKE "
          "'%_PASSWORD') AND value IS DISTINCT FROM 'dev_test_key_' || name"),
      "0");
  EXPECT_NE(ask("SELECT count(*) FROM configuration WHERE value LIKE 'dev_test_key_%'"), "0");
}

TEST_F(MaskedDevelopment, InvestigationsAndCardsAreRedacted) {
  EXPECT_EQ(ask("SELECT DISTINCT classified_info FROM investigations WHERE classified_info IS NOT NULL"),
            "[REDACTED FOR DEV/TEST]");
  EXPECT_EQ(ask("SELECT DISTINCT internal_notes FROM investigations WHERE internal_notes IS NOT NULL"),
            "[REDACTED FOR DEV/TEST]");
  EXPECT_EQ(ask("SELECT DISTINCT credit_card FROM billing WHERE credit_card IS NOT NULL"),
            "****-****-****-0000");
  EXPECT_EQ(ask("SELECT DISTINCT bank_account FROM billing WHERE bank_account IS NOT NULL"), "****0000");
}

TEST_F(MaskedDevelopment, EntitiesHaveTheDocumentedContacts) {
  EXPECT_EQ(ask("SELECT count(*) FROM entities WHERE contact_email IS NOT NULL AND (contact_email <> "
                "'entity_' || id "
                "|| '@example.com' OR phone_number <> '+1-555-' || lpad(id::text, 7, '0'))"),
            "0");
  EXPECT_EQ(
      ask("SELECT count(*) FROM entities WHERE embedding IS NOT NULL OR phone_number NOT LIKE '+1-555-%'"),
      "0");
}

TEST_F(MaskedDevelopment, AuditLogsAreTheNewestHashedAndLinked) {
  EXPECT_EQ(
      ask("SELECT count(*) FROM audit_logs WHERE user_ip !~ '^[0-9a-f]{32}$' OR session_data IS NOT NULL"),
      "0");
  EXPECT_EQ(ask("SELECT count(*) FROM (SELECT prev_hash, lag(hash) OVER (ORDER BY seq) AS before FROM "
                "audit_logs) a "
                "WHERE before IS NOT NULL AND prev_hash <> before"),
            "0");
  const auto count = std::stoi(ask("SELECT count(*) FROM audit_logs"));
  const auto all = std::stoi(ask_source("SELECT count(*) FROM audit_logs"));
  EXPECT_GT(count, all / 3);
  EXPECT_LT(count, all * 2 / 3);
  EXPECT_EQ(ask("SELECT min(ts) FROM audit_logs"),
            ask_source("SELECT min(ts) FROM (SELECT ts FROM audit_logs ORDER BY ts DESC LIMIT " +
                       std::to_string(count) + ") newest"));
}

TEST_F(MaskedDevelopment, DifferentNamesStayDifferent) {
  EXPECT_EQ(ask("SELECT count(*) FROM users WHERE name LIKE '%@%' OR name = ''"), "0");
  EXPECT_EQ(ask("SELECT count(DISTINCT name) FROM users"),
            ask_source("SELECT count(DISTINCT name) FROM users"));
}

TEST_F(MaskedDevelopment, ReducedTablesKeepAboutATenthAndCriticalOnesAll) {
  for (const char* table : {"tenants", "investigations", "entities", "runs", "tasks", "runbooks"}) {
    const auto count = std::string("SELECT count(*) FROM ") + table;
    EXPECT_EQ(ask(count), ask_source(count)) << table;
  }
  const auto results = std::stoi(ask("SELECT count(*) FROM results"));
  const auto all = std::stoi(ask_source("SELECT count(*) FROM results"));
  EXPECT_GT(results, all / 20);
  EXPECT_LT(results, all / 5);
}

// Both are hypertables: their chunks are reduced, too.
TEST_F(MaskedDevelopment, EventsAreTheNewestAndTracesASample) {
  EXPECT_EQ(
      ask("SELECT count(*) FROM timescaledb_information.hypertables WHERE hypertable_name IN ('events', "
          "'analytics_traces')"),
      "2");
  const auto count = ask("SELECT count(*) FROM events");
  EXPECT_EQ(ask("SELECT min(time) FROM events"),
            ask_source("SELECT min(time) FROM (SELECT time FROM events ORDER BY time DESC LIMIT " + count +
                       ") newest"));
  EXPECT_GT(std::stoi(count), std::stoi(ask_source("SELECT count(*) / 3 FROM events")));
  EXPECT_LT(std::stoi(count), std::stoi(ask_source("SELECT count(*) * 2 / 3 FROM events")));
  const auto traces = std::stoi(ask("SELECT count(*) FROM analytics_traces"));
  const auto all = std::stoi(ask_source("SELECT count(*) FROM analytics_traces"));
  EXPECT_GT(traces, all / 20);
  EXPECT_LT(traces, all / 5);
}

TEST_F(MaskedDevelopment, ThePlanSaysWhatIsMaskedAndHowManyRowsStay) {
  const auto ran =
      world_.run({config_, base_, "restore", "latest", "--env=dev", "--into=other", "--dry-run"}, kKey);
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_NE(ran.out.find("masked on the way in"), std::string::npos) << ran;
  EXPECT_NE(ran.out.find("public.audit_logs: "), std::string::npos) << ran;
}

TEST_F(MaskedDevelopment, TheRestoreSaysAtItsEndHowManyRowsStayed) {
  const auto kept = "kept of public.audit_logs: " + ask("SELECT count(*) FROM audit_logs") + " of " +
                    ask_source("SELECT count(*) FROM audit_logs") + " rows";
  EXPECT_NE((restore_.out + restore_.err).find(kept), std::string::npos) << kept << "\n" << restore_;
}

TEST_F(MaskedDevelopment, ThePreviewShowsWhatComesAndNoOriginalInAFile) {
  const auto ran = world_.run({config_, base_, "mask", "preview", "latest", "--env=dev", "--rows=2",
                               "--datastores=postgres,redis,config"},
                              kKey);
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_NE(ran.out.find("public.users row 1 email: dev_"), std::string::npos) << ran;
  const auto original = ask_source("SELECT phone FROM users WHERE phone IS NOT NULL ORDER BY id LIMIT 1");
  EXPECT_EQ(ran.out.find(original), std::string::npos) << ran;
  EXPECT_NE(ran.out.find("redis user:*:email value 2: "), std::string::npos) << ran;
  const auto all = world_.run({config_, base_, "mask", "preview", "latest", "--env=dev", "--rows=100",
                               "--show-originals", "--datastores=postgres"},
                              kKey);
  EXPECT_NE(all.out.find(original + " -> +1-555-"), std::string::npos) << all;
}

TEST_F(MaskedDevelopment, TheAuditOfEveryStorePassesWithTheSamplesRules) {
  const auto ruled = world_.run({config_, base_, "mask", "audit", "latest", "--env=dev"}, kKey);
  EXPECT_EQ(ruled.exit_code, 0) << ruled;
  for (const char* store : {"postgresql: ", "neo4j: ", "redis: ", "uploads: ", "secrets: "})
    EXPECT_NE(ruled.out.find(store), std::string::npos) << store << ruled;
}

TEST_F(MaskedDevelopment, TheAuditNamesTheSamplesOddTablesWithoutRulesForThem) {
  const auto shipped =
      world_.run({base_, "mask", "audit", "latest", "--env=dev", "--datastores=postgres"}, kKey);
  EXPECT_EQ(shipped.exit_code, 1) << shipped;
  EXPECT_NE(shipped.err.find("public.awkward_values.net looks private"), std::string::npos) << shipped;
  EXPECT_NE(shipped.err.find("work_email.(definition)"), std::string::npos) << shipped;
  EXPECT_EQ(shipped.err.find("public.users"), std::string::npos) << shipped;
}

// Every file that an export writes, by the stock program that reads it.
TEST_F(MaskedDevelopment, StockToolsReadTheMaskedFiles) {
  const auto handover = world_.project() / "handover";
  const auto ran = world_.run(
      {config_, base_, "export", "latest", "--masked", "--env=dev", "--to=" + handover.string()}, kKey);
  ASSERT_EQ(ran.exit_code, 0) << ran;
  EXPECT_NE(ran.err.find("secrets.enc"), std::string::npos) << "what stays out is named" << ran;
  const auto directory = fs::directory_iterator(handover)->path();
  EXPECT_TRUE(directory.string().ends_with("-masked-dev")) << directory;
  EXPECT_FALSE(fs::exists(directory / "secrets.enc"));

  ask_source("CREATE DATABASE handover");
  const auto endpoint = world_.platform().postgres().endpoint();
  const auto restored = world_.run_program(
      {(endpoint.bin_directory / "pg_restore").string(), "--no-owner", "--no-privileges", "--jobs=2",
       "--host=" + endpoint.host, "--port=" + std::to_string(endpoint.port), "--username=" + endpoint.user,
       "--dbname=handover", (directory / "postgres-full.dump").string()},
      {{"PGPASSWORD", endpoint.password.reveal()}});
  EXPECT_EQ(ask("SELECT email || ' ' || phone FROM users WHERE id = 7", "handover"),
            "dev_7@example.com +1-555-0000007")
      << restored;
  for (const char* table : {"users", "audit_logs", "entities", "billing", "tasks", "results"}) {
    const auto all =
        std::string("SELECT count(*) || ' ' || md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ") +
        table + " t";
    EXPECT_EQ(ask(all, "handover"), ask(all)) << table;
  }
  ask_source("DROP DATABASE handover");

  const auto checked =
      world_.run_program({installed("redis-7/bin/redis-server").parent_path() / "redis-check-rdb",
                          (directory / "redis.rdb").string()});
  EXPECT_EQ(checked.exit_code, 0) << checked;
  const auto home = world_.project() / "handover-neo4j";
  fs::create_directories(home / "conf");
  fs::copy_file(installed("neo4j-5/conf/neo4j.conf"), home / "conf/neo4j.conf");
  const auto loaded =
      world_.run_program({installed("neo4j-5/bin/neo4j-admin").string(), "database", "load", "neo4j",
                          "--from-path=" + directory.string()},
                         {{"NEO4J_HOME", home.string()}, {"NEO4J_CONF", (home / "conf").string()}});
  EXPECT_EQ(loaded.exit_code, 0) << loaded;
  const auto original = ask_source("SELECT email FROM users WHERE email NOT LIKE '%@example.com' LIMIT 1");
  const auto found = world_.run_program({"grep", "-rlaF", original, home.string(), directory.string()});
  EXPECT_EQ(found.exit_code, 1) << found;
}

// Where rows are cut into chunks, encrypted, and far away, they are masked to the same.
TEST_F(MaskedDevelopment, FromAnEncryptedRepositoryInABucketItIsTheSame) {
  auto& server = storage::S3World::shared().server();
  auto variables = kKey;
  variables.insert({{"AWS_ENDPOINT_URL", server.url()},
                    {"AWS_ACCESS_KEY_ID", server.access_key()},
                    {"AWS_SECRET_ACCESS_KEY", server.secret_key().reveal()},
                    {"AWS_REGION", server.region()}});
  const auto place = "s3://" + storage::S3World::shared().new_bucket(false) + "/production";
  const auto made = world_.run({config_, "--backup-base=" + place, "repository", "init"}, variables);
  ASSERT_EQ(made.exit_code, 0) << made;
  const auto copied = world_.run({config_, base_, "replicate", "latest", "--to=" + place}, variables);
  ASSERT_EQ(copied.exit_code, 0) << copied;
  const auto ran = world_.run(
      {config_, "--backup-base=" + place, "restore", "latest", "--env=dev", "--into=packed"}, variables);
  ASSERT_EQ(ran.exit_code, 0) << ran;
  for (const char* table : {"users", "audit_logs", "entities", "billing", "results", "events"}) {
    const auto all =
        std::string("SELECT count(*) || ' ' || md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ") +
        table + " t";
    EXPECT_EQ(ask(all, "packed"), ask(all)) << table;
  }
  ask_source("DROP DATABASE packed");
}

// Persons, credentials and cards are masked, what is told of them stays, and so does every row.
TEST_F(MaskedDevelopment, StagingIsMaskedMinimallyAndWhole) {
  const auto config = MaskedProduction::shared().configured("masked-staging", [](std::string& text) {
    const std::string dev = "\n  dev:\n";
    replace_line(text, dev, "    sanitization: full\n", "    sanitization: minimal\n");
    replace_line(text, dev, "    reduction_percent: 10\n", "");
    replace_line(text, dev, "    class: dev\n", "    class: staging\n");
  });
  const auto ran =
      world_.run({config, base_, "restore", "latest", "--env=dev", "--into=staging", "--sanitize"}, kKey);
  ASSERT_EQ(ran.exit_code, 0) << ran;
  EXPECT_EQ(ask("SELECT email || ' ' || phone FROM users WHERE id = 7", "staging"),
            "dev_7@example.com +1-555-0000007");
  EXPECT_EQ(ask("SELECT DISTINCT credit_card FROM billing WHERE credit_card IS NOT NULL", "staging"),
            "****-****-****-0000");
  for (const char* table : {"audit_logs", "events", "analytics_traces", "results", "billing"}) {
    const auto count = std::string("SELECT count(*) FROM ") + table;
    EXPECT_EQ(ask(count, "staging"), ask_source(count)) << table;
  }
  const auto told = "SELECT md5(string_agg(classified_info, '' ORDER BY id)) FROM investigations";
  EXPECT_EQ(ask(told, "staging"), ask_source(told));
  ask_source("DROP DATABASE staging");
}

// Where nothing is masked by itself, as in a rehearsal: then all rules count, and every row stays.
TEST_F(MaskedDevelopment, OnRequestAllRulesCountAndEveryRowStays) {
  const auto config = MaskedProduction::shared().configured("masked-wish", [](std::string& text) {
    const std::string dev = "\n  dev:\n";
    replace_line(text, dev, "    sanitization: full\n", "    sanitization: none\n");
    replace_line(text, dev, "    reduction_percent: 10\n", "");
    replace_line(text, dev, "    class: dev\n", "    class: dr_rehearsal\n");
  });
  const auto ran =
      world_.run({config, base_, "restore", "latest", "--env=dev", "--into=wish", "--sanitize=true"}, kKey);
  ASSERT_EQ(ran.exit_code, 0) << ran;
  EXPECT_EQ(
      ask("SELECT DISTINCT classified_info FROM investigations WHERE classified_info IS NOT NULL", "wish"),
      "[REDACTED FOR DEV/TEST]");
  for (const char* table : {"audit_logs", "results"}) {
    const auto count = std::string("SELECT count(*) FROM ") + table;
    EXPECT_EQ(ask(count, "wish"), ask_source(count)) << table;
  }
  ask_source("DROP DATABASE wish");
}

TEST_F(MaskedDevelopment, TestEnvironmentsKeepAFifth) {
  const auto config = MaskedProduction::shared().configured("masked-test", [](std::string& text) {
    replace_line(text, "\n  dev:\n", "    reduction_percent: 10\n", "    reduction_percent: 20\n");
  });
  const auto ran = world_.run({config, base_, "restore", "latest", "--env=dev", "--into=fifth"}, kKey);
  ASSERT_EQ(ran.exit_code, 0) << ran;
  for (const char* table : {"results", "analytics_traces"}) {
    const auto count = std::string("SELECT count(*) FROM ") + table;
    const auto kept = std::stoi(ask(count, "fifth"));
    const auto all = std::stoi(ask_source(count));
    EXPECT_GT(kept, all / 10) << table;
    EXPECT_LT(kept, all / 3) << table;
  }
  EXPECT_EQ(
      ask("SELECT DISTINCT classified_info FROM investigations WHERE classified_info IS NOT NULL", "fifth"),
      "[REDACTED FOR DEV/TEST]");
  ask_source("DROP DATABASE fifth");
}

TEST_F(MaskedDevelopment, UnmaskedIsRefusedAndSoIsAMissingKey) {
  const auto unmasked =
      world_.run({config_, base_, "restore", "latest", "--env=dev", "--sanitize=false"}, kKey);
  EXPECT_EQ(unmasked.exit_code, 1) << unmasked;
  EXPECT_NE(unmasked.err.find("never enter `dev` unmasked"), std::string::npos) << unmasked;
  const auto keyless = world_.run({config_, base_, "restore", "latest", "--env=dev"});
  EXPECT_EQ(keyless.exit_code, 1) << keyless;
  EXPECT_NE(keyless.err.find("openssl rand"), std::string::npos) << keyless;
}

TEST_F(MaskedDevelopment, ThatIsCleanHasACertificateThatCanBeChecked) {
  const std::string mark = "certificate: ";
  const auto begin = restore_.out.find(mark);
  ASSERT_NE(begin, std::string::npos) << restore_;
  const auto path =
      restore_.out.substr(begin + mark.size(), restore_.out.find('\n', begin) - begin - mark.size());
  const auto checked = world_.run({config_, base_, "mask", "verify-certificate", path});
  EXPECT_EQ(checked.exit_code, 0) << checked;
  EXPECT_NE(checked.out.find("none is left"), std::string::npos) << checked;
  EXPECT_NE(checked.out.find("weak: audit_logs.user_ip"), std::string::npos) << checked;

  const auto forged = path + ".forged";
  auto text = read_text(path);
  text.replace(text.find("\"dev\""), 5, "\"stg\"");
  write_text(forged, text);
  EXPECT_EQ(world_.run({config_, base_, "mask", "verify-certificate", forged}).exit_code, 20);
}

// The titles of tasks name entities, and their rule is taken away.
TEST_F(MaskedDevelopment, AValueThatNoRuleCoveredLocksTheTargetUntilItIsUnlocked) {
  const auto config = MaskedProduction::shared().configured("masked-leaking");
  const auto directory = MaskedProduction::directory_of(config);
  auto rules = read_text(directory / "sanitization.yaml");
  const std::string title = "        title: {template: \"Task {id}\"}";
  ASSERT_NE(rules.find(title), std::string::npos);
  rules.replace(rules.find(title), title.size(), "        title: keep");
  write_text(directory / "sanitization.yaml", rules);

  const std::vector<std::string> restore = {config,   base_,       "restore",
                                            "latest", "--env=dev", "--into=leaking"};
  const auto leaking = world_.run(restore, kKey);
  EXPECT_EQ(leaking.exit_code, 22) << leaking;
  EXPECT_NE(leaking.out.find("LEAK: postgresql:leaking.public.tasks.title holds a value of"),
            std::string::npos)
      << leaking;
  EXPECT_NE(ask("SELECT 1", "leaking"), "1");
  const auto again = world_.run(restore, kKey);
  EXPECT_EQ(again.exit_code, 1) << again;
  EXPECT_NE(again.err.find("mask unlock --env=dev"), std::string::npos) << again;

  const auto opened = world_.run({config, base_, "mask", "unlock", "--env=dev"});
  EXPECT_EQ(opened.exit_code, 0) << opened;
  EXPECT_EQ(ask("SELECT 1", "leaking"), "1");
  ask_source("DROP DATABASE leaking");
  EXPECT_EQ(ask_source("SELECT count(*) FROM pg_database WHERE datname = 'leaking'"), "0");
}

// Nobody masks names of tenants: one that was planted shows it.
TEST_F(MaskedDevelopment, ACanaryThatComesOutLocksTheTarget) {
  const auto config = MaskedProduction::shared().configured("masked-canary");
  const auto rules = MaskedProduction::directory_of(config) / "sanitization.yaml";
  const auto planted = ask_source("SELECT name FROM tenants WHERE length(name) > 8 ORDER BY id LIMIT 1");
  write_text(rules, read_text(rules) + "\ncanaries: {tenant: \"" + planted + "\"}\n");
  const auto leaking = world_.run({config, base_, "restore", "latest", "--env=dev", "--into=caged"}, kKey);
  EXPECT_EQ(leaking.exit_code, 22) << leaking;
  EXPECT_NE(leaking.out.find("LEAK: postgresql:caged.public.tenants.name holds a value of canary:tenant"),
            std::string::npos)
      << leaking;
  EXPECT_EQ((leaking.out + leaking.err).find(planted), std::string::npos) << "the value itself is not said";
  EXPECT_EQ(world_.run({config, base_, "mask", "unlock", "--env=dev"}).exit_code, 0);
  ask_source("DROP DATABASE caged");
}

}  // namespace
}  // namespace summit::e2e
