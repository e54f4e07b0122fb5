// Keeps what happened, and what was warned of, for tests to look at.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"

namespace summit {

// What happened, in order; from several threads.
class EventLog {
 public:
  void add(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  std::vector<std::string> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  // Where `event` stands; fails the test when it did not happen.
  size_t position(const std::string& event) const {
    const auto all = events();
    const auto found = std::find(all.begin(), all.end(), event);
    EXPECT_NE(found, all.end()) << event << " did not happen";
    return static_cast<size_t>(found - all.begin());
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

class RecordingReporter final : public Reporter {
 public:
  std::unique_ptr<Phase> phase(std::string_view store, std::string_view what,
                               std::string_view unit) override {
    return silent_.phase(store, what, unit);
  }
  void say(Level level, std::string_view text) override {
    if (level == Level::kWarning) warnings.add(std::string(text));
  }
  EventLog warnings;

 private:
  SilentReporter silent_;
};

}  // namespace summit
