#include "recovery/masked_target.h"

#include "tests/masking/make_rules.h"
#include "world.h"

namespace summit::recovery {
namespace {

// Holds one text, which a check finds or not.
class HoldsText final : public RestoreComponent {
 public:
  struct State {
    std::string text;
    std::string place = "store:notes";  // where it is found
    std::string original = "store:mail";
    std::optional<Error> unreadable;
    bool locked = false;
    bool lock_fails = false;
    LockedStore locks{.kind = "redis", .endpoint = "store", .users = {{"default", "+@all"}}};
    bool closed = false;
    bool was_filled = false;
    bool closed_while_filled = false;
    bool closed_while_searched = false;
    bool revealed = false;
    bool was_left_closed = false;
    Result<void> reveals{};
    std::vector<Difference> differs{};
    bool compared = false;
  };
  explicit HoldsText(State& state) : state_(state) {}
  std::string name() const override { return "store"; }
  Result<PlanStep> plan(RestoreContext&) override { return PlanStep(); }
  Result<void> restore(RestoreContext& context, const std::optional<config::EnvironmentMarker>&) override {
    context.masking->replaced->add("ada@mail.org", "x@example.com", state_.original);
    state_.was_filled = true;
    state_.closed_while_filled = state_.closed;
    return {};
  }
  Result<std::vector<Difference>> compare(RestoreContext&) override {
    state_.compared = true;
    return std::vector<Difference>();
  }
  Result<std::vector<std::string>> probe(RestoreContext&) override { return std::vector<std::string>(); }
  Result<void> close(RestoreContext&, TargetDoors& doors) override {
    if (state_.locks.kind == kNothingCame) return {};
    state_.was_left_closed = doors.left_closed("redis", "store") != nullptr;
    RETURN_IF_ERROR(doors.record(kStore));
    state_.closed = true;
    return {};
  }
  Result<void> reveal(RestoreContext&, TargetDoors& doors) override {
    RETURN_IF_ERROR(state_.reveals);
    state_.closed = false;
    state_.revealed = true;
    return doors.opened(kStore);
  }
  std::vector<Difference> refused() const override { return state_.differs; }
  Result<void> search(RestoreContext&, const LeakScan& scan) override {
    state_.closed_while_searched = state_.closed;
    if (state_.unreadable) return *state_.unreadable;
    masking::TextSearch search(scan.table);
    if (search.holds_any(state_.text, masking::TextSearch::Separators::kNone))
      scan.report.found(state_.place, state_.original);
    scan.report.searched("store", {.elements = 1, .bytes = state_.text.size()});
    return {};
  }
  Result<LockedStore> lock(RestoreContext&) override {
    state_.locked = true;
    if (state_.lock_fails) return Error(Code::kUnreachable, "it does not answer");
    return state_.locks;
  }

 private:
  inline static const LockedStore kStore{
      .kind = "redis", .endpoint = "store", .databases = {}, .users = {{"default", "+@all"}}};
  State& state_;
};

class MaskedTarget : public testing::Test {
 protected:
  MaskedTarget() {
    world_.configuration.directory = directory_.path();
    EXPECT_TRUE(write_file_durably(directory_.path() / "sanitization.yaml", "rules: {}\n").ok());
  }

  Result<RestoreOutcome> restore(std::vector<Script> others = {}) {
    auto plan = world_.plan(std::move(others));
    PlannedRestore planned;
    planned.name = planned.store = "store";
    planned.component = std::make_unique<HoldsText>(store_);
    plan.components.push_back(std::move(planned));
    LeakCheck check;
    check.base = world_.base();
    check.signing_key = directory_.path() / "certificate.key";
    ASSIGN_OR_RETURN(check.unfinished, read_lock(world_.base(), "dev"));
    ASSIGN_OR_RETURN(check.log, masking::ReplacedLog::create(directory_.path()));
    masking::Session session;
    session.rules = rules_;
    session.replaced = check.log.get();
    return world_.run(plan, &session, std::move(check));
  }

  World world_;
  config::SanitizationRules rules_;
  TemporaryDirectory directory_ =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-masked-").value();
  HoldsText::State store_{.text = "x@example.com", .unreadable = {}};
};

TEST_F(MaskedTarget, ThatIsCleanIsCertifiedAndOpen) {
  const auto outcome = restore();
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  ASSERT_TRUE(outcome->leaks && outcome->leaks->clean());
  EXPECT_TRUE(store_.closed_while_filled && store_.closed_while_searched && store_.revealed);
  EXPECT_FALSE(store_.closed || store_.locked);
  EXPECT_FALSE(read_lock(world_.base(), "dev").value().has_value());
  EXPECT_TRUE(store_.compared);
  const auto read = read_certificate(read_file(outcome->leaks->certificate).value());
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->certificate.restore, outcome->record.id);
  EXPECT_EQ(read->certificate.values.anywhere, 1U);
  EXPECT_EQ(read->certificate.searched.at("store").elements, 1U);
  EXPECT_EQ(outcome->record.state, RestoreState::kFinished);
}

TEST_F(MaskedTarget, ThatHoldsAReplacedValueIsLockedAndNotCertified) {
  store_.text = "Write to ADA@mail.org";
  const auto outcome = restore();
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  EXPECT_EQ(outcome->leaks->findings,
            (std::vector<LeakFinding>{
                {.place = "store:notes", .original = "store:mail", .occurrences = 1, .kept_by = {}}}));
  EXPECT_TRUE(outcome->leaks->certificate.empty());
  EXPECT_TRUE(store_.locked);
  EXPECT_FALSE(store_.compared || store_.revealed);
  EXPECT_EQ(outcome->record.state, RestoreState::kFailed);
  const auto lock = read_lock(world_.base(), "dev");
  ASSERT_TRUE(lock.ok() && lock->has_value());
  EXPECT_EQ((*lock)->restore, outcome->record.id);
  EXPECT_EQ((*lock)->stores.size(), 1U);
  EXPECT_FALSE((*lock)->unfinished);
}

TEST_F(MaskedTarget, IntoWhichNothingCameIsSaidToBeUnchangedAndTheNextRestoreIsRefused) {
  store_.text = "write to ada@mail.org";
  store_.locks = {.kind = std::string(kNothingCame), .endpoint = "store"};
  const auto outcome = restore();
  ASSERT_TRUE(outcome.ok() && outcome->leaks.has_value());
  EXPECT_EQ(outcome->leaks->unchanged, std::vector<std::string>{"store"});
  EXPECT_TRUE(outcome->leaks->locked.empty());
  const auto locked = read_lock(world_.base(), "dev").value();
  ASSERT_TRUE(locked.has_value());
  EXPECT_TRUE(locked->stores.empty()) << "there is nothing to unlock";
}

// The record holds the rights that its users had: nothing else could give them back.
TEST_F(MaskedTarget, ThatWasClosedAndCannotBeLockedStaysInTheRecord) {
  store_.text = "write to ada@mail.org";
  store_.lock_fails = true;
  const auto outcome = restore();
  ASSERT_TRUE(outcome.ok() && outcome->leaks.has_value());
  EXPECT_EQ(outcome->leaks->open.size(), 1U);
  const auto locked = read_lock(world_.base(), "dev").value();
  ASSERT_TRUE(locked.has_value());
  ASSERT_EQ(locked->stores.size(), 1U);
  EXPECT_EQ(locked->stores.front().users.at("default"), "+@all");
}

// Others can fail to come to their place after all was searched.
TEST_F(MaskedTarget, WhoseOthersDoNotComeToTheirPlaceStaysClosedWithoutACertificate) {
  const auto outcome = restore({{.name = "graph", .aside = true, .reveal = [] {
                                   return Result<void>(Error(Code::kNoSpace, "no room"));
                                 }}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  EXPECT_TRUE(store_.closed && !store_.revealed);
  EXPECT_FALSE(outcome->leaks->certified());
  EXPECT_FALSE(fs::exists(world_.base() / ".certificates"));
  EXPECT_TRUE(read_lock(world_.base(), "dev").value()->unfinished);
}

TEST_F(MaskedTarget, WhoseLockCanBeUndoneSaysHow) {
  store_.text = "write to ada@mail.org";
  store_.locks.caveat = "keep it stopped";
  const auto outcome = restore();
  ASSERT_TRUE(outcome.ok() && outcome->leaks.has_value());
  EXPECT_EQ(outcome->leaks->caveats, std::vector<std::string>{"store: keep it stopped"});
}

TEST_F(MaskedTarget, ThatHoldsWhatItsOwnRuleKeepsIsLockedAndTheRuleIsNamed) {
  rules_ = masking::table_rules(
      "    - table: notes\n"
      "      where: kind = 'secret'\n"
      "      set: {mail: remove, body: remove}\n"
      "      otherwise: {mail: keep, body: remove}\n");
  store_.text = "Write to ADA@mail.org";
  const auto kept_by = [&](const char* place, const char* original) {
    store_.place = place;
    store_.original = original;
    const auto outcome = restore();
    EXPECT_TRUE(outcome.ok() && store_.locked && outcome->leaks->findings.size() == 1);
    return outcome.ok() ? outcome->leaks->findings.front().kept_by : "";
  };
  EXPECT_THAT(kept_by("postgresql:dev.public.notes.mail", "postgresql:public.notes.mail"),
              testing::AllOf(testing::HasSubstr("line 6 of config/sanitization.yaml"),
                             testing::HasSubstr("`otherwise: {mail: keep}`")));
  EXPECT_EQ(kept_by("postgresql:dev.public.notes.body", "postgresql:public.notes.body"), "");
  EXPECT_EQ(kept_by("postgresql:dev.public.notes.body", "postgresql:public.notes.mail"), "");
  EXPECT_EQ(kept_by("postgresql:dev.public.footnotes.mail", "postgresql:public.notes.mail"), "");
}

TEST_F(MaskedTarget, ThatCannotBeReadWholeIsLockedAndNotCertified) {
  store_.unreadable = Error(Code::kUnreachable, "the store does not answer");
  const auto outcome = restore();
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  ASSERT_TRUE(outcome->leaks->failure.has_value());
  EXPECT_EQ(outcome->leaks->failure->code(), Code::kUnreachable);
  EXPECT_TRUE(store_.locked);
  EXPECT_TRUE(outcome->leaks->certificate.empty());
}

TEST_F(MaskedTarget, ThatIsStoppedWhileItIsReadStaysClosedAndTheNextRestoreOpensIt) {
  store_.unreadable = Error(Code::kCancelled, "stopped");
  const auto stopped = restore();
  ASSERT_TRUE(stopped.ok()) << stopped.error().to_string();
  EXPECT_TRUE(stopped->cancelled());
  EXPECT_TRUE(store_.closed);
  EXPECT_FALSE(store_.locked || store_.revealed || store_.was_left_closed);
  const auto left = read_lock(world_.base(), "dev");
  ASSERT_TRUE(left.ok() && left->has_value());
  EXPECT_TRUE((*left)->unfinished);
  EXPECT_EQ((*left)->stores.front().users.at("default"), "+@all");

  store_.unreadable.reset();
  const auto again = restore();
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_TRUE(store_.was_left_closed && store_.revealed && again->leaks->certified());
  EXPECT_FALSE(read_lock(world_.base(), "dev").value().has_value());
}

TEST_F(MaskedTarget, ThatCannotBePutInItsPlaceHasNoCertificate) {
  store_.reveals = Error(Code::kBusy, "somebody is in it");
  const auto outcome = restore();
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  EXPECT_EQ(outcome->failed(), 1U);
  EXPECT_FALSE(outcome->leaks->certified());
  EXPECT_FALSE(fs::exists(world_.base() / ".certificates"));
}

TEST_F(MaskedTarget, ThatDiffersBeforeItIsInItsPlaceIsRefusedAndHasNoCertificate) {
  store_.reveals = Error(Code::kMismatch, "it differs");
  store_.differs = {{.what = "table public.users", .expected = "7 elements", .found = "6 elements"}};
  const auto outcome = restore();
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  EXPECT_EQ(outcome->failed(), 0U);
  EXPECT_EQ(outcome->different(), 1U);
  EXPECT_TRUE(outcome->components.front().refused);
  EXPECT_FALSE(outcome->leaks->certified() || store_.compared);
  EXPECT_FALSE(fs::exists(world_.base() / ".certificates"));
  EXPECT_EQ(outcome->record.state, RestoreState::kFailed);
}

TEST_F(MaskedTarget, WithAComponentThatFailedIsSearchedAndNotCertified) {
  const auto outcome = restore(
      {{.name = "redis", .restore = [] { return Result<void>(Error(Code::kFailed, "out of order")); }}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  EXPECT_TRUE(outcome->leaks->clean());
  EXPECT_TRUE(outcome->leaks->certificate.empty());
  EXPECT_FALSE(store_.locked || store_.revealed);
  EXPECT_TRUE(store_.closed);
}

// A graph that no rule covers is found while it is made aside: Redis must still have its keys then.
TEST_F(MaskedTarget, ThatIsWrittenInPlaceIsAsItWasWhenOneThatIsMadeAsideFails) {
  const auto outcome = restore({{.name = "graph",
                                 .restore = [] { return Result<void>(Error(Code::kRefused, "private")); },
                                 .aside = true}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  EXPECT_FALSE(store_.closed || store_.was_filled);
  EXPECT_EQ(outcome->failed(), 2U);
  ASSERT_TRUE(outcome->components.back().failure.has_value());
  EXPECT_THAT(outcome->components.back().failure->message(), testing::HasSubstr("it is as it was"));
  EXPECT_FALSE(read_lock(world_.base(), "dev").value().has_value());
}

TEST_F(MaskedTarget, AStoreThatHasNoSearchIsNamedInTheCertificate) {
  const auto outcome = restore({{.name = "odd"}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  const auto read = read_certificate(read_file(outcome->leaks->certificate).value());
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_THAT(read->certificate.not_searched, testing::Contains("odd"));
}

}  // namespace
}  // namespace summit::recovery
