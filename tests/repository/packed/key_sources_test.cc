#include "repository/packed/key_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace summit::repository::packed {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class KeySources : public testing::Test {
 protected:
  fs::path file(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const fs::path path = directory.path() / name;
    EXPECT_TRUE(make_directories(path.parent_path()).ok());
    EXPECT_TRUE(write_file_durably(path, content, mode).ok());
    return path;
  }
  VariableLookup lookup() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
  }

  TemporaryDirectory directory = *TemporaryDirectory::create(fs::temp_directory_path(), "key-sources-");
  fs::path base = directory.path() / "backups";
  std::map<std::string, std::string> variables{{"HOME", (directory.path() / "home").string()}};
};

TEST_F(KeySources, TheKeyThatSealsSecretsOpensTheRepositoryToo) {
  EXPECT_THAT(*find_secrets({}, lookup(), base), IsEmpty());
  file("home/.config/summit-dr/key", "from the key file\n");
  const auto from_file = find_secrets({}, lookup(), base);
  ASSERT_TRUE(from_file.ok()) << from_file.error().to_string();
  ASSERT_EQ(from_file->size(), 1u);
  EXPECT_EQ(from_file->front().kind, SlotKind::kKeyFile);
  EXPECT_EQ(from_file->front().secret.reveal(), "from the key file");
  variables["ENCRYPTION_KEY"] = "from the variable";
  const auto from_variable = find_secrets({}, lookup(), base);
  EXPECT_EQ(from_variable->front().kind, SlotKind::kPassphrase);
  EXPECT_EQ(from_variable->front().secret.reveal(), "from the variable");
}

TEST_F(KeySources, WhatIsChosenForTheRunComesInsteadOfTheVariables) {
  variables["ENCRYPTION_KEY"] = "from the variable";
  const auto chosen = find_secrets({.passphrase_file = file("pass", "a passphrase\n"),
                                    .passphrase_command = {"printf", "%s\\n", "printed; not $expanded"},
                                    .key_file = file("key", "a key")},
                                   lookup(), base);
  ASSERT_TRUE(chosen.ok()) << chosen.error().to_string();
  ASSERT_EQ(chosen->size(), 3u);
  EXPECT_EQ((*chosen)[0].secret.reveal(), "a passphrase");
  EXPECT_EQ((*chosen)[1].secret.reveal(), "printed; not $expanded\n");
  EXPECT_EQ((*chosen)[1].source, "the command printf");
  EXPECT_EQ((*chosen)[2].kind, SlotKind::kKeyFile);
}

TEST_F(KeySources, FilesWithTheBackupsOrOpenToOthersAreRefused) {
  fs::create_directories(base / "repository");
  fs::create_directory_symlink(base / "repository", directory.path() / "elsewhere");
  file("backups/repository/key", "secret");
  file("backups/key", "secret");
  for (const fs::path& path :
       {base / "key", directory.path() / "elsewhere" / "key", directory.path() / "elsewhere" / ".." / "key"})
    EXPECT_EQ(find_secrets({.key_file = path}, lookup(), base).error().code(), Code::kRefused) << path;
  EXPECT_EQ(find_secrets({.passphrase_file = file("open", "secret", 0644)}, lookup(), base).error().code(),
            Code::kRefused);
}

TEST_F(KeySources, ACommandThatFailsOrPrintsNothingIsAnError) {
  const auto with = [&](std::vector<std::string> argv) {
    return find_secrets({.passphrase_command = std::move(argv)}, lookup(), base);
  };
  EXPECT_EQ(with({"true"}).error().code(), Code::kKeyMissing);
  EXPECT_FALSE(with({"false"}).ok());
  EXPECT_EQ(with({"no-such-password-manager"}).error().code(), Code::kMissingTool);
  EXPECT_THAT(with({"no-such-password-manager"}).error().message(), HasSubstr("passphrase command"));
}

}  // namespace
}  // namespace summit::repository::packed
