// Real servers: started, stopped, killed, found again, and never left behind.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/http.h"
#include "core/process.h"
#include "core/wait.h"
#include "devtools/platform/neo4j_server.h"
#include "devtools/platform/postgres_client.h"
#include "devtools/platform/postgres_server.h"
#include "devtools/platform/redis_server.h"
#include "tests/devtools/support.h"

namespace summit::platform {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

std::string query(const PostgresServer& server, const std::string& sql) {
  auto client = must(PostgresClient::connect(server.endpoint()));
  const auto rows = must(client.execute(sql));
  return rows.empty() ? "" : rows[0][0].value_or("NULL");
}

// Runs `body` in a process of its own, kills it with SIGKILL once it has written its answer, and gives the
// answer.
std::string answer_of_killed_process(const std::function<std::string()>& body) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string answer = body();
    if (write(ends[1], answer.data(), answer.size()) < 0) _exit(1);
    close(ends[1]);
    pause();
    _exit(0);
  }
  close(ends[1]);
  std::string answer(4096, '\0');
  const ssize_t size = read(ends[0], answer.data(), answer.size());
  answer.resize(size > 0 ? static_cast<size_t>(size) : 0);
  close(ends[0]);
  ::kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return answer;
}

bool vanishes(pid_t pid) {
  return wait_until([&]() -> Result<bool> { return ::kill(pid, 0) != 0; }, "the server to go", seconds(10),
                    std::chrono::milliseconds(20), {})
      .ok();
}

TEST(PostgresServer, HasTheDatabaseAndBothExtensionsAtHand) {
  const auto server = must(PostgresServer::create());
  EXPECT_EQ(query(*server, "SELECT current_database() || ' ' || current_user"), "summit_dev summit");
  EXPECT_EQ(query(*server,
                  "SELECT string_agg(name, ',' ORDER BY name) FROM pg_available_extensions WHERE name IN "
                  "('vector', 'timescaledb')"),
            "timescaledb,vector");
}

TEST(PostgresServer, LeavesNeitherProcessNorFilesWhenItsObjectEnds) {
  auto server = must(PostgresServer::create());
  const pid_t pid = server->pid().value();
  const fs::path root = server->root();
  server.reset();
  EXPECT_TRUE(vanishes(pid));
  EXPECT_FALSE(fs::exists(root));
}

TEST(PostgresServer, DiesWithAProcessThatIsKilled) {
  const std::string pid = answer_of_killed_process(
      [] { return std::to_string(must(PostgresServer::create()).release()->pid().value()); });
  ASSERT_FALSE(pid.empty());
  EXPECT_TRUE(vanishes(std::stoi(pid)));
}

TEST(PostgresServer, KeepsDataPortAndPasswordOverAKillAndAStop) {
  const auto server = must(PostgresServer::create());
  query(*server, "CREATE TABLE t AS SELECT 7 AS n");
  const auto port = server->port();
  EXPECT_OK(server->kill());
  EXPECT_FALSE(server->running());
  EXPECT_OK(server->start());
  EXPECT_OK(server->restart());
  EXPECT_EQ(server->port(), port);
  EXPECT_EQ(query(*server, "SELECT n FROM t"), "7");
}

TEST(PostgresServer, TakesSettings) {
  PostgresServer::Options options;
  options.settings = {{"max_connections", "17"}, {"log_line_prefix", "it's %p "}};
  const auto server = must(PostgresServer::create(options));
  EXPECT_EQ(query(*server, "SELECT current_setting('max_connections') || current_setting('log_line_prefix')"),
            "17it's %p ");
}

TEST(PostgresServer, ShowsTheEndOfItsLogWhenItCannotStart) {
  PostgresServer::Options options;
  options.settings = {{"shared_buffers", "nonsense"}};
  const auto server = PostgresServer::create(options);
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(server.error().message(), HasSubstr("invalid value for parameter \"shared_buffers\""));
}

TEST(PostgresServer, WorksBelowADirectoryThatItsUserMayNotPass) {
  const TemporaryDirectory closed = must(TemporaryDirectory::create("/tmp", "summit-closed-"));  // mode 0700
  PostgresServer::Options options;
  options.root = closed.path() / "platform";
  const auto server = must(PostgresServer::create(options));
  EXPECT_EQ(query(*server, "SELECT 1"), "1");
}

TEST(RedisServer, StartsEmptyAgainAfterAWipeWithTheSamePort) {
  const auto server = must(RedisServer::create());
  const auto port = server->port();
  EXPECT_FALSE(server->wipe().ok()) << "a running server was wiped";
  EXPECT_OK(server->stop());
  EXPECT_OK(server->wipe());
  EXPECT_OK(server->start());
  EXPECT_EQ(server->port(), port);
}

TEST(RedisServer, IsFoundAgainByAnotherObjectOnTheSameRoot) {
  const TemporaryDirectory directory = must(TemporaryDirectory::create("/tmp", "summit-root-"));
  RedisServer::Options options;
  options.root = directory.path();
  const auto server = must(RedisServer::create(options));
  const auto other = must(RedisServer::open(directory.path()));
  EXPECT_EQ(other->pid(), server->pid());
  EXPECT_OK(other->stop());
  EXPECT_FALSE(server->running());
}

TEST(RedisServer, IsStartedAndStoppedByTheCommandsOfItsEndpoint) {
  const auto server = must(RedisServer::create());
  const auto access = server->endpoint().access;
  EXPECT_OK(run({.argv = access.stop_command}));
  EXPECT_FALSE(server->running());
  EXPECT_OK(run({.argv = access.start_command}));
  EXPECT_TRUE(server->running());
  EXPECT_OK(run({.argv = access.start_command}));
}

TEST(RedisServer, NeverSignalsAStrangerWithItsFormerProcessId) {
  const auto server = must(RedisServer::create());
  EXPECT_OK(server->stop());
  const pid_t stranger = fork();
  if (stranger == 0) {
    pause();
    _exit(0);
  }
  const fs::path file = server->root() / "state" / "redis.process";
  auto record = must(read_process_record(file)).value();
  record.pid = stranger;
  EXPECT_OK(write_process_record(file, record));
  EXPECT_FALSE(server->running());
  EXPECT_OK(server->stop());
  EXPECT_OK(server->kill());
  EXPECT_EQ(::kill(stranger, 0), 0);
  ::kill(stranger, SIGKILL);
  waitpid(stranger, nullptr, 0);
}

TEST(Neo4jServer, AnswersWithItsPasswordAndRestartsAtTheSamePorts) {
  Neo4jOptions options;
  options.http_port = 0;
  const auto server = must(Neo4jServer::create(options));
  const auto endpoint = server->endpoint();
  EXPECT_TRUE(fs::exists(endpoint.data_directory / "databases" / "neo4j"));
  EXPECT_TRUE(fs::exists(endpoint.bin_directory / "neo4j-admin"));
  const std::string http = server->http_uri().value();
  EXPECT_OK(server->restart());
  EXPECT_TRUE(server->running());
  EXPECT_EQ(must(HttpClient().send({.url = http})).status, 200);
  EXPECT_EQ(must(Neo4jServer::open(server->root()))->http_uri(), http);
}

}  // namespace
}  // namespace summit::platform
