#include "cli/console.h"

#include <fmt/color.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

namespace summit::cli {
namespace {

constexpr int kSchemaVersion = 1;

bool on_terminal(int fd) { return isatty(fd) == 1; }

std::unique_ptr<Reporter> choose_reporter(const ConsoleOptions& options) {
  if (options.json) return make_json_reporter(options.verbosity);
  if (options.quiet) return make_quiet_reporter();
  return on_terminal(STDERR_FILENO) ? make_bar_reporter(options.verbosity)
                                    : make_line_reporter(options.verbosity);
}

}  // namespace

Console::Console(ConsoleOptions options) : options_(options), reporter_(choose_reporter(options)) {}

Console::~Console() = default;

void Console::print(std::string_view text) {
  if (!options_.json) fmt::print(stdout, "{}\n", text);
  std::fflush(stdout);
}

void Console::emit(std::string_view message_type, const nlohmann::ordered_json& body) {
  if (!options_.json) return;
  nlohmann::ordered_json line{{"message_type", message_type}, {"schema_version", kSchemaVersion}};
  line.update(body);
  // Names and paths may hold bytes that are no UTF-8: they are shown replaced rather than refused.
  fmt::print(stdout, "{}\n", line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  std::fflush(stdout);
}

void Console::error(const Error& error) {
  emit("error", {{"code", name_of(error.code())}, {"message", error.message()}, {"hint", error.hint()}});
  const bool colour = on_terminal(STDERR_FILENO);
  const auto red = colour ? fmt::fg(fmt::terminal_color::red) | fmt::emphasis::bold : fmt::text_style();
  fmt::print(stderr, "{} {}\n", fmt::styled("error:", red), error.message());
  if (!error.hint().empty()) fmt::print(stderr, "hint: {}\n", error.hint());
}

bool Console::interactive() const { return on_terminal(STDIN_FILENO) && on_terminal(STDERR_FILENO); }

std::optional<std::string> Console::ask(std::string_view question) {
  if (!interactive()) return {};
  fmt::print(stderr, "{} ", question);
  std::string answer;
  if (!std::getline(std::cin, answer)) return {};
  return answer;
}

}  // namespace summit::cli
