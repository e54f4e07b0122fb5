// Shell completion, made from the same table of options as the parser and the help text.

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace summit::cli {
namespace {

struct CompletedCommand {
  std::string path;                // "config validate"; empty for the program itself
  std::vector<std::string> words;  // subcommands and options
};

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const auto* subcommand : app.get_subcommands({})) words.push_back(subcommand->get_name());
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

void collect(const CLI::App& app, const std::string& path, std::vector<CompletedCommand>& commands) {
  commands.push_back({path, words_of(app)});
  for (const auto* subcommand : app.get_subcommands({})) {
    collect(*subcommand, path.empty() ? subcommand->get_name() : path + " " + subcommand->get_name(),
            commands);
  }
}

// Both shells look the words before the cursor up in one `case`; backups complete from `list`.
std::string shell_case(const std::vector<CompletedCommand>& commands, std::string_view variable) {
  std::string text;
  for (const auto& command : commands) {
    text += fmt::format("    '{}') {}='{}' ;;\n", command.path, variable, fmt::join(command.words, " "));
  }
  return text;
}

// The paths of all commands as one shell pattern: whatever else stands on the line is an option, or the value
// of one.
std::string known_paths(const std::vector<CompletedCommand>& commands) {
  std::string pattern;
  for (const auto& command : commands) {
    if (!command.path.empty()) pattern += fmt::format("{}'{}'", pattern.empty() ? "" : "|", command.path);
  }
  return pattern;
}

std::string bash_script(const std::vector<CompletedCommand>& commands) {
  return fmt::format(R"sh(# bash completion for summit-dr: source <(summit-dr completion bash)
_summit_dr() {{
  local word path='' words=''
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "${{path:+$path }}$word" in
      {}) path="${{path:+$path }}$word" ;;
    esac
  done
  case $path in
{}  esac
  case $path in
    restore|verify|info|diff|ls|cat|export) words="$words latest $(summit-dr list --quiet 2>/dev/null | awk 'NR>1 {{print $1}}')" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}
complete -F _summit_dr summit-dr
)sh",
                     known_paths(commands), shell_case(commands, "words"));
}

std::string zsh_script(const std::vector<CompletedCommand>& commands) {
  return fmt::format(R"sh(#compdef summit-dr
# zsh completion for summit-dr: summit-dr completion zsh > "${{fpath[1]}}/_summit-dr"
_summit_dr() {{
  local word command_path='' candidates=''
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "${{command_path:+$command_path }}$word" in
      {}) command_path="${{command_path:+$command_path }}$word" ;;
    esac
  done
  case $command_path in
{}  esac
  compadd -- ${{=candidates}}
}}
compdef _summit_dr summit-dr
)sh",
                     known_paths(commands), shell_case(commands, "candidates"));
}

std::string fish_script(const std::vector<CompletedCommand>& commands) {
  std::string text =
      "# fish completion for summit-dr: summit-dr completion fish | source\ncomplete -c summit-dr -f\n";
  for (const auto& command : commands) {
    const auto condition = command.path.empty() ? "__fish_use_subcommand"
                                                : fmt::format("__fish_seen_subcommand_from {}", command.path);
    for (const auto& word : command.words) {
      text += word.starts_with("--")
                  ? fmt::format("complete -c summit-dr -n '{}' -l {}\n", condition, word.substr(2))
                  : fmt::format("complete -c summit-dr -n '{}' -a {}\n", condition, word);
    }
  }
  return text;
}

class CompletionCommand final : public Command {
 public:
  std::string name() const override { return "completion"; }
  std::string summary() const override { return "print a completion script for bash, zsh or fish"; }
  std::string examples() const override { return "  source <(summit-dr completion bash)\n"; }

  void define(OptionSet& options) override {
    root_ = options.app().get_parent();
    options.positional("shell", shell_, "bash, zsh or fish")->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  Result<ExitCode> run(Session& session) override {
    std::vector<CompletedCommand> commands;
    collect(*root_, "", commands);
    const auto script = shell_ == "bash"  ? bash_script(commands)
                        : shell_ == "zsh" ? zsh_script(commands)
                                          : fish_script(commands);
    session.console().print(script);
    session.console().emit("completion", {{"shell", shell_}, {"script", script}});
    return ExitCode::kOk;
  }

 private:
  const CLI::App* root_ = nullptr;
  std::string shell_ = "bash";
};

}  // namespace

std::unique_ptr<Command> make_completion_command() { return std::make_unique<CompletionCommand>(); }

}  // namespace summit::cli
