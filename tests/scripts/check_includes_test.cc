// scripts/check-includes, on the real tree and on copies with a planted fault.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/process.h"

namespace summit {
namespace {

using testing::HasSubstr;

Process::Options quiet() { return {.output = Process::Stream::kPipe}; }

struct Outcome {
  int code;
  std::string said;
};

Outcome check(const fs::path& root) {
  const std::string script = std::string(SUMMIT_SOURCE_DIR) + "/scripts/check-includes";
  auto process = Process::start({.argv = {script, root.string()}}, quiet());
  EXPECT_TRUE(process.ok());
  std::string said;
  char block[4096];
  while (true) {
    auto size = read_some(process->output_fd(), block, sizeof block, "output");
    if (!size.ok() || *size == 0) break;
    said.append(block, *size);
  }
  return {process->wait()->code, said};
}

class CheckIncludes : public testing::Test {
 protected:
  CheckIncludes()
      : root_(std::move(TemporaryDirectory::create(fs::temp_directory_path(), "includes-")).value()) {}

  // Writes one file of a copy of the house, and checks it.
  Outcome check_with(std::string_view path, std::string_view content) {
    const fs::path file = root_.path() / path;
    EXPECT_TRUE(make_directories(file.parent_path()).ok());
    EXPECT_TRUE(write_file_durably(file, content).ok());
    return check(root_.path());
  }

  TemporaryDirectory root_;
};

TEST_F(CheckIncludes, PassesOnThisProject) {
  const Outcome outcome = check(SUMMIT_SOURCE_DIR);
  EXPECT_EQ(outcome.code, 0) << outcome.said;
}

TEST_F(CheckIncludes, FindsAFaultPlantedInACopyOfThisProject) {
  fs::copy(fs::path(SUMMIT_SOURCE_DIR) / "src", root_.path() / "src", fs::copy_options::recursive);
  ASSERT_EQ(check(root_.path()).code, 0);
  const Outcome outcome =
      check_with("src/core/planted.cc", "#include \"core/bytes.h\"\n#include \"cli/command.h\"\n");
  EXPECT_NE(outcome.code, 0);
  EXPECT_THAT(outcome.said, HasSubstr("src/core/planted.cc:2: core may not include cli: \"cli/command.h\""));
}

TEST_F(CheckIncludes, RefusesEveryForbiddenDirection) {
  const std::pair<const char*, const char*> forbidden[] = {
      {"core", "config"},    {"config", "storage"},     {"formats", "config"},    {"storage", "repository"},
      {"masking", "stores"}, {"repository", "backup"},  {"stores", "repository"}, {"stores", "storage"},
      {"stores", "masking"}, {"scratch", "repository"}, {"backup", "recovery"},   {"recovery", "cli"},
      {"drill", "agent"},    {"agent", "cli"},          {"journal", "stores"},    {"core", "devtools"},
  };
  for (const auto& [folder, other] : forbidden) {
    const std::string path = fmt::format("src/{}/x.cc", folder);
    EXPECT_NE(check_with(path, fmt::format("  #  include \"{}/y.h\"\n", other)).code, 0)
        << folder << " " << other;
    ASSERT_EQ(check_with(path, fmt::format("#include \"{}/y.h\"\n", folder)).code, 0) << folder;
  }
}

TEST_F(CheckIncludes, AllowsWhatTheTableAllows) {
  const std::pair<const char*, const char*> permitted[] = {
      {"stores", "formats"},  {"scratch", "stores"}, {"backup", "repository"},
      {"recovery", "backup"}, {"cli", "agent"},      {"storage", "config"},
  };
  for (const auto& [folder, other] : permitted) {
    const std::string path = fmt::format("src/{}/x.cc", folder);
    EXPECT_EQ(check_with(path, fmt::format("#include \"{}/y.h\"\n", other)).code, 0)
        << folder << " " << other;
  }
}

TEST_F(CheckIncludes, RefusesFoldersWithoutAPlaceAndRelativePaths) {
  EXPECT_THAT(check_with("src/helpers/x.cc", "\n").said, HasSubstr("has no place in the table"));
  ASSERT_TRUE(remove_recursively(root_.path() / "src/helpers").ok());
  EXPECT_THAT(check_with("src/core/x.cc", "#include \"../cli/y.h\"\n").said,
              HasSubstr("is not written from src/"));
  EXPECT_THAT(check_with("src/core/x.cc", "#include \"y.h\"\n").said, HasSubstr("as in \"core/y.h\""));
}

TEST_F(CheckIncludes, RefusesCallsThatOnlyCoreMayMake) {
  for (const char* call : {"system(\"rm\");", "int x = std::system(c);", "::popen(c, \"r\");",
                           "std::this_thread::sleep_for(second);", "sleep(1);", "usleep (5);", "::fork();",
                           "execvp(a, b);", "std::thread worker(f);", "std::async(f);"}) {
    EXPECT_NE(check_with("src/stores/x.cc", fmt::format("void f() {{\n  {}\n}}\n", call)).code, 0) << call;
    EXPECT_EQ(check_with("src/stores/x.cc", "").code, 0);
    EXPECT_EQ(check_with("src/core/x.cc", fmt::format("{}\n", call)).code, 0) << call;
  }
}

TEST_F(CheckIncludes, IsNotMisledByCommentsTextAndLongerNames) {
  const Outcome outcome = check_with("src/stores/x.cc",
                                     "// never system(\"x\")\n"
                                     "/* popen(c) */ int a;\n"
                                     "/* begins\n   system(x)\n   ends */\n"
                                     "const char* text = \"system(\\\"x\\\") // and more\";\n"
                                     "file_system(x); options.sleep(3); host->system(y);\n"
                                     "auto n = std::thread::hardware_concurrency();\n");
  EXPECT_EQ(outcome.code, 0) << outcome.said;
}

TEST_F(CheckIncludes, GoesOnAfterACommentThatEndsInItsOwnLine) {
  EXPECT_NE(check_with("src/stores/x.cc", "/* begins\n ends */ popen(c, d);\n").code, 0);
}

TEST_F(CheckIncludes, SaysWhenThereIsNothingToCheck) { EXPECT_NE(check(root_.path()).code, 0); }

}  // namespace
}  // namespace summit
