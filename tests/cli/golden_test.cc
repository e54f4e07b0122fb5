// Repositories of every format version that was ever released stay readable and usable. Each tar in golden/
// holds one, made by golden/make.sh of its day; nothing may change it.

#include <algorithm>

#include "packed_project.h"

namespace summit::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class Golden : public testing::TestWithParam<std::string> {
 protected:
  Golden() {
    const auto file = fs::path(SUMMIT_SOURCE_DIR "/tests/cli/golden") / GetParam();
    const auto unpacked = run_to_end({.argv = {"tar", "-xf", file.string(), "-C", project_.path().string()}});
    EXPECT_EQ(unpacked.code, 0) << unpacked.diagnostics;
  }
  Finished run(std::vector<std::string> words) const {
    return project_.run(std::move(words), {{"ENCRYPTION_KEY", "correct horse battery staple"}});
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> found;
    for (const auto& line : run({"--json", "list"}).lines()) found.push_back(line.value("id", ""));
    return found;
  }

  Project project_;
};

TEST_P(Golden, IsListedVerifiedAndRestored) {
  ASSERT_THAT(ids(), SizeIs(2));
  const auto verified = run({"verify", "--all"});
  EXPECT_EQ(verified.code, 0) << verified.output << verified.diagnostics;

  const auto restored = run({"restore", "latest", "--no-safety-backup"});
  EXPECT_EQ(restored.code, 0) << restored.output << restored.diagnostics;
  const auto compared =
      run_to_end({.argv = {"sha256sum", "--check", "--strict", (project_.path() / "backups/SHA256").string()},
                  .directory = project_.path() / "uploads"});
  EXPECT_EQ(compared.code, 0) << compared.output << compared.diagnostics;
}

TEST_P(Golden, TakesNewBackupsAndGivesUpOldOnes) {
  const auto made = run({"--json", "backup", "--layout=packed"});
  ASSERT_EQ(made.code, 0) << made.output << made.diagnostics;
  ASSERT_THAT(ids(), SizeIs(3));
  ASSERT_EQ(run({"verify", "latest"}).code, 0);
  for (int time = 0; time < 2; ++time) {
    const auto pruned = run({"prune", "--keep-last=1", "--grace=0s"});
    EXPECT_EQ(pruned.code, 0) << pruned.output << pruned.diagnostics;
  }
  EXPECT_THAT(ids(), SizeIs(1));
  EXPECT_EQ(run({"verify", "--all"}).code, 0);
}

INSTANTIATE_TEST_SUITE_P(Formats, Golden, testing::Values("format-1.tar"),
                         [](const auto&) { return std::string("One"); });

}  // namespace
}  // namespace summit::cli
