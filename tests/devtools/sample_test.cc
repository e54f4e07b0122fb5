// The sample platform: the same for the same seed, tied together by ids, awkward everywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/digest.h"
#include "devtools/platform/cypher_client.h"
#include "devtools/platform/postgres_client.h"
#include "devtools/platform/redis_client.h"
#include "devtools/sample/files_sample.h"
#include "devtools/sample/postgres_sample.h"
#include "devtools/sample/redis_sample.h"
#include "devtools/sample/sample.h"
#include "tests/devtools/support.h"

namespace summit::sample {
namespace {

using platform::must;
using platform::Platform;

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

// ctest runs each case alone, so each starts only the servers that it needs.
World small_world(uint64_t seed = 7) { return {seed, 0.05, SampleOptions().until_seconds}; }

TEST(World, DiffersWithTheSeed) {
  EXPECT_EQ(small_world(7).user(3).email, small_world(7).user(3).email);
  EXPECT_NE(small_world(7).user(3).email, small_world(8).user(3).email);
  EXPECT_NE(small_world(7).run_id(3), small_world(8).run_id(3));
}

TEST(World, GivesEveryTenantAnInvestigationAtAnyScale) {
  std::set<std::string> tenants;
  for (uint64_t number = 1; number <= small_world().investigations(); ++number) {
    tenants.insert(small_world().investigation(number).tenant);
  }
  EXPECT_EQ(tenants.size(), small_world().tenants().size());
  EXPECT_EQ(small_world().investigation_id(1), "investigation-2025-001");
}

void expect_same_ids(Platform& platform) {
  platform::CypherClient client(platform.neo4j().endpoint());
  const auto rows = must(
      client.run("MATCH (e:Entity)-[:PART_OF]->(i:Investigation) RETURN e.id, i.id, e.name ORDER BY e.id",
                 nlohmann::json::object()));
  auto postgres = must(platform::PostgresClient::connect(platform.postgres().endpoint()));
  const auto expected = must(postgres.execute("SELECT id, investigation_id, name FROM entities ORDER BY id"));
  ASSERT_EQ(rows.size(), expected.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(std::to_string(rows[i][0].get<int64_t>()), expected[i][0]);
    EXPECT_EQ(rows[i][1].get<std::string>(), expected[i][1]);
    EXPECT_EQ(rows[i][2].get<std::string>(), expected[i][2]);
  }
}

TEST(Sample, TiesStoresByIdsRefusesToFillTwiceAndIsTheSameAfterATotalLoss) {
  const auto platform = must(Platform::create());
  const SampleOptions options{.seed = 7, .scale = 0.05};
  EXPECT_OK(generate_sample(*platform, options));
  expect_same_ids(*platform);
  EXPECT_EQ(generate_sample(*platform, options).error().code(), Code::kAlreadyExists);
  const std::string before[] = {content_of_postgres(*platform), content_of_neo4j(*platform),
                                content_of_redis(*platform), content_of_files(*platform)};

  EXPECT_OK(platform->destroy());
  EXPECT_FALSE(fs::exists(platform->files_root()));
  EXPECT_FALSE(platform::PostgresClient::connect(platform->postgres().endpoint()).ok())
      << "the database is still there";
  EXPECT_EQ(content_of_neo4j(*platform), "");
  EXPECT_NE(content_of_redis(*platform), before[2]);

  EXPECT_OK(generate_sample(*platform, options));
  EXPECT_EQ(content_of_postgres(*platform), before[0]);
  EXPECT_EQ(content_of_neo4j(*platform), before[1]);
  EXPECT_EQ(content_of_redis(*platform), before[2]);
  EXPECT_EQ(content_of_files(*platform), before[3]);
}

TEST(Sample, HasTheSameAuditChainInTableAndFile) {
  const auto directory = must(TemporaryDirectory::create("/tmp", "summit-sample-"));
  const auto server = must(platform::PostgresServer::create());
  EXPECT_OK(fill_files(directory.path() / "files", small_world()));
  EXPECT_OK(fill_postgres(server->endpoint(), small_world()));
  const std::string file = must(read_file(directory.path() / "files" / "audit" / "audit-chain.jsonl"));
  std::istringstream lines(file);
  auto client = must(platform::PostgresClient::connect(server->endpoint()));
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

TEST(Sample, HasBundlesWhoseSignatureIsValid) {
  const auto directory = must(TemporaryDirectory::create("/tmp", "summit-sample-"));
  EXPECT_OK(fill_files(directory.path() / "files", small_world()));
  const fs::path bundles = directory.path() / "files" / "policy-bundles";
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

TEST(Sample, IsAwkwardInEveryWayThatWasAskedFor) {
  const auto server = must(platform::PostgresServer::create());
  EXPECT_OK(fill_postgres(server->endpoint(), small_world()));
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
  auto client = must(platform::PostgresClient::connect(server->endpoint()));
  for (const auto& [what, sql] : kinds) EXPECT_NE(must(client.value(sql)), "0") << what;
}

TEST(Sample, LetsKeysExpireAtMidnight) {
  const auto server = must(platform::RedisServer::create());
  constexpr int64_t kSomeAfternoon = 4'102'500'000;  // in the year 2100
  EXPECT_OK(fill_redis(server->endpoint(), small_world(), kSomeAfternoon));
  auto client = must(platform::RedisClient::connect(server->endpoint()));
  EXPECT_OK(client.command({"SELECT", "1"}));
  const auto sessions = must(client.command({"KEYS", "session:*"}));
  ASSERT_FALSE(sessions.elements.empty());
  for (const auto& key : sessions.elements) {
    const int64_t expiry = must(client.command({"EXPIRETIME", *key.text})).integer;
    EXPECT_EQ(expiry % 86400, 0);
    EXPECT_GT(expiry, kSomeAfternoon);
  }
}

}  // namespace
}  // namespace summit::sample
