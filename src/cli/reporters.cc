// How progress is shown: a bar per phase on a terminal, a line now and then elsewhere, JSON Lines for
// programs.

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "core/bytes.h"
#include "core/time.h"

namespace summit::cli {
namespace {

// What one phase has done so far; shared between its handle and the reporter that draws it.
struct State {
  std::string store;
  std::string what;
  std::string unit;
  std::atomic<uint64_t> total{0};
  std::atomic<uint64_t> done{0};
  Stopwatch watch;
};

std::string amount(const State& state, uint64_t value) {
  return state.unit == "bytes" ? human_bytes(value) : fmt::format("{} {}", value, state.unit);
}

double fraction(const State& state) {
  const auto total = state.total.load();
  return total == 0 ? 0.0
                    : std::min(1.0, static_cast<double>(state.done.load()) / static_cast<double>(total));
}

// "62 %  1.2 GiB of 1.9 GiB  210 MiB/s  4 s left"
std::string describe(const State& state) {
  const auto seconds = std::max(0.001, state.watch.elapsed().count());
  const auto done = state.done.load();
  const auto rate = static_cast<double>(done) / seconds;
  if (state.total.load() == 0)
    return fmt::format("{}  {}/s", amount(state, done), amount(state, static_cast<uint64_t>(rate)));
  const auto share = fraction(state);
  const auto left = share > 0 ? human_duration(Seconds(seconds / share - seconds)) : "?";
  return fmt::format("{:3.0f} %  {} of {}  {}/s  {} left", share * 100, amount(state, done),
                     amount(state, state.total.load()), amount(state, static_cast<uint64_t>(rate)), left);
}

std::string finished(const State& state) {
  return fmt::format("{}: {} done: {} in {}", state.store, state.what, amount(state, state.done.load()),
                     human_duration(state.watch.elapsed()));
}

// Keeps the running phases and decides under one lock when they are drawn.
class PhaseReporter : public Reporter {
 public:
  PhaseReporter(int verbosity, Seconds interval) : verbosity_(verbosity), interval_(interval) {}

  std::unique_ptr<Phase> phase(std::string_view store, std::string_view what, std::string_view unit) override;

  void say(Level level, std::string_view text) override {
    if (level == Level::kDetail && verbosity_ == 0) return;
    const std::lock_guard lock(mutex_);
    message(level, text);
  }

 protected:
  // All are called with the lock held.
  virtual void message(Level level, std::string_view text) = 0;
  virtual void draw(const std::list<std::shared_ptr<State>>& phases) = 0;
  virtual void started(const State&) {}
  virtual void ended(const State& state) = 0;
  int verbosity() const { return verbosity_; }

 private:
  friend class ReportedPhase;

  void tick() {
    // A phase advances thousands of times a second: who comes while another draws, or too early, does not
    // wait.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || last_.elapsed() < interval_) return;
    last_ = Stopwatch();
    draw(phases_);
  }

  void end(const std::shared_ptr<State>& state) {
    const std::lock_guard lock(mutex_);
    phases_.remove(state);
    ended(*state);
    draw(phases_);
  }

  int verbosity_;
  Seconds interval_;
  std::mutex mutex_;
  Stopwatch last_;
  std::list<std::shared_ptr<State>> phases_;
};

class ReportedPhase final : public Phase {
 public:
  ReportedPhase(PhaseReporter& reporter, std::shared_ptr<State> state)
      : reporter_(reporter), state_(std::move(state)) {}
  ~ReportedPhase() override { reporter_.end(state_); }
  void set_total(uint64_t total) override { state_->total = total; }
  void advance(uint64_t done) override {
    state_->done += done;
    reporter_.tick();
  }

 private:
  PhaseReporter& reporter_;
  std::shared_ptr<State> state_;
};

std::unique_ptr<Phase> PhaseReporter::phase(std::string_view store, std::string_view what,
                                            std::string_view unit) {
  auto state = std::make_shared<State>();
  state->store = store;
  state->what = what;
  state->unit = unit;
  {
    const std::lock_guard lock(mutex_);
    phases_.push_back(state);
    started(*state);
    draw(phases_);
  }
  return std::make_unique<ReportedPhase>(*this, std::move(state));
}

std::string_view prefix(Level level) { return level == Level::kWarning ? "warning: " : ""; }

// Redraws the block of running phases in place, below the lines that stay.
class BarReporter final : public PhaseReporter {
 public:
  explicit BarReporter(int verbosity) : PhaseReporter(verbosity, Seconds(0.1)) {}

 protected:
  void message(Level level, std::string_view text) override {
    erase();
    fmt::print(stderr, "{}{}\n", prefix(level), text);
  }

  void ended(const State& state) override {
    erase();
    fmt::print(stderr, "{}\n", finished(state));
  }

  void draw(const std::list<std::shared_ptr<State>>& phases) override {
    erase();
    const size_t width = terminal_width();
    for (const auto& state : phases) {
      auto line =
          fmt::format("{:<12.12} {:<28.28} {} {}", state->store, state->what, bar(*state), describe(*state));
      if (line.size() > width) line.resize(width);
      fmt::print(stderr, "{}\n", line);
      ++drawn_;
    }
    std::fflush(stderr);
  }

 private:
  // ASCII, so that a line's bytes are its columns and can be cut at the terminal's width.
  static std::string bar(const State& state) {
    constexpr size_t kWidth = 20;
    const auto full = static_cast<size_t>(fraction(state) * kWidth);
    return fmt::format("[{:<20}]", std::string(full, '#'));
  }

  static size_t terminal_width() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }

  void erase() {
    for (; drawn_ > 0; --drawn_) fmt::print(stderr, "\x1b[1A\x1b[2K");
  }

  size_t drawn_ = 0;
};

// For logs: each phase's end, and what runs once a minute.
class LineReporter final : public PhaseReporter {
 public:
  explicit LineReporter(int verbosity) : PhaseReporter(verbosity, Seconds(60)) {}

 protected:
  void message(Level level, std::string_view text) override {
    fmt::print(stderr, "{}{}\n", prefix(level), text);
  }
  void ended(const State& state) override { fmt::print(stderr, "{}\n", finished(state)); }
  void draw(const std::list<std::shared_ptr<State>>& phases) override {
    for (const auto& state : phases) {
      if (state->watch.elapsed() < Seconds(60)) continue;
      fmt::print(stderr, "{}: {}: {}\n", state->store, state->what, describe(*state));
    }
  }
};

class JsonReporter final : public PhaseReporter {
 public:
  explicit JsonReporter(int verbosity) : PhaseReporter(verbosity, Seconds(1)) {}

 protected:
  void message(Level level, std::string_view text) override {
    const char* name = level == Level::kWarning ? "warning" : level == Level::kInfo ? "info" : "detail";
    line({{"message_type", "message"}, {"schema_version", 1}, {"level", name}, {"text", text}});
  }
  void started(const State& state) override { progress(state, "running"); }
  void ended(const State& state) override { progress(state, "finished"); }
  void draw(const std::list<std::shared_ptr<State>>& phases) override {
    if (last_.elapsed() < Seconds(1)) return;
    last_ = Stopwatch();
    for (const auto& state : phases) progress(*state, "running");
  }

 private:
  static void progress(const State& state, std::string_view what) {
    line({{"message_type", "progress"},
          {"schema_version", 1},
          {"store", state.store},
          {"phase", state.what},
          {"state", what},
          {"unit", state.unit},
          {"done", state.done.load()},
          {"total", state.total.load()},
          {"seconds", state.watch.elapsed().count()}});
  }

  static void line(const nlohmann::ordered_json& json) {
    fmt::print(stdout, "{}\n", json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    std::fflush(stdout);
  }

  Stopwatch last_;
};

class QuietReporter final : public Reporter {
 public:
  std::unique_ptr<Phase> phase(std::string_view store, std::string_view what,
                               std::string_view unit) override {
    return silent_.phase(store, what, unit);
  }
  void say(Level level, std::string_view text) override {
    if (level == Level::kWarning) fmt::print(stderr, "warning: {}\n", text);
  }

 private:
  SilentReporter silent_;
};

}  // namespace

std::unique_ptr<Reporter> make_bar_reporter(int verbosity) {
  return std::make_unique<BarReporter>(verbosity);
}
std::unique_ptr<Reporter> make_line_reporter(int verbosity) {
  return std::make_unique<LineReporter>(verbosity);
}
std::unique_ptr<Reporter> make_json_reporter(int verbosity) {
  return std::make_unique<JsonReporter>(verbosity);
}
std::unique_ptr<Reporter> make_quiet_reporter() { return std::make_unique<QuietReporter>(); }

}  // namespace summit::cli
