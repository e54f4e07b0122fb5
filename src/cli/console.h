// Where the program talks: results on standard output, everything else on standard error.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/error.h"
#include "core/progress.h"

namespace summit::cli {

struct ConsoleOptions {
  bool json = false;   // JSON Lines for progress and results (docs/schemas/)
  bool quiet = false;  // errors and results only
  int verbosity = 0;   // 1: details too
};

class Console {
 public:
  explicit Console(ConsoleOptions options);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }

  // Bars on a terminal, a line a minute elsewhere, JSON Lines on standard output with --json.
  Reporter& reporter() { return *reporter_; }

  // A result for a person; nothing with --json.
  void print(std::string_view text);
  // A result as one JSON line: `body` with "message_type" and "schema_version" put before it; nothing without
  // --json.
  void emit(std::string_view message_type, const nlohmann::ordered_json& body);
  void error(const Error& error);

  // Whether a person can answer.
  bool interactive() const;
  // Shows `question` and reads a line from the terminal; nothing at its end or when nobody can answer.
  std::optional<std::string> ask(std::string_view question);

 private:
  ConsoleOptions options_;
  std::unique_ptr<Reporter> reporter_;
};

// The Reporter implementations, chosen by Console.
std::unique_ptr<Reporter> make_bar_reporter(int verbosity);
std::unique_ptr<Reporter> make_line_reporter(int verbosity);
std::unique_ptr<Reporter> make_json_reporter(int verbosity);
// Warnings only.
std::unique_ptr<Reporter> make_quiet_reporter();

}  // namespace summit::cli
