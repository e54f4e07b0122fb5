#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "core/version.h"

namespace summit::cli {
namespace {

struct Registered {
  std::unique_ptr<Command> command;
  OptionSet options;
};

void define_globals(OptionSet& options, GlobalOptions& globals) {
  options.option("--config", globals.config, "directory of backup-sets.yaml and environments.yaml",
                 {"SUMMIT_DR_CONFIG"});
  options.option("--backup-base", globals.backup_base, "where backups live (default: <project>/backups)",
                 {"BACKUP_BASE"});
  options.option("--passphrase-file", globals.passphrase_file,
                 "open packed backups by the passphrase in this file");
  options.option("--passphrase-command", globals.passphrase_command,
                 "… by what this program prints; no shell runs it");
  options.option("--key-file", globals.key_file, "… by this key file (default: the key that seals secrets)");
  options.flag("--accept-other-history", globals.accept_other_history,
               "take a packed repository as it is, though it was rolled back since it was last seen");
  options.flag("--json", globals.json, "progress and results as JSON Lines on standard output");
  options.flag("-q,--quiet", globals.quiet, "errors, warnings and results only");
  options.flag("-v,--verbose", globals.verbose, "details too");
}

// "config validate" becomes the subcommand `validate` of `config`.
CLI::App* subcommand_for(CLI::App& app, const Command& command) {
  const auto name = command.name();
  const auto space = name.find(' ');
  CLI::App* parent = &app;
  std::string own = name;
  if (space != std::string::npos) {
    const auto group = name.substr(0, space);
    own = name.substr(space + 1);
    const auto groups =
        app.get_subcommands([&](const CLI::App* existing) { return existing->get_name() == group; });
    parent = groups.empty() ? app.add_subcommand(group, fmt::format("{} commands", group)) : groups.front();
    parent->require_subcommand(1)->fallthrough();
  }
  auto* subcommand = parent->add_subcommand(own, command.summary());
  subcommand->fallthrough();
  if (auto examples = command.examples(); !examples.empty()) subcommand->footer("Examples:\n" + examples);
  return subcommand;
}

Result<ExitCode> run_command(Registered& chosen, OptionSet& global_options, GlobalOptions& globals,
                             Console& console, const Cancellation& cancellation) {
  // Help for a broken configuration must not need a whole one: only the variables and settings are read here.
  ASSIGN_OR_RETURN(const auto directory,
                   config::find_configuration(
                       globals.config.empty() ? std::nullopt : std::optional<fs::path>(globals.config)));
  ASSIGN_OR_RETURN(const auto variables, config::Variables::load(config::project_of(directory)));
  ASSIGN_OR_RETURN(const auto settings, read_settings((directory / "summit-dr.yaml").string()));
  const Lookup from_variables = [&](const std::string& name) { return variables.get(name); };
  const Lookup from_settings = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = settings.find(name);
    return found == settings.end() ? std::nullopt : std::optional(found->second);
  };
  RETURN_IF_ERROR(global_options.fill(from_variables, from_settings));
  RETURN_IF_ERROR(chosen.options.fill(from_variables, from_settings));
  Session session(globals, console, cancellation);
  return chosen.command->run(session);
}

// `summit-dr help backup` is `summit-dr backup --help`.
std::vector<std::string> rewrite_help(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (words.empty()) words.emplace_back("--help");
  return words;
}

int finish(Result<ExitCode> result, Console& console) {
  if (result.ok()) return static_cast<int>(*result);
  console.error(result.error());
  return static_cast<int>(exit_code_of(result.error()));
}

}  // namespace

int run_program(int argc, char** argv, const Cancellation& cancellation) {
  CLI::App app("Backs up, restores and recovers a platform of datastores as one thing.", "summit-dr");
  app.set_version_flag("--version", fmt::format("summit-dr {}", kVersion));
  app.require_subcommand(1);
  app.footer(
      "`summit-dr help COMMAND` tells more. Exit codes: 0 ok, 1 failed, 2 usage, 3 partial, 10 no "
      "repository, 11 busy,\n"
      "12 wrong key, 20 verification failed, 130 cancelled (docs/exit-codes.md).");
  GlobalOptions globals;
  OptionSet global_options(app);
  define_globals(global_options, globals);
  std::vector<Registered> commands;
  for (auto& command : all_commands()) {
    OptionSet options(*subcommand_for(app, *command));
    command->define(options);
    commands.push_back({std::move(command), std::move(options)});
  }

  auto words = rewrite_help(argc, argv);
  try {
    std::reverse(words.begin(), words.end());
    app.parse(words);
  } catch (const CLI::Success& help) {
    // Help was asked for a command that does not exist.
    if (const auto unknown = app.remaining(true); !unknown.empty()) {
      Console console({.json = globals.json});
      console.error(
          Error(Code::kUsage, "there is no command `{}`", fmt::join(unknown, " ")).hint("summit-dr help"));
      return static_cast<int>(ExitCode::kUsage);
    }
    return app.exit(help);
  } catch (const CLI::ParseError& problem) {
    Console console({.json = globals.json});
    console.error(Error(Code::kUsage, "{}", problem.what()).hint("summit-dr help"));
    return static_cast<int>(ExitCode::kUsage);
  }

  Console console({.json = globals.json, .quiet = globals.quiet, .verbosity = globals.verbose ? 1 : 0});
  const auto chosen =
      std::find_if(commands.begin(), commands.end(), [](Registered& r) { return r.options.app().parsed(); });
  try {
    return finish(run_command(*chosen, global_options, globals, console, cancellation), console);
  } catch (const std::exception& problem) {
    // No exception should leave a folder; one that does is a defect, and still no reason to crash without a
    // word.
    console.error(Error(Code::kFailed, "internal error: {}", problem.what())
                      .hint("please report this with the command you ran"));
    return static_cast<int>(ExitCode::kFailed);
  }
}

}  // namespace summit::cli
