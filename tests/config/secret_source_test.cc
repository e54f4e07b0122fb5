#include "config/secret_source.h"

#include <gmock/gmock.h>

#include "project.h"

namespace summit::config {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string secret(const SecretSource& source, const Variables& variables = {}) {
  auto result = read_secret(source, variables);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().to_string());
  return result.ok() ? result->reveal() : "";
}

Error failure(const SecretSource& source, const Variables& variables = {}) {
  auto result = read_secret(source, variables);
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error(Code::kFailed, "it did not fail") : std::move(result).error();
}

SecretSource printing(const std::string& text) { return {.command = {"printf", "%s", text}}; }

TEST(SecretSource, TheFirstVariableThatIsSetCounts) {
  const Variables variables({{"A", ""}, {"B", "second"}, {"C", "third"}});
  EXPECT_EQ(secret({.variables = {"A", "B", "C"}}, variables), "second");
}

TEST(SecretSource, AVariableWinsOverFileAndCommandAndTheCommandDoesNotRun) {
  const Project project;
  const auto proof = project.path() / "executed";
  const Variables variables(std::map<std::string, std::string>{{"A", "from-variable"}});
  EXPECT_EQ(secret({.variables = {"A"}, .command = {"touch", proof.string()}}, variables), "from-variable");
  EXPECT_FALSE(fs::exists(proof));
}

TEST(SecretSource, AFileLosesItsLastLineEndAndNothingElse) {
  const Project project;
  project.write("password", " two words \n");
  EXPECT_EQ(secret({.file = project.path() / "password"}), " two words ");
}

TEST(SecretSource, ACommandGivesItsOutput) {
  EXPECT_EQ(secret({.command = {"echo", "from command"}}), "from command");
}

TEST(SecretSource, SecretsManagersJsonIsUnwrapped) {
  EXPECT_EQ(secret(printing(R"({"ARN": "x", "SecretString": "plain"})")), "plain");
  EXPECT_EQ(secret(printing(R"({"SecretString": "{\"username\": \"u\", \"password\": \"inner\"}"})")),
            "inner");
  auto with_field = printing(R"({"SecretString": "{\"redis_auth\": \"inner\"}"})");
  with_field.field = "redis_auth";
  EXPECT_EQ(secret(with_field), "inner");
  EXPECT_EQ(secret(printing(R"({"password": "queried"})")), "queried")
      << "--query SecretString --output text";
}

TEST(SecretSource, AJsonWithoutTheFieldIsAnErrorThatHidesItsContent) {
  const auto error = failure(printing(R"({"SecretString": "{\"pw\": \"hunter2\"}"})"));
  EXPECT_THAT(error.message(), HasSubstr("without a text `password`"));
  EXPECT_THAT(error.to_string(), Not(HasSubstr("hunter2")));
}

TEST(SecretSource, APlainPasswordInBracesStaysAsItIs) { EXPECT_EQ(secret(printing("{x")), "{x"); }

TEST(SecretSource, NothingSetIsAnErrorUnlessOptional) {
  EXPECT_EQ(failure({.variables = {"UNSET"}, .where = "config/environments.yaml:9"}).message(),
            "config/environments.yaml:9: the password is not set: variable UNSET");
  EXPECT_EQ(secret({.variables = {"UNSET"}, .optional = true}), "");
  EXPECT_EQ(secret({}), "") << "no source at all: trust or peer authentication";
  EXPECT_EQ(failure({.command = {"true"}}).code(), Code::kConfig) << "an empty answer is no password";
}

TEST(SecretSource, AFailingOrMissingCommandSaysSo) {
  EXPECT_THAT(failure({.command = {"sh", "-c", "echo denied >&2; exit 7"}}).message(), HasSubstr("denied"));
  EXPECT_EQ(failure({.command = {"summit-no-such-program"}}).code(), Code::kMissingTool);
}

TEST(SecretSource, ACommandSubstitutionIsRefusedWithTheFormThatWorks) {
  const auto error = failure(
      {.variables = {"PW"}},
      Variables(std::map<std::string, std::string>{{"PW", "$(aws secretsmanager get-secret-value)"}}));
  EXPECT_THAT(error.message(), HasSubstr("not executed"));
  EXPECT_THAT(error.hint(), HasSubstr("password: {command: [aws, secretsmanager"));
}

}  // namespace
}  // namespace summit::config
