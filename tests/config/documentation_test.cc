// The examples of docs/configuration.md work as they stand there.
#include <gmock/gmock.h>

#include "project.h"

namespace summit::config {
namespace {

// The fenced YAML block that begins with `first_line`.
std::string example(const std::string& first_line) {
  const auto page = read_file(fs::path(SUMMIT_SOURCE_DIR) / "docs/configuration.md").value();
  const std::string fence = "```yaml\n" + first_line;
  const size_t begin = page.find(fence);
  if (begin == std::string::npos) return {};
  const size_t text = begin + std::string("```yaml\n").size();
  return page.substr(text, page.find("```", text) - text);
}

TEST(Documentation, TheExampleOfAnEnvironmentLoads) {
  const Project project;
  project.write("config/environments.yaml", example("environments:"));
  EXPECT_EQ(project.findings(), "");
}

TEST(Documentation, TheExampleOfABackupSetLoads) {
  const Project project;
  project.write("config/environments.yaml",
                kSmallestEnvironments + "        - {name: reports, root: reports}\n");
  project.write("config/backup-sets.yaml",
                example("backup_sets:") +
                    "  full: {retention: 30 days, storage: [local], components: [postgresql, redis]}\n");
  EXPECT_EQ(project.findings(), "");
}

TEST(Documentation, EveryFormOfAPasswordIsAccepted) {
  const auto forms = example("password:");
  size_t tried = 0;
  for (size_t at = forms.find("password: "); at != std::string::npos;
       at = forms.find("\npassword: ", at + 1)) {
    const size_t begin = forms.find('{', at);
    const auto form = forms.substr(begin, forms.find('}', begin) + 1 - begin);
    const Project project;
    project.write("config/environments.yaml",
                  replaced(kSmallestEnvironments, "{env: TEST_PG_PASSWORD}", form));
    EXPECT_EQ(project.findings(), "") << form;
    ++tried;
  }
  EXPECT_EQ(tried, 5U);
}

}  // namespace
}  // namespace summit::config
