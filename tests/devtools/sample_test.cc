// The sample platform: the same for the same seed, tied together by ids, awkward everywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/digest.h"
#include "devtools/platform/cypher_client.h"
#include "devtools/platform/postgres_client.h"
#include "devtools/platform/redis_client.h"
#include "devtools/sample/sample.h"
#include "tests/devtools/support.h"

namespace summit::sample {
namespace {

using platform::must;
using platform::Platform;
using testing::Each;
using testing::Pair;

std::string content_of_postgres(Platform& platform) {
  auto client = must(platform::PostgresClient::connect(platform.postgres().endpoint()));
  const auto tables =
      must(client.execute("SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c "
                          "JOIN pg_namespace n ON n.oid = c.relnamespace "
                          "WHERE c.relkind IN ('r', 'p', 'm') AND c.relispopulated AND n.nspname IN "
                          "('public', 'analytics', 'Case Files') ORDER BY 1"));
  std::string content;
  for (const auto& row : tables) {
    content += *row[0] + " " +
               must(client.value("SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY "
                                 "t::text)), '') FROM " +
                                 *row[0] + " t")) +
               "\n";
  }
  return content + must(client.value("SELECT md5(string_agg(loid || ':' || pageno || ':' || encode(data, "
                                     "'hex'), ',' ORDER BY loid, pageno)) FROM pg_largeobject"));
}

std::string content_of_neo4j(Platform& platform) {
  platform::CypherClient client(platform.neo4j().endpoint());
  const auto nodes = must(client.run("MATCH (n) RETURN labels(n), properties(n)", nlohmann::json::object()));
  const auto relationships = must(
      client.run("MATCH (a)-[r]->(b) RETURN a.id, type(r), properties(r), b.id", nlohmann::json::object()));
  std::vector<std::string> lines;
  for (const auto& rows : {nodes, relationships}) {
    for (const auto& row : rows) lines.push_back(row.dump());
  }
  std::sort(lines.begin(), lines.end());
  std::string content;
  for (const std::string& line : lines) content += line + "\n";
  return content;
}

std::string content_of_redis(Platform& platform) {
  auto client = must(platform::RedisClient::connect(platform.redis().endpoint()));
  return must(client.command({"DEBUG", "DIGEST"})).text.value();
}

std::string content_of_files(Platform& platform) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(platform.files_root())) {
    std::string what = "directory";
    if (entry.is_symlink()) {
      what = "-> " + fs::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      what = to_hex(must(sha256_of_file(entry.path())));
    }
    lines.push_back(fs::relative(entry.path().parent_path(), platform.files_root()).string() + "/" +
                    entry.path().filename().string() + " " + what);
  }
  std::sort(lines.begin(), lines.end());
  std::string content;
  for (const std::string& line : lines) content += line + "\n";
  return content;
}

// One platform for all tests of this file; each leaves the data as they were.
class Sample : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    platform_ = must(Platform::create()).release();
    EXPECT_OK(generate_sample(*platform_, options()));
  }
  static void TearDownTestSuite() {
    delete platform_;
    platform_ = nullptr;
  }

  static SampleOptions options() { return {.seed = 7, .scale = 0.05}; }
  static Platform& world() { return *platform_; }
  static std::string postgres(const std::string& sql) {
    auto client = must(platform::PostgresClient::connect(world().postgres().endpoint()));
    return must(client.value(sql));
  }

 private:
  static inline Platform* platform_ = nullptr;
};

TEST_F(Sample, RefusesToFillTwice) {
  const auto again = generate_sample(world(), options());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
}

TEST_F(Sample, IsTheSameAfterDestroyWithTheSameSeedAndDiffersWithAnother) {
  const std::string before[] = {content_of_postgres(world()), content_of_neo4j(world()),
                                content_of_redis(world()), content_of_files(world())};
  EXPECT_OK(world().destroy());
  EXPECT_FALSE(fs::exists(world().files_root()));
  SampleOptions other = options();
  other.seed = 8;
  EXPECT_OK(generate_sample(world(), other));
  EXPECT_NE(content_of_postgres(world()), before[0]);
  EXPECT_NE(content_of_redis(world()), before[2]);
  EXPECT_OK(world().destroy());
  EXPECT_OK(generate_sample(world(), options()));
  EXPECT_EQ(content_of_postgres(world()), before[0]);
  EXPECT_EQ(content_of_neo4j(world()), before[1]);
  EXPECT_EQ(content_of_redis(world()), before[2]);
  EXPECT_EQ(content_of_files(world()), before[3]);
}

TEST_F(Sample, TiesTheGraphToTheTablesByIds) {
  platform::CypherClient client(world().neo4j().endpoint());
  const auto rows = must(
      client.run("MATCH (e:Entity)-[:PART_OF]->(i:Investigation) RETURN e.id, i.id, e.name ORDER BY e.id",
                 nlohmann::json::object()));
  auto postgres = must(platform::PostgresClient::connect(world().postgres().endpoint()));
  const auto expected = must(postgres.execute("SELECT id, investigation_id, name FROM entities ORDER BY id"));
  ASSERT_EQ(rows.size(), expected.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(std::to_string(rows[i][0].get<int64_t>()), expected[i][0]);
    EXPECT_EQ(rows[i][1].get<std::string>(), expected[i][1]);
    EXPECT_EQ(rows[i][2].get<std::string>(), expected[i][2]);
  }
}

TEST_F(Sample, HasTheSameAuditChainInTableAndFile) {
  const std::string file = must(read_file(world().files_root() / "audit" / "audit-chain.jsonl"));
  std::istringstream lines(file);
  auto client = must(platform::PostgresClient::connect(world().postgres().endpoint()));
  const auto rows = must(
      client.execute("SELECT seq, actor, target, user_ip, prev_hash, hash FROM audit_logs ORDER BY seq"));
  std::string last_hash(64, '0');
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto entry = nlohmann::json::parse(line);
    ASSERT_LT(count, rows.size());
    EXPECT_EQ(entry["prev_hash"], last_hash);
    last_hash = entry["hash"].get<std::string>();
    EXPECT_EQ(std::to_string(entry["seq"].get<int>()), rows[count][0]);
    EXPECT_EQ(entry["actor"].get<std::string>(), rows[count][1]);
    EXPECT_EQ(entry["target"].is_null(), !rows[count][2].has_value());
    EXPECT_EQ(last_hash, rows[count][5]);
  }
  EXPECT_EQ(count, rows.size());
}

TEST_F(Sample, HasBundlesWhoseSignatureIsValid) {
  const fs::path bundles = world().files_root() / "policy-bundles";
  const std::string archive = must(read_file(bundles / "summit-authz-1.4.0.tar.gz"));
  const std::string signature = must(read_file(bundles / "summit-authz-1.4.0.tar.gz.sig"));
  const std::string pem = must(read_file(bundles / "signing-key.pub.pem"));
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PUBKEY(memory.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  ASSERT_NE(key, nullptr);
  const auto verifies = [&](const std::string& text) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get());
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                            text.size()) == 1;
  };
  EXPECT_TRUE(verifies(archive));
  EXPECT_FALSE(verifies(archive + "x"));
}

TEST_F(Sample, IsAwkwardInEveryWayThatWasAskedFor) {
  const std::map<std::string, std::string> kinds{
      {"hypertables", "SELECT count(*) FROM timescaledb_information.hypertables"},
      {"chunks", "SELECT count(*) FROM timescaledb_information.chunks"},
      {"vectors", "SELECT count(*) FROM entities WHERE vector_dims(embedding) = 64"},
      {"partitions below partitions", "SELECT count(*) FROM pg_partition_tree('billing') WHERE level = 2"},
      {"generated columns", "SELECT count(*) FROM pg_attribute WHERE attgenerated = 's'"},
      {"identity columns", "SELECT count(*) FROM pg_attribute WHERE attidentity <> ''"},
      {"views", "SELECT count(*) FROM pg_views WHERE schemaname = 'public'"},
      {"filled materialised views", "SELECT count(*) FROM pg_matviews WHERE ispopulated"},
      {"empty materialised views", "SELECT count(*) FROM pg_matviews WHERE NOT ispopulated"},
      {"functions",
       "SELECT count(*) FROM pg_proc WHERE proname IN ('touch', 'entity_count', 'close_run', 'product')"},
      {"triggers", "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"},
      {"policies", "SELECT count(*) FROM pg_policies"},
      {"large objects", "SELECT count(*) FROM pg_largeobject_metadata"},
      {"mixed-case names", "SELECT count(*) FROM \"Case Files\".\"Case Notes\""},
      {"enums", "SELECT count(*) FROM pg_enum"},
      {"domains",
       "SELECT count(*) FROM pg_type WHERE typname IN ('priority', 'work_email') AND typtype = 'd'"},
      {"ranges",
       "SELECT count(*) FROM pg_range JOIN pg_type t ON t.oid = rngtypid WHERE typname = 'score_range'"},
      {"empty strings", "SELECT count(*) FROM awkward_values WHERE t = ''"},
      {"nulls", "SELECT count(*) FROM awkward_values WHERE c IS NULL"},
      {"very long values", "SELECT count(*) FROM awkward_values WHERE length(t) > 10000"},
      {"every byte", "SELECT count(*) FROM awkward_values WHERE length(x) = 256"},
      {"tenant customer-acme", "SELECT count(*) FROM entities WHERE tenant_id = 'customer-acme'"},
      {"secrets in the configuration", "SELECT count(*) FROM configuration WHERE name LIKE '%\\_KEY'"},
      {"cards", "SELECT count(*) FROM billing WHERE credit_card IS NOT NULL"},
  };
  for (const auto& [what, sql] : kinds) EXPECT_NE(postgres(sql), "0") << what;
}

TEST_F(Sample, LetsKeysExpireAtMidnight) {
  auto client = must(platform::RedisClient::connect(world().redis().endpoint()));
  EXPECT_OK(client.command({"SELECT", "1"}));
  const auto sessions = must(client.command({"KEYS", "session:*"}));
  ASSERT_FALSE(sessions.elements.empty());
  for (const auto& key : sessions.elements) {
    EXPECT_EQ(must(client.command({"EXPIRETIME", *key.text})).integer % 86400, 0);
  }
}

}  // namespace
}  // namespace summit::sample
