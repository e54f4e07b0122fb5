#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include "project.h"

namespace summit::config {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Show, IsYamlWithEverythingInForce) {
  const Project project;
  const ScopedVariable password("TEST_PG_PASSWORD", "hunter2-hunter2");
  const auto shown = YAML::Load(show(project.load().value()));
  EXPECT_EQ(shown["project"].as<std::string>(), project.path().string());
  EXPECT_EQ(shown["backup_sets"]["full"]["retention"].as<std::string>(), "30 days");
  const auto endpoint = shown["environments"]["dev"]["endpoints"]["postgresql"][0];
  EXPECT_EQ(endpoint["host"].as<std::string>(), "localhost");
  EXPECT_EQ(endpoint["password"].as<std::string>(), "***");
}

TEST(Show, HidesSecretsWhereverTheySlippedIn) {
  const Project project;
  const ScopedVariable password("TEST_PG_PASSWORD", "hunter2*hunter2");
  project.write(
      "config/environments.yaml",
      replaced(kSmallestEnvironments, "host: localhost",
               "host: localhost, access: {start_command: [start, \"--password=${TEST_PG_PASSWORD}\"]}"));
  const auto text = show(project.load().value());
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_EQ(
      YAML::Load(text)["environments"]["dev"]["endpoints"]["postgresql"][0]["access"]["start_command"][1]
          .as<std::string>(),
      "--password=***");
}

TEST(Show, SaysWhatAnEnvironmentStillLacks) {
  const Project project;
  project.write("config/environments.yaml",
                replaced(kSmallestEnvironments, "host: localhost", "host: \"${TEST_SURELY_UNSET}\""));
  EXPECT_THAT(show(project.load().value()),
              HasSubstr("# not usable: config/environments.yaml:9: variable TEST_SURELY_UNSET is not set"));
}

TEST(Show, ItsSetsAndEnvironmentsLoadAgainAsTheyAre) {
  const Project project;
  const ScopedVariable password("TEST_PG_PASSWORD", "x");
  for (const auto* file : {"backup-sets.yaml", "environments.yaml"}) {
    project.write(std::string("config/") + file,
                  read_file(fs::path(SUMMIT_SOURCE_DIR) / "config" / file).value());
  }
  const auto first = show(project.load().value());
  auto shown = YAML::Load(first);
  // Passwords are the one thing that is not written back.
  for (auto environment : shown["environments"]) {
    for (auto kind : environment.second["endpoints"]) {
      for (auto endpoint : kind.second) endpoint.remove("password");
    }
  }
  YAML::Node sets;
  sets["backup_sets"] = shown["backup_sets"];
  YAML::Node environments;
  environments["environments"] = shown["environments"];
  project.write("config/backup-sets.yaml", YAML::Dump(sets));
  project.write("config/environments.yaml", YAML::Dump(environments));
  const auto again = project.load();
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(YAML::Dump(YAML::Load(show(*again))["backup_sets"]), YAML::Dump(shown["backup_sets"]));
}

}  // namespace
}  // namespace summit::config
