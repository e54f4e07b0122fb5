#include "recovery/guard.h"

#include "world.h"

namespace summit::recovery {
namespace {

using config::EnvironmentClass;
using config::Sanitization;
using ::testing::HasSubstr;

TEST(DataClass, TableOfSourceTargetAndWish) {
  struct Row {
    const char* source;
    Sanitization target;
    std::optional<bool> sanitize;
    std::optional<bool> masked;  // nothing: refused
  };
  const Row rows[] = {
      {"dev", Sanitization::kNone, {}, false},
      {"dev", Sanitization::kFull, {}, false},
      {"staging", Sanitization::kFull, {}, true},
      {"staging", Sanitization::kFull, false, {}},
      {"staging", Sanitization::kMinimal, {}, false},
      {"staging", Sanitization::kNone, {}, false},
      {"dev", Sanitization::kFull, false, false},
      {"dev", Sanitization::kFull, true, true},
      {"production", Sanitization::kNone, {}, false},
      {"production", Sanitization::kNone, false, false},
      {"production", Sanitization::kNone, true, true},
      {"production", Sanitization::kMinimal, {}, true},
      {"production", Sanitization::kMinimal, false, {}},
      {"production", Sanitization::kFull, {}, true},
      {"production", Sanitization::kFull, false, {}},
      {"production", Sanitization::kFull, true, true},
      // What is not known counts as production, and so do copies of it.
      {"", Sanitization::kFull, {}, true},
      {"qa", Sanitization::kFull, {}, true},
      {"dr_rehearsal", Sanitization::kFull, false, {}},
  };
  for (const auto& row : rows) {
    repository::BackupMetadata backup;
    backup.id = "summit-backup-full-20261121T031048Z";
    backup.environment_class = row.source;
    config::Environment target;
    target.name = "target";
    target.sanitization = row.target;
    const auto checked = must_mask(backup, target, row.sanitize);
    const auto found = checked.ok() ? std::optional(*checked) : std::nullopt;
    EXPECT_EQ(found, row.masked) << row.source << " into " << name_of(row.target) << ", --sanitize "
                                 << (row.sanitize ? (*row.sanitize ? "true" : "false") : "not given");
    if (!checked.ok()) {
      EXPECT_EQ(checked.error().code(), Code::kRefused);
    }
  }
}

// A rollback of a staging that masks fully brings back what was there, as it was.
TEST(DataClass, StagingGoesIntoStagingAsItIs) {
  repository::BackupMetadata backup;
  backup.environment_class = "staging";
  config::Environment target;
  target.kind = EnvironmentClass::kStaging;
  target.sanitization = Sanitization::kFull;
  const auto masked = must_mask(backup, target, {});
  ASSERT_TRUE(masked.ok());
  EXPECT_FALSE(*masked);
}

// A production restore, its checklist, and a person who gives prepared answers.
class Confirm : public ::testing::Test {
 protected:
  Confirm() {
    world.environment.name = "production";
    world.environment.kind = EnvironmentClass::kProduction;
    plan = world.plan({{.name = "postgresql"}});
    plan.request.safety_backup = true;
    phrase = confirmation_phrase(plan);
  }

  Result<void> confirm(std::vector<std::string> prepared = {}) {
    size_t next = 0;
    return confirm_restore(plan, safety_checklist(plan, verified), confirmation,
                           [&](const std::string& question) -> std::optional<std::string> {
                             questions.push_back(question);
                             if (next == prepared.size()) return {};
                             return prepared[next++];
                           });
  }

  World world;
  RestorePlan plan;
  repository::VerifyReport verified;
  Confirmation confirmation;
  std::string phrase;
  std::vector<std::string> questions;
};

TEST_F(Confirm, ThePhraseNamesTheBackupAndTheTarget) {
  EXPECT_EQ(phrase, "restore summit-backup-full-20261121T031048Z into production");
}

TEST_F(Confirm, OtherEnvironmentsAreNotAsked) {
  world.environment.kind = EnvironmentClass::kStaging;
  EXPECT_TRUE(confirm().ok());
  EXPECT_TRUE(questions.empty());
}

TEST_F(Confirm, AcceptsAllThreeAnswersFromATerminal) {
  EXPECT_TRUE(confirm({"CHG-42", "yes", phrase}).ok());
  EXPECT_EQ(questions.size(), 3U);
  EXPECT_EQ(confirmation.change_reference, "CHG-42");
}

TEST_F(Confirm, AcceptsAllThreeAsFlagsAndAsksNobody) {
  confirmation = {.phrase = phrase, .change_reference = "CHG-42", .yes = true};
  EXPECT_TRUE(confirm().ok());
  EXPECT_TRUE(questions.empty());
}

TEST_F(Confirm, EachMissingAnswerIsRefusedWithItsFlag) {
  const Confirmation whole{.phrase = phrase, .change_reference = "CHG-42", .yes = true};
  const auto hint_without = [&](auto remove) {
    confirmation = whole;
    remove(confirmation);
    const auto refused = confirm();
    EXPECT_FALSE(refused.ok());
    return refused.ok() ? std::string() : refused.error().hint();
  };
  EXPECT_THAT(hint_without([](Confirmation& c) { c.change_reference.clear(); }), HasSubstr("--change="));
  EXPECT_THAT(hint_without([](Confirmation& c) { c.yes = false; }), HasSubstr("--yes"));
  EXPECT_THAT(hint_without([](Confirmation& c) { c.phrase.clear(); }), HasSubstr("--confirm=\"" + phrase));
}

TEST_F(Confirm, AnAnswerOtherThanYesIsRefused) {
  for (const char* answer : {"no", "y", "Yes", "yes "}) {
    const auto refused = confirm({"CHG-42", answer, phrase});
    ASSERT_FALSE(refused.ok()) << answer;
    EXPECT_EQ(refused.error().code(), Code::kRefused);
  }
}

TEST_F(Confirm, AWrongPhraseIsRefusedFromATerminalAndFromAFlag) {
  for (const auto& wrong :
       {std::string("restore latest into production"), phrase + " ", std::string("yes")}) {
    confirmation = {.phrase = wrong, .change_reference = "CHG-42", .yes = true};
    EXPECT_FALSE(confirm().ok()) << wrong;
    confirmation.phrase.clear();
    EXPECT_FALSE(confirm({wrong}).ok()) << wrong;
  }
}

TEST_F(Confirm, ADamagedBackupIsRefusedBeforeAnybodyIsAsked) {
  verified.findings.push_back({"postgres-full.dump", "sha-256 differs"});
  confirmation = {.phrase = phrase, .change_reference = "CHG-42", .yes = true};
  const auto refused = confirm();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("sha-256 differs"));
  EXPECT_TRUE(questions.empty());
}

TEST_F(Confirm, ARestoreWithoutSafetyBackupIsRefused) {
  plan.request.safety_backup = false;
  confirmation = {.phrase = phrase, .change_reference = "CHG-42", .yes = true};
  const auto refused = confirm();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("--no-safety-backup"));
}

TEST_F(Confirm, TheChecklistHasTheRunbooksSixPoints) {
  EXPECT_EQ(safety_checklist(plan, verified).size(), 6U);
}

}  // namespace
}  // namespace summit::recovery
