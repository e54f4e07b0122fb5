#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "core/files.h"

namespace summit::cli {
namespace {

using ::testing::HasSubstr;
using Values = std::map<std::string, std::string>;

Lookup from(const Values& values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

// A command `backup` with one option of each kind.
struct Backup {
  Backup() {
    options.option("--jobs", jobs, "threads", {"BACKUP_JOBS", "JOBS"})->check(CLI::Range(1, 64));
    options.flag("--dry-run", dry_run, "show the plan");
    options.tristate("--sanitize", sanitize, "mask");
  }

  Result<void> fill(std::vector<std::string> words, const Values& variables, const Values& settings) {
    words.insert(words.begin(), "backup");
    std::reverse(words.begin(), words.end());
    program.parse(words);
    return options.fill(from(variables), from(settings));
  }

  CLI::App program{"", "summit-dr"};
  CLI::App& app = *program.add_subcommand("backup");
  OptionSet options{app};
  int jobs = 2;
  bool dry_run = false;
  std::optional<bool> sanitize;
};

TEST(Options, CommandLineThenDocumentedVariablesThenOurOwnThenYamlThenDefault) {
  struct Row {
    std::vector<std::string> words;
    Values variables;
    Values settings;
    int expected;
  };
  const Row rows[] = {
      {{"--jobs=9"},
       {{"BACKUP_JOBS", "8"}, {"JOBS", "7"}, {"SUMMIT_DR_JOBS", "6"}},
       {{"backup.jobs", "5"}, {"jobs", "4"}},
       9},
      {{},
       {{"BACKUP_JOBS", "8"}, {"JOBS", "7"}, {"SUMMIT_DR_JOBS", "6"}},
       {{"backup.jobs", "5"}, {"jobs", "4"}},
       8},
      {{}, {{"JOBS", "7"}, {"SUMMIT_DR_JOBS", "6"}}, {{"backup.jobs", "5"}, {"jobs", "4"}}, 7},
      {{}, {{"SUMMIT_DR_JOBS", "6"}}, {{"backup.jobs", "5"}, {"jobs", "4"}}, 6},
      {{}, {}, {{"backup.jobs", "5"}, {"jobs", "4"}}, 5},
      {{}, {}, {{"jobs", "4"}}, 4},
      {{}, {}, {{"restore.jobs", "3"}}, 2},
  };
  for (const auto& row : rows) {
    Backup backup;
    const auto filled = backup.fill(row.words, row.variables, row.settings);
    ASSERT_TRUE(filled.ok()) << filled.error().message();
    EXPECT_EQ(backup.jobs, row.expected);
  }
}

TEST(Options, AWrongValueNamesTheVariableItCameFrom) {
  for (const char* variable : {"BACKUP_JOBS", "JOBS", "SUMMIT_DR_JOBS"}) {
    for (const char* value : {"many", "0", "65"}) {
      Backup backup;
      const auto filled = backup.fill({}, {{variable, value}}, {});
      ASSERT_FALSE(filled.ok()) << variable << "=" << value;
      EXPECT_EQ(filled.error().code(), Code::kUsage);
      EXPECT_THAT(filled.error().message(), HasSubstr(std::string(variable) + ": "));
      EXPECT_THAT(filled.error().hint(), HasSubstr("--jobs"));
    }
  }
}

TEST(Options, AWrongValueNamesTheKeyItCameFrom) {
  Backup backup;
  const auto filled = backup.fill({}, {}, {{"backup.jobs", "many"}});
  ASSERT_FALSE(filled.ok());
  EXPECT_EQ(filled.error().code(), Code::kUsage);
  EXPECT_THAT(filled.error().message(), HasSubstr("config/summit-dr.yaml: backup.jobs"));
}

TEST(Options, TheKeyOfANestedCommandHasItsWholePath) {
  for (const auto& [key, expected] : std::map<std::string, bool>{{"env.adopt.replace", true},
                                                                 {"replace", true},
                                                                 {"adopt.replace", false},
                                                                 {"env.replace", false}}) {
    CLI::App program{"", "summit-dr"};
    OptionSet options(*program.add_subcommand("env")->add_subcommand("adopt"));
    bool replace = false;
    options.flag("--replace", replace, "re-mark");
    ASSERT_TRUE(options.fill(from({}), from({{key, "true"}})).ok());
    EXPECT_EQ(replace, expected) << key;
  }
}

TEST(Options, AWrongVariableDoesNotMatterWhenTheCommandLineDecides) {
  Backup backup;
  EXPECT_TRUE(backup.fill({"--jobs", "3"}, {{"BACKUP_JOBS", "many"}}, {}).ok());
  EXPECT_EQ(backup.jobs, 3);
}

TEST(Options, AFlagIsSetByAVariableAndByASetting) {
  Backup by_variable;
  ASSERT_TRUE(by_variable.fill({}, {{"SUMMIT_DR_DRY_RUN", "true"}}, {}).ok());
  EXPECT_TRUE(by_variable.dry_run);
  Backup switched_off;
  ASSERT_TRUE(switched_off.fill({}, {{"SUMMIT_DR_DRY_RUN", "false"}}, {{"dry-run", "true"}}).ok());
  EXPECT_FALSE(switched_off.dry_run);
  Backup by_setting;
  ASSERT_TRUE(by_setting.fill({}, {}, {{"backup.dry-run", "true"}}).ok());
  EXPECT_TRUE(by_setting.dry_run);
}

TEST(Options, ATristateTellsNotGivenFromTrueAndFalse) {
  const auto sanitize = [](std::vector<std::string> words, const Values& variables = {}) {
    Backup backup;
    EXPECT_TRUE(backup.fill(std::move(words), variables, {}).ok());
    return backup.sanitize;
  };
  EXPECT_EQ(sanitize({}), std::nullopt);
  EXPECT_EQ(sanitize({"--sanitize"}), true);
  EXPECT_EQ(sanitize({"--sanitize=true"}), true);
  EXPECT_EQ(sanitize({"--sanitize=false"}), false);
  EXPECT_EQ(sanitize({}, {{"SUMMIT_DR_SANITIZE", "false"}}), false);
  Backup wrong;
  EXPECT_FALSE(wrong.fill({}, {{"SUMMIT_DR_SANITIZE", "perhaps"}}, {}).ok());
}

TEST(Options, TheHelpNamesTheVariable) {
  Backup backup;
  EXPECT_THAT(backup.app.help(),
              ::testing::AllOf(HasSubstr("BACKUP_JOBS, JOBS"), HasSubstr("SUMMIT_DR_DRY_RUN")));
}

TEST(Settings, AreFlattenedAndAnAbsentFileIsEmpty) {
  const auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "summit-settings-").value();
  const auto path = directory.path() / "summit-dr.yaml";
  EXPECT_TRUE(read_settings(path.string())->empty());
  ASSERT_TRUE(write_file_durably(path, "backup:\n  jobs: 4\nquiet: true\n").ok());
  EXPECT_EQ(*read_settings(path.string()), (Values{{"backup.jobs", "4"}, {"quiet", "true"}}));
  ASSERT_TRUE(write_file_durably(path, "backup:\n  jobs: [4\n").ok());
  const auto broken = read_settings(path.string());
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code(), Code::kConfig);
  EXPECT_THAT(broken.error().message(), HasSubstr("summit-dr.yaml:"));
}

}  // namespace
}  // namespace summit::cli
