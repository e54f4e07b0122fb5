// Masked files between their restore and their certificate.
#include "recovery/staged_trees.h"

#include <csignal>

#include "tests/recovery/files/files_world.h"
#include "tests/recovery/leak/leak_scan_world.h"

namespace summit::recovery {
namespace {

using testing::IsEmpty;

// A rule replaces a key in one file, and the same key stands in another.
class LeakingFiles : public MaskedFiles {
 protected:
  void SetUp() override {
    put("config/settings.ini", "MAIL_KEY=" + kOriginal + "\nPORT=80\n");
    rules("    - {path: \"config/*.ini\", entries: {\"*_KEY\": {constant: none}}}");
    session_.replaced = &leaks_.log();
  }
  // Of what is there now, and the target has something else.
  void back_up_and_change() {
    std::vector<std::unique_ptr<backup::Component>> components;
    components.push_back(component(config_));
    back_up(std::move(components));
    empty_target();
    put("config/settings.ini", "MAIL_KEY=the target's\n");
    put("config/extra.yaml", "b: 2\n");
  }
  void expect_the_target_as_it_was() {
    EXPECT_EQ(get("config/settings.ini"), "MAIL_KEY=the target's\n");
    EXPECT_EQ(get("config/extra.yaml"), "b: 2\n");
    EXPECT_EQ(get("config/app.yaml"), "<nothing>");
  }
  std::vector<fs::path> staged() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(platform()))
      if (entry.path().filename().string().starts_with(files::kStagingPrefix)) found.push_back(entry.path());
    return found;
  }
  void prepare(RestoreComponent& component) {
    auto where = masked_context();
    const auto restored = component.restore(where, {});
    ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  }
  std::set<std::string> found_in(RestoreComponent& component) {
    auto where = masked_context();
    const auto searched = component.search(where, leaks_.scan());
    EXPECT_TRUE(searched.ok()) << searched.error().to_string();
    return leaks_.places();
  }

  const std::string kOriginal = "mail-key-of-production-4711";
  LeakScanWorld leaks_;
};

TEST_F(LeakingFiles, NobodySeesMaskedFilesBeforeTheyAreRevealed) {
  back_up_and_change();
  const auto config = make_files_restore(trees(), "config");
  prepare(*config);
  expect_the_target_as_it_was();
  ASSERT_EQ(staged().size(), 1U);
  EXPECT_EQ(fs::status(staged().front()).permissions(), fs::perms::owner_all);
  EXPECT_THAT(found_in(*config), IsEmpty());
  EXPECT_GT(leaks_.report().searched().at("files").elements, 2U);
  const auto revealed = reveal(*config);
  ASSERT_TRUE(revealed.ok()) << revealed.error().to_string();
  EXPECT_EQ(get("config/settings.ini"), "MAIL_KEY=none\nPORT=80\n");
  EXPECT_EQ(get("config/app.yaml"), "a: 1\n");
  EXPECT_EQ(get("config/extra.yaml"), "<nothing>");
  EXPECT_THAT(staged(), IsEmpty());
}

TEST_F(LeakingFiles, OfWhichOneHoldsAReplacedValueNothingComes) {
  put("config/app.yaml", "note: " + kOriginal + "\n");
  back_up_and_change();
  const auto config = make_files_restore(trees(), "config");
  prepare(*config);
  EXPECT_THAT(found_in(*config), testing::ElementsAre("files:config/config/app.yaml"));
  auto where = masked_context();
  const auto locked = config->lock(where);
  ASSERT_TRUE(locked.ok()) << locked.error().to_string();
  EXPECT_EQ(locked->kind, kNothingCame);
  expect_the_target_as_it_was();
  EXPECT_THAT(staged(), IsEmpty());
}

TEST_F(LeakingFiles, AreFoundAmongSecretsToo) {
  rules("    - {path: \"**/.env*\", entries: {\"*_KEY\": {constant: none}}}");
  session_.replaced = &leaks_.log();
  put(".env", "API_KEY=" + kOriginal + "\nNOTE=" + kOriginal + "\n", 0600);
  back_up_everything();
  empty_target();
  put(".env", "API_KEY=the target's\n", 0600);
  const auto secrets = make_secrets_restore(trees(), "secrets");
  prepare(*secrets);
  EXPECT_EQ(get(".env"), "API_KEY=the target's\n");
  EXPECT_THAT(found_in(*secrets), testing::ElementsAre("files:config/.env"));
  auto where = masked_context();
  ASSERT_TRUE(secrets->lock(where).ok());
  EXPECT_EQ(get(".env"), "API_KEY=the target's\n");
}

// What is replaced or removed by the restore is not what the target will hold.
TEST_F(LeakingFiles, AreSearchedWithWhatStaysOfTheTargetAndWithNothingElse) {
  config_.include.push_back("notes/**");
  put("notes/first.txt", "1\n");
  rules(
      "    - {path: \"config/*.ini\", entries: {\"*_KEY\": {constant: none}}}\n"
      "    - {path: \"notes/*\", drop: true}");
  session_.replaced = &leaks_.log();
  back_up_and_change();
  put("config/settings.ini", "MAIL_KEY=" + kOriginal + "\n");
  put("config/extra.yaml", kOriginal);
  put("notes/first.txt", kOriginal);
  put("notes/" + kOriginal + "/second.txt", "2\n");
  const auto config = make_files_restore(trees(), "config");
  prepare(*config);
  EXPECT_THAT(found_in(*config),
              testing::UnorderedElementsAre("files:config/notes/first.txt", "files:config: a name"));
}

TEST_F(LeakingFiles, OfAKilledRestoreAreSeenByNobodyAndGoWithTheNextOne) {
  back_up_and_change();
  EXPECT_EXIT(
      {
        const auto killed = make_files_restore(trees(), "config");
        prepare(*killed);
        ::raise(SIGKILL);
      },
      testing::KilledBySignal(SIGKILL), "");
  expect_the_target_as_it_was();
  ASSERT_EQ(staged().size(), 1U);
  EXPECT_EQ(fs::status(staged().front()).permissions(), fs::perms::owner_all);
  const auto again = make_files_restore(trees(), "config");
  const auto restored = restore(*again);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_THAT(staged(), IsEmpty());
  EXPECT_EQ(get("config/settings.ini"), "MAIL_KEY=none\nPORT=80\n");
  EXPECT_THAT(differences(*again), IsEmpty());
}

TEST_F(LeakingFiles, ThatAreNotRevealedLeaveNoRootBehind) {
  back_up_and_change();
  empty_target();
  {
    const auto config = make_files_restore(trees(), "config");
    prepare(*config);
    EXPECT_EQ(staged().size(), 1U);
  }
  EXPECT_FALSE(fs::exists(platform()));
}

}  // namespace
}  // namespace summit::recovery
