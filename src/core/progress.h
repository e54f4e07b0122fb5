// What a long run says while it works. Implementations print bars, lines or JSON; the library only reports.
//
// All functions are thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace summit {

enum class Level { kDetail, kInfo, kWarning };

// One bar: "postgresql: dumping". Finished when it is destroyed.
class Phase {
 public:
  virtual ~Phase() = default;
  // The total in bytes (or `unit`s); 0 when it is not known. May be corrected while running.
  virtual void set_total(uint64_t total) = 0;
  virtual void advance(uint64_t amount) = 0;
};

class Reporter {
 public:
  virtual ~Reporter() = default;
  // `store` is the endpoint or component, `what` the activity ("copying store files"), `unit` "bytes",
  // "rows", "keys" …
  virtual std::unique_ptr<Phase> phase(std::string_view store, std::string_view what,
                                       std::string_view unit = "bytes") = 0;
  virtual void say(Level level, std::string_view text) = 0;

  void info(std::string_view text) { say(Level::kInfo, text); }
  void detail(std::string_view text) { say(Level::kDetail, text); }
  void warn(std::string_view text) { say(Level::kWarning, text); }
};

// Says nothing: for tests and inner runs.
class SilentReporter final : public Reporter {
 public:
  std::unique_ptr<Phase> phase(std::string_view, std::string_view, std::string_view) override;
  void say(Level, std::string_view) override {}
};

}  // namespace summit
