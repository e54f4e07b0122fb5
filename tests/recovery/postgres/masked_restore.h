// Masked restores, as the runner calls them, on real servers.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/masking/make_rules.h"
#include "tests/recovery/postgres/components.h"

namespace summit::recovery {

// Everything that listens for replaced values is told by two threads.
class Collected final : public masking::ReplacedValues {
 public:
  void add(std::string_view original, std::string_view, std::string_view place) override {
    const std::lock_guard lock(mutex_);
    values_.emplace(original, place);
  }
  const std::multimap<std::string, std::string>& values() const { return values_; }

 private:
  std::mutex mutex_;
  std::multimap<std::string, std::string> values_;
};

class MaskedComponents : public PostgresComponents {
 protected:
  void use(const std::string& yaml, unsigned percent = 100) {
    session_.rules = expect_ok(masking::read_rules(yaml));
    session_.key = masking::test_key();
    session_.reduction_percent = percent;
    session_.recovery_point = from_rfc3339("2026-11-21T00:00:00Z").value();
  }

  masking::Session session_;
};

class MaskedRestore : public MaskedComponents {
 protected:
  void use(const std::string& yaml, unsigned percent = 100) {
    MaskedComponents::use(yaml, percent);
    session_.replaced = &replaced_;
    masking_ = &session_;
  }

  Result<PlanStep> plan(const std::string& id) {
    return with_restore(id, target_, [](auto& component, auto& context) { return component.plan(context); });
  }
  // Into `target_`, with the comparison that follows.
  std::vector<Difference> restored(const std::string& id) {
    return with_restore(id, target_, [&](auto& component, auto& context) {
      expect_ok(restore_and_reveal(component, context));
      return expect_ok(component.compare(context));
    });
  }

  // Plans, expects a refusal before anything is written, and gives its words.
  std::string refusal(const std::string& schema) {
    run("summit", schema);
    const auto id = expect_ok(back_up(target_));
    const auto planned = plan(id);
    EXPECT_FALSE(planned.ok()) << schema;
    if (planned.ok()) return {};
    EXPECT_EQ(planned.error().code(), Code::kRefused) << planned.error().to_string();
    const auto restored = restore_to(id, target_);
    EXPECT_FALSE(restored.ok());
    EXPECT_EQ(ask("summit", "SELECT count(*) FROM pg_stat_database WHERE datname LIKE '%restoring%'"), "0");
    return planned.error().message();
  }

  Collected replaced_;
};

}  // namespace summit::recovery
