#include "stores/postgres/skipped_definitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace summit::postgres {

using pgarchive::Entry;

namespace {

// What may be left out, and the command that pg_dump writes for it.
struct Kind {
  std::string_view name;
  std::string_view command;  // how it begins
  std::string_view clause;   // which it has as well
};
constexpr std::string_view kAddConstraint = "ADD CONSTRAINT ";
constexpr std::array<Kind, 9> kKinds = {Kind{"INDEX", "CREATE INDEX ", ""},
                                        Kind{"INDEX", "CREATE UNIQUE INDEX ", ""},
                                        Kind{"CONSTRAINT", "ALTER TABLE ", kAddConstraint},
                                        Kind{"CHECK CONSTRAINT", "ALTER TABLE ", kAddConstraint},
                                        Kind{"FK CONSTRAINT", "ALTER TABLE ", kAddConstraint},
                                        Kind{"INDEX ATTACH", "ALTER INDEX ", "ATTACH PARTITION "},
                                        Kind{"TRIGGER", "CREATE TRIGGER ", ""},
                                        Kind{"TRIGGER", "CREATE CONSTRAINT TRIGGER ", ""},
                                        Kind{"MATERIALIZED VIEW DATA", "REFRESH MATERIALIZED VIEW ", ""}};

bool may_be_left_out(const Entry& entry) {
  return std::any_of(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return entry.is(kind.name); });
}

bool is_query_of_view(const Entry& entry) {
  return entry.is("RULE") && entry.tag.value_or("").ends_with(" _RETURN");
}

std::string described(const Entry& entry) {
  return fmt::format("{} {}.{}", entry.description.value_or("definition"), entry.schema.value_or(""),
                     entry.tag.value_or(""));
}

}  // namespace

bool SkippedDefinitions::is_refusal(const Error& error) {
  constexpr std::string_view kState = "(SQLSTATE ";
  // Connections, rights to connect, deadlocks, resources, objects in use, locks, an operator's intervention,
  // the system.
  static constexpr std::array<std::string_view, 8> kAround = {"08",    "28",    "40", "53",
                                                              "55006", "55P03", "57", "58"};
  const size_t at = error.message().find(kState);
  if (at == std::string::npos) return false;
  const auto state = std::string_view(error.message()).substr(at + kState.size());
  return std::none_of(kAround.begin(), kAround.end(),
                      [&](const auto around) { return state.starts_with(around); });
}

bool SkippedDefinitions::may_leave_out(std::string_view command) {
  return std::any_of(kKinds.begin(), kKinds.end(), [&](const Kind& kind) {
    return command.starts_with(kind.command) && command.find(kind.clause) != std::string_view::npos;
  });
}

std::string SkippedDefinitions::hint() {
  return "mend it where the backup comes from, or restore with `--skip-failed-definitions`: all rows come "
         "back, and what fails is left out and named";
}

bool SkippedDefinitions::needs_left_out(const Entry& entry) const {
  return std::any_of(entry.dependencies.begin(), entry.dependencies.end(),
                     [&](const std::string& id) { return ids_.contains(id); });
}

bool SkippedDefinitions::leaves_out(const Entry& entry) {
  const std::lock_guard lock(mutex_);
  if (!needs_left_out(entry)) return false;
  add(entry, "it needs what was left out");
  if (is_query_of_view(entry)) add_placeholder(entry);
  return true;
}

Result<void> SkippedDefinitions::settle(const Entry& entry, Result<void> defined) {
  if (defined.ok() || when_ == When::kNever || !may_be_left_out(entry) || !is_refusal(defined.error()))
    return defined;
  if (when_ == When::kSayHow) return std::move(defined).error().hint(hint());
  const std::lock_guard lock(mutex_);
  add(entry, defined.error().message());
  return {};
}

std::vector<std::string> SkippedDefinitions::sentences() const {
  const std::lock_guard lock(mutex_);
  return sentences_;
}

bool SkippedDefinitions::has_placeholders() const {
  const std::lock_guard lock(mutex_);
  return placeholders_;
}

void SkippedDefinitions::add(const Entry& entry, const std::string& reason) {
  if (!ids_.insert(fmt::format("{}", entry.id)).second) return;
  sentences_.push_back(fmt::format("{} was left out: {}", described(entry), reason));
}

// All of these views are there already. An archive lists what an entry needs before it.
void SkippedDefinitions::add_placeholder(const Entry& rule) {
  for (const auto& entry : contents_.entries) {
    const std::string id = fmt::format("{}", entry.id);
    const bool is_view = entry.is("VIEW") || entry.is("MATERIALIZED VIEW");
    if (!is_view || ids_.contains(id)) continue;
    const bool is_placeholder =
        entry.is("VIEW") && std::count(rule.dependencies.begin(), rule.dependencies.end(), id) > 0;
    if (!is_placeholder && !needs_left_out(entry)) continue;
    ids_.insert(id);
    placeholders_ = true;
    sentences_.push_back(fmt::format(
        "{} {}", described(entry),
        is_placeholder ? "is only a placeholder of one row of NULLs: its query needs what was left out"
                       : "reads a view that is only a placeholder"));
  }
}

}  // namespace summit::postgres
