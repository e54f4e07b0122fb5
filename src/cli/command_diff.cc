#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"
#include "cli/show.h"
#include "repository/diff_backups.h"
#include "repository/packed/chunk_comparison.h"

namespace summit::cli {
namespace {

using nlohmann::ordered_json;
using repository::ComponentChange;
using repository::FingerprintChange;
using Chunks = std::optional<repository::packed::ChunkComparison>;

ordered_json number_or_null(const std::optional<uint64_t>& number) {
  return number ? ordered_json(*number) : ordered_json();
}
ordered_json name_or_null(const std::optional<repository::Status>& status) {
  return status ? ordered_json(name_of(*status)) : ordered_json();
}
std::string size_or_dash(const std::optional<uint64_t>& bytes) { return bytes ? human_bytes(*bytes) : "-"; }

uint64_t new_bytes(const ComponentChange& component, const repository::packed::ChunkComparison& chunks) {
  uint64_t stored = 0;
  for (const auto& artifact : component.artifacts) {
    const auto found = chunks.by_artifact.find(artifact.name);
    if (found != chunks.by_artifact.end()) stored += found->second.stored;
  }
  return stored;
}

// "  ~ table public.users: 1000 -> 1010"
std::string line_of(const FingerprintChange& change) {
  const std::string what = fmt::format("{} {}", change.kind, change.name);
  const uint64_t before = change.before.value_or(0);
  const uint64_t after = change.after.value_or(0);
  if (!change.before) return fmt::format("  + {}: {} (only in the second)", what, after);
  if (!change.after) return fmt::format("  - {}: {} (only in the first)", what, before);
  if (before == after) return fmt::format("  ~ {}: {}, with another content", what, after);
  return fmt::format("  ~ {}: {} -> {}", what, before, after);
}

std::string content_of(const ComponentChange& change) {
  if (!change.before) return "only in the second";
  if (!change.after) return "only in the first";
  return change.same_content() ? "equal" : "changed";
}

ordered_json to_json(const ComponentChange& change, const Chunks& chunks) {
  ordered_json artifacts = ordered_json::array();
  for (const auto& artifact : change.artifacts) {
    artifacts.push_back({{"name", artifact.name},
                         {"equal", artifact.equal},
                         {"before", number_or_null(artifact.before)},
                         {"after", number_or_null(artifact.after)}});
  }
  ordered_json fingerprints = ordered_json::array();
  for (const auto& print : change.fingerprints) {
    fingerprints.push_back({{"kind", print.kind},
                            {"name", print.name},
                            {"equal", print.equal},
                            {"before", number_or_null(print.before)},
                            {"after", number_or_null(print.after)}});
  }
  ordered_json json{{"name", change.name},
                    {"before", name_or_null(change.before)},
                    {"after", name_or_null(change.after)},
                    {"equal", change.same_content()},
                    {"artifacts", artifacts},
                    {"fingerprints", fingerprints}};
  if (chunks) json["new_bytes"] = new_bytes(change, *chunks);
  return json;
}

std::string component_rows(const repository::BackupDiff& diff, const Chunks& chunks) {
  std::vector<std::vector<std::string>> rows{{"COMPONENT", "CONTENT", "SIZE BEFORE", "AFTER"}};
  if (chunks) rows.front().emplace_back("NEW");
  for (const auto& component : diff.components) {
    std::optional<uint64_t> before;
    std::optional<uint64_t> after;
    for (const auto& artifact : component.artifacts) {
      if (artifact.before) before = before.value_or(0) + *artifact.before;
      if (artifact.after) after = after.value_or(0) + *artifact.after;
    }
    rows.push_back({component.name, content_of(component), size_or_dash(before), size_or_dash(after)});
    if (chunks) rows.back().push_back(human_bytes(new_bytes(component, *chunks)));
  }
  return table(rows);
}

// What differs in a component, a line each; nothing when nothing does.
std::string details_of(const ComponentChange& component) {
  std::string text;
  uint64_t equal = 0;
  for (const auto& print : component.fingerprints) {
    if (print.equal) {
      ++equal;
    } else {
      text += "\n" + line_of(print);
    }
  }
  // Where rows were compared, equal rows in other bytes are no news.
  for (const auto& artifact : component.artifacts) {
    const bool one_sided = !artifact.before || !artifact.after;
    if (artifact.equal || (!one_sided && !component.fingerprints.empty())) continue;
    text += fmt::format("\n  {} {}: {} -> {}", one_sided ? (artifact.after ? "+" : "-") : "~", artifact.name,
                        size_or_dash(artifact.before), size_or_dash(artifact.after));
  }
  if (text.empty()) return text;
  if (equal > 0) text += fmt::format("\n    {} more are equal", equal);
  return fmt::format("\n\n{}{}", component.name, text);
}

class DiffCommand final : public Command {
 public:
  std::string name() const override { return "diff"; }
  std::string summary() const override {
    return "say what changed between two backups, by store, table, label and key space";
  }
  std::string examples() const override {
    return "  summit-dr diff summit-backup-full-20261120T031048Z latest\n"
           "  summit-dr diff prod-latest latest --json | jq '.components[] | select(.equal | not)'\n";
  }

  void define(OptionSet& options) override {
    options.positional("first", first_, "the earlier backup: its id or path, `latest`, or `<env>-latest`")
        ->required();
    options.positional("second", second_, "the later one");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto first, resolve_reference(first_, session));
    ASSIGN_OR_RETURN(const auto second, resolve_reference(second_, session));
    ASSIGN_OR_RETURN(const auto before, first.repository->open(first.id));
    ASSIGN_OR_RETURN(const auto after, second.repository->open(second.id));
    const auto diff = repository::diff_backups(before->metadata(), after->metadata());
    Chunks chunks;
    if (before->metadata().layout == "packed" && after->metadata().layout == "packed" &&
        first.repository->describe() == second.repository->describe()) {
      ASSIGN_OR_RETURN(const auto* packed, second.repository->need_packed());
      ASSIGN_OR_RETURN(
          chunks, repository::packed::compare_backups(*packed, first.id, second.id, session.cancellation()));
    }
    show(diff, chunks, session);
    return ExitCode::kOk;
  }

 private:
  static void show(const repository::BackupDiff& diff, const Chunks& chunks, Session& session) {
    std::string text = fmt::format("{} -> {}\n\n{}", diff.first, diff.second, component_rows(diff, chunks));
    for (const auto& component : diff.components) text += details_of(component);
    ordered_json components = ordered_json::array();
    for (const auto& component : diff.components) components.push_back(to_json(component, chunks));
    ordered_json json{{"first", diff.first}, {"second", diff.second}, {"components", components}};
    if (chunks) {
      text += fmt::format("\n\nnew in the second: chunks of {}, about {} stored",
                          human_bytes(chunks->total.plain), human_bytes(chunks->total.stored));
      json["new_bytes"] = chunks->total.stored;
      json["new_plain_bytes"] = chunks->total.plain;
    }
    session.console().print(text);
    session.console().emit("diff", json);
  }

  std::string first_;
  std::string second_ = "latest";
};

}  // namespace

std::unique_ptr<Command> make_diff_command() { return std::make_unique<DiffCommand>(); }

}  // namespace summit::cli
