#include "stores/access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "core/time.h"

namespace summit::access {
namespace {

using config::Access;
using testing::ElementsAre;
using testing::HasSubstr;

Access docker(std::string container) {
  Access access;
  access.kind = Access::Kind::kDocker;
  access.container = std::move(container);
  return access;
}

Access pod() {
  Access access;
  access.kind = Access::Kind::kKubernetes;
  access.kube_namespace = "summit";
  access.pod = "neo4j-0";
  access.container = "server";
  access.workload = "statefulset/neo4j";
  return access;
}

std::vector<std::string> argv_of(Result<Command> command) {
  EXPECT_TRUE(command.ok()) << command.error().to_string();
  return command.ok() ? command->argv : std::vector<std::string>{};
}

TEST(Access, LocalCommandsRunAsTheyAre) {
  EXPECT_THAT(argv_of(command_at(Access{}, {"neo4j-admin", "--version"})),
              ElementsAre("neo4j-admin", "--version"));
}

TEST(Access, ContainersAttachStandardInputOnlyWhenAsked) {
  EXPECT_THAT(argv_of(command_at(docker("pg"), {"psql", "-l"})),
              ElementsAre("docker", "exec", "pg", "psql", "-l"));
  EXPECT_THAT(argv_of(command_at(docker("pg"), {"psql", "-l"}, Input::kPiped)),
              ElementsAre("docker", "exec", "-i", "pg", "psql", "-l"));
  Access podman = docker("pg");
  podman.kind = Access::Kind::kPodman;
  EXPECT_THAT(argv_of(command_at(podman, {"true"})), ElementsAre("podman", "exec", "pg", "true"));
}

TEST(Access, PodsAreNamedWithNamespaceAndContainer) {
  EXPECT_THAT(
      argv_of(command_at(pod(), {"ls", "-l"}, Input::kPiped)),
      ElementsAre("kubectl", "exec", "-i", "-n", "summit", "neo4j-0", "-c", "server", "--", "ls", "-l"));
}

TEST(Access, SecretsNeverEnterTheArgumentsOfAContainerCommand) {
  Command command;
  command.argv = {"pg_dump"};
  command.env = {{"PGPASSWORD", "hunter2"}};
  auto wrapped = command_at(docker("pg"), command);
  ASSERT_TRUE(wrapped.ok());
  EXPECT_THAT(wrapped->argv, ElementsAre("docker", "exec", "-e", "PGPASSWORD", "pg", "pg_dump"));
  EXPECT_EQ(wrapped->env.at("PGPASSWORD"), "hunter2");
}

TEST(Access, APodRefusesEnvironmentInsteadOfShowingIt) {
  Command command;
  command.argv = {"pg_dump"};
  command.env = {{"PGPASSWORD", "hunter2"}};
  auto wrapped = command_at(pod(), command);
  ASSERT_FALSE(wrapped.ok());
  EXPECT_EQ(wrapped.error().code(), Code::kUnsupported);
  EXPECT_THAT(wrapped.error().to_string(), testing::Not(HasSubstr("hunter2")));
}

TEST(Access, AnUnnamedContainerIsAConfigurationError) {
  auto command = command_at(docker(""), {"true"});
  ASSERT_FALSE(command.ok());
  EXPECT_EQ(command.error().code(), Code::kConfig);
  EXPECT_THAT(command.error().hint(), HasSubstr("access.container"));
}

TEST(Service, SystemdUnitsAreStartedAndStopped) {
  Access access;
  access.kind = Access::Kind::kSystemd;
  access.unit = "neo4j.service";
  EXPECT_THAT(start_commands(access, "neo4j")->at(0).argv,
              ElementsAre("systemctl", "start", "neo4j.service"));
  EXPECT_THAT(stop_commands(access, "neo4j")->at(0).argv, ElementsAre("systemctl", "stop", "neo4j.service"));
}

TEST(Service, ContainersGetTimeToStop) {
  EXPECT_THAT(stop_commands(docker("neo4j"), "neo4j")->at(0).argv,
              ElementsAre("docker", "stop", "--time", "120", "neo4j"));
}

TEST(Service, WorkloadsAreScaledAndWaitedFor) {
  auto stop = stop_commands(pod(), "neo4j");
  ASSERT_TRUE(stop.ok());
  ASSERT_EQ(stop->size(), 2u);
  EXPECT_THAT((*stop)[0].argv,
              ElementsAre("kubectl", "-n", "summit", "scale", "statefulset/neo4j", "--replicas=0"));
  EXPECT_THAT((*stop)[1].argv, ElementsAre("kubectl", "-n", "summit", "wait", "--for=delete", "pod/neo4j-0",
                                           "--timeout=300s"));
}

TEST(Service, ConfiguredCommandsWin) {
  Access access = docker("neo4j");
  access.start_command = {"/opt/start", "neo4j"};
  EXPECT_THAT(start_commands(access, "neo4j")->at(0).argv, ElementsAre("/opt/start", "neo4j"));
  EXPECT_EQ(stop_commands(access, "neo4j")->at(0).argv.front(), "docker");
}

TEST(Service, ALocalProcessWithoutCommandsSaysWhatToConfigure) {
  auto started = start_store(Access{}, "neo4j");
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code(), Code::kUnsupported);
  EXPECT_THAT(started.error().hint(), HasSubstr("access.start_command"));
}

TEST(Service, AFailingCommandIsReportedWithItsOwnWords) {
  Access access;
  access.stop_command = {"/bin/sh", "-c", "echo no such unit >&2; exit 5"};
  auto stopped = stop_store(access, "neo4j");
  ASSERT_FALSE(stopped.ok());
  EXPECT_THAT(stopped.error().message(), HasSubstr("ended with 5"));
  EXPECT_THAT(stopped.error().message(), HasSubstr("no such unit"));
}

TEST(Service, AStartCommandThatLeavesAServerBehindReturnsAtOnce) {
  auto scratch = TemporaryDirectory::create(fs::temp_directory_path(), "summit-access-");
  ASSERT_TRUE(scratch.ok());
  const std::string pid_file = (scratch->path() / "pid").string();
  Access access;
  access.start_command = {"/bin/sh", "-c", "sleep 30 & echo $! > " + pid_file};
  const Stopwatch watch;
  auto started = start_store(access, "server");
  ASSERT_TRUE(started.ok()) << started.error().to_string();
  EXPECT_LT(watch.elapsed().count(), 10);

  auto pid_text = read_file(pid_file);
  ASSERT_TRUE(pid_text.ok());
  const pid_t pid = static_cast<pid_t>(std::strtol(pid_text->c_str(), nullptr, 10));
  EXPECT_EQ(kill(pid, 0), 0) << "the server that was started is gone";
  kill(pid, SIGKILL);
}

TEST(Files, ATreeTravelsAsATarStream) {
  auto source = TemporaryDirectory::create(fs::temp_directory_path(), "summit-access-");
  auto target = TemporaryDirectory::create(fs::temp_directory_path(), "summit-access-");
  ASSERT_TRUE(source.ok() && target.ok());
  ASSERT_TRUE(make_directories(source->path() / "data").ok());
  ASSERT_TRUE(write_file_durably(source->path() / "data" / "a file", "content").ok());

  std::string archive;
  auto read = read_tree(Access{}, source->path(), [&](ByteView bytes) -> Result<void> {
    archive.append(as_text(bytes));
    return {};
  });
  ASSERT_TRUE(read.ok()) << read.error().to_string();

  bool sent = false;
  auto written = write_tree(Access{}, target->path(), [&]() -> Result<ByteView> {
    if (std::exchange(sent, true)) return ByteView{};
    return as_bytes(archive);
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(read_file(target->path() / "data" / "a file").value_or(""), "content");
}

TEST(Owner, NumbersAndNamesOfUsersAreUnderstood) {
  if (geteuid() != 0) {
    Access access;
    access.run_as = "nobody";
    EXPECT_FALSE(local_owner(access)->has_value());
    return;
  }
  Access access;
  access.run_as = "999:998";
  auto owner = local_owner(access);
  ASSERT_TRUE(owner.ok() && owner->has_value());
  EXPECT_EQ((*owner)->uid, 999u);
  EXPECT_EQ((*owner)->gid, 998u);
  access.run_as = "no-such-user-here";
  EXPECT_EQ(local_owner(access).error().code(), Code::kConfig);
}

}  // namespace
}  // namespace summit::access
