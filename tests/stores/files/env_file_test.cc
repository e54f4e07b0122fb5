#include "stores/files/env_file.h"

#include <gtest/gtest.h>

namespace summit::files {
namespace {

TEST(EnvFile, IsKnownByItsName) {
  for (const char* path : {".env", "a/.env", ".env.production", "app.env"})
    EXPECT_TRUE(is_env_file(path)) << path;
  for (const char* path : {"env", ".environment", "a.env.d/x"}) EXPECT_FALSE(is_env_file(path)) << path;
}

TEST(EnvFile, LosesTheValuesOfKeysOnly) {
  const auto stripped = strip_key_values(
      "A=1\nENCRYPTION_KEY=topsecret\n# ENCRYPTION_KEY=comment\n  export BACKUP_ENCRYPTION_KEY = "
      "\"two\nlines\" # x\n"
      "ENCRYPTION_KEY_FILE=/k\nMY_ENCRYPTION_KEY=other\nB=2");
  EXPECT_EQ(stripped.text,
            "A=1\nENCRYPTION_KEY=\n# ENCRYPTION_KEY=comment\n  export BACKUP_ENCRYPTION_KEY =\n"
            "ENCRYPTION_KEY_FILE=/k\nMY_ENCRYPTION_KEY=other\nB=2");
  EXPECT_EQ(stripped.removed, (std::vector<std::string>{"ENCRYPTION_KEY", "BACKUP_ENCRYPTION_KEY"}));
}

TEST(EnvFile, SurvivesAQuoteThatIsNeverClosed) {
  EXPECT_EQ(strip_key_values("ENCRYPTION_KEY='abc\nA=1\n").text, "ENCRYPTION_KEY=\nA=1\n");
  EXPECT_EQ(strip_key_values("ENCRYPTION_KEY=").text, "ENCRYPTION_KEY=");
  EXPECT_EQ(strip_key_values("").text, "");
}

TEST(EnvFile, KeepsTheKeysOfTheTarget) {
  EXPECT_EQ(keep_key_lines("A=1\nENCRYPTION_KEY=\nB=2\n", "ENCRYPTION_KEY=mine\nA=9\n"),
            "A=1\nENCRYPTION_KEY=mine\nB=2\n");
  EXPECT_EQ(keep_key_lines("A=1", "export ENCRYPTION_KEY=mine"), "A=1\nexport ENCRYPTION_KEY=mine\n");
  EXPECT_EQ(keep_key_lines("A=1\nENCRYPTION_KEY=\n", "A=2\n"), "A=1\nENCRYPTION_KEY=\n");
  EXPECT_EQ(keep_key_lines("", "ENCRYPTION_KEY=m"), "ENCRYPTION_KEY=m\n");
}

TEST(EnvFile, ComparesEqualWhateverKeyItHas) {
  EXPECT_EQ(without_key_lines("A=1\nENCRYPTION_KEY=x\nB=2\n"),
            without_key_lines("A=1\nENCRYPTION_KEY=\nB=2\n"));
  EXPECT_EQ(without_key_lines("A=1\nENCRYPTION_KEY=x\n"), without_key_lines("A=1\n"));
}

}  // namespace
}  // namespace summit::files
