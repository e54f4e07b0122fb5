// The client against a real server.

#include "stores/neo4j/http_api.h"

#include <gmock/gmock.h>

#include "core/time.h"
#include "stores/neo4j/fingerprint.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/server.h"
#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

using testing::HasSubstr;

TEST(HttpAddress, ComesFromTheBoltAddressWhenItIsNotSet) {
  const auto address = [](std::string bolt, std::string http) {
    config::Neo4jEndpoint endpoint;
    endpoint.bolt_uri = std::move(bolt);
    endpoint.http_uri = std::move(http);
    return http_address(endpoint).value_or("refused");
  };
  EXPECT_EQ(address("bolt://localhost:7687", ""), "http://localhost:7474");
  EXPECT_EQ(address("neo4j+s://db.example.com", ""), "http://db.example.com:7474");
  EXPECT_EQ(address("bolt://[::1]:7687", ""), "http://[::1]:7474");
  EXPECT_EQ(address("bolt://localhost:7687", "https://db:7473/"), "https://db:7473");
  EXPECT_EQ(address("localhost", ""), "refused");
  EXPECT_EQ(address("bolt://", ""), "refused");
  EXPECT_EQ(address("bolt://localhost", "ftp://localhost"), "refused");
}

class HttpApiOnServer : public ServerTest {
 protected:
  void SetUp() override { api_.emplace(must(HttpApi::create(server_.endpoint()))); }
  HttpApi& api() { return *api_; }

  std::optional<HttpApi> api_;
};

TEST_F(HttpApiOnServer, SaysVersionEditionAndStoreFormat) {
  const auto info = api().discover();
  ASSERT_TRUE(info.ok()) << info.error().to_string();
  EXPECT_THAT(info->version, testing::StartsWith("5."));
  EXPECT_EQ(info->edition, "community");
  const auto state = database_state(api(), "neo4j");
  ASSERT_TRUE(state.ok()) << state.error().to_string();
  EXPECT_EQ(state->status, "online");
  EXPECT_TRUE(check_store_format(state->store_format, "neo4j").ok()) << state->store_format;
  EXPECT_EQ(check_store_format("block-block-1.1", "neo4j").error().code(), Code::kUnsupported);
  EXPECT_EQ(check_store_format("record-high_limit-1.1", "neo4j").error().code(), Code::kUnsupported);
}

TEST_F(HttpApiOnServer, ErrorsTellTheirKind) {
  auto wrong_password = server_.endpoint();
  wrong_password.password = Secret("wrong");
  const auto denied = scalar(wrong_password, "RETURN 1");
  EXPECT_EQ(denied.error().code(), Code::kDenied);
  EXPECT_THAT(denied.error().hint(), HasSubstr("NEO4J_PASSWORD"));
  EXPECT_THAT(denied.error().to_string(), testing::Not(HasSubstr("wrong")));

  auto wrong_database = server_.endpoint();
  wrong_database.database = "other";
  EXPECT_EQ(scalar(wrong_database, "RETURN 1").error().code(), Code::kNotFound);

  auto nobody = server_.endpoint();
  nobody.http_uri = "http://127.0.0.1:1";
  EXPECT_EQ(scalar(nobody, "RETURN 1").error().code(), Code::kUnreachable);

  EXPECT_THAT(api().run("RETRN 1").error().message(), HasSubstr("SyntaxError"));
  // Rows come before the failure.
  EXPECT_THAT(api().run("UNWIND range(100, 0, -1) AS x RETURN 1 / x").error().message(),
              HasSubstr("ArithmeticError"));
  EXPECT_EQ(api().scalar("MATCH (n:None) RETURN n.x").error().code(), Code::kNotFound);
  EXPECT_EQ(api().run("CREATE (n) RETURN n").error().code(), Code::kUnsupported);
}

TEST_F(HttpApiOnServer, ParametersComeBackAsTheyWere) {
  const std::string text = "quote ' \" tick ` newline \n nul \x01 emoji 😀";
  const Value::Map parameters{{"list", Value{Value::List{Value{int64_t{1}}, Value{2.5}, Value{}}}},
                              {"number", Value{int64_t{9007199254740993}}},
                              {"text", Value{text}}};
  const auto rows = api().run("RETURN $text, $number, $list", parameters);
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  EXPECT_EQ(rows->front(), (Row{Value{text}, Value{int64_t{9007199254740993}}, parameters[0].value}));
}

TEST_F(HttpApiOnServer, ALongResultStreamsAndCanBeStopped) {
  uint64_t rows = 0;
  ASSERT_TRUE(api()
                  .stream("UNWIND range(1, 200000) AS i RETURN i, 'text ' + i", {},
                          [&](Row row) -> Result<void> {
                            if (row[0].integer_or(0) == static_cast<int64_t>(rows + 1)) ++rows;
                            return {};
                          })
                  .ok());
  EXPECT_EQ(rows, 200000u);
  const auto stopped =
      api().stream("UNWIND range(1, 100000000) AS i RETURN i", {}, [](Row row) -> Result<void> {
        if (row[0].integer_or(0) == 1000) return Error(Code::kNoSpace, "enough");
        return {};
      });
  EXPECT_EQ(stopped.error().code(), Code::kNoSpace);
  Cancellation cancellation;
  cancellation.request();
  EXPECT_EQ(api().run("RETURN 1", {}, cancellation).error().code(), Code::kCancelled);
  EXPECT_TRUE(api().run("RETURN 1").ok());
}

TEST_F(HttpApiOnServer, TheMarkerIsOneNodeThatCountsNowhere) {
  EXPECT_EQ(read_marker(server_.endpoint()).value_or(config::EnvironmentMarker{"x", "", "", ""}),
            std::nullopt);
  EXPECT_TRUE(is_empty(server_.endpoint()).value_or(false));
  const config::EnvironmentMarker first{"dev", "dev", "2026-11-21T03:10:48Z",
                                        "00112233445566778899aabbccddeeff"};
  const config::EnvironmentMarker second{"stag'ing\" `x`", "staging", "2026-11-22T03:10:48Z",
                                         "ff112233445566778899aabbccddeeff"};
  ASSERT_TRUE(write_marker(server_.endpoint(), first).ok());
  ASSERT_TRUE(write_marker(server_.endpoint(), second).ok());
  EXPECT_EQ(read_marker(server_.endpoint()).value_or(std::nullopt), second);
  EXPECT_TRUE(is_empty(server_.endpoint()).value_or(false));
  EXPECT_EQ(count_elements(api()).value_or(ElementCounts{9, 9}).nodes, 0u);

  SilentReporter reporter;
  const auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "fingerprint-");
  const auto fingerprints = fingerprint_graph(api(), "neo4j", directory->path(), reporter, {});
  ASSERT_TRUE(fingerprints.ok()) << fingerprints.error().to_string();
  for (const auto& one : *fingerprints) {
    const bool counts_nodes = one.kind == "graph" || one.kind == "label";
    EXPECT_TRUE(!counts_nodes || one.count == 0) << one.kind << " " << one.name;
  }

  ASSERT_TRUE(api().run("CREATE (:SummitDrEnvironment {environment: 'prod'})").ok());
  EXPECT_EQ(read_marker(server_.endpoint()).error().code(), Code::kCorrupt);
  ASSERT_TRUE(remove_marker(api()).ok());
  EXPECT_EQ(api().scalar("MATCH (n) RETURN count(n)").value_or(Value{}).integer_or(-1), 0);
}

TEST_F(HttpApiOnServer, BytesAreAPropertyTypeOfTheirOwn) {
  // Cypher has no literal for them: they come through drivers, and through the query interface.
  HttpRequest request;
  request.method = "POST";
  request.url = server_.http_uri() + "/db/neo4j/query/v2";
  request.headers = {{"Content-Type", "application/vnd.neo4j.query"},
                     {"Accept", "application/vnd.neo4j.query"}};
  request.basic_auth = {"neo4j", server_.password()};
  request.body = R"json({"statement": "CREATE (:Raw {b: $b})",
                         "parameters": {"b": {"$type": "Base64", "_value": "AAH/gA=="}}})json";
  HttpClient client;
  const auto answer = client.send(request);
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer->status / 100, 2) << answer->body;
  const auto value = api().scalar("MATCH (n:Raw) RETURN n.b");
  ASSERT_TRUE(value.ok()) << value.error().to_string();
  EXPECT_EQ(*value, Value{Bytes{std::string("\0\1\xff\x80", 4)}});
}

TEST_F(HttpApiOnServer, EqualGraphsHaveEqualFingerprintsWhateverTheirOrderAndIds) {
  SilentReporter reporter;
  const auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "fingerprint-");
  const auto print = [&] {
    auto fingerprints = fingerprint_graph(api(), "neo4j", directory->path(), reporter, {});
    EXPECT_TRUE(fingerprints.ok()) << fingerprints.error().to_string();
    return std::move(fingerprints).value_or({});
  };
  ASSERT_TRUE(
      api().run("UNWIND range(1, 50) AS i CREATE (:A:B {i: i, t: 'x'})-[:R {w: i}]->(:C {i: i})").ok());
  const auto first = print();
  ASSERT_TRUE(api().run("MATCH (n) DETACH DELETE n").ok());
  ASSERT_TRUE(api().run("CREATE (:Spacer)").ok());
  ASSERT_TRUE(api()
                  .run("UNWIND range(50, 1, -1) AS i CREATE (c:C {i: i}) CREATE (a:B:A {t: 'x'}) SET a.i = i "
                       "CREATE (a)-[:R {w: i}]->(c)")
                  .ok());
  ASSERT_TRUE(api().run("MATCH (n:Spacer) DELETE n").ok());
  EXPECT_EQ(print(), first);
  ASSERT_TRUE(
      api().run("MATCH (a:A {i: 1})-[r:R]->(c:C), (d:C {i: 2}) CREATE (a)-[:R {w: r.w}]->(d) DELETE r").ok());
  const auto rewired = print();
  EXPECT_NE(rewired, first);
  EXPECT_EQ(rewired.size(), first.size());
}

}  // namespace
}  // namespace summit::neo4j
