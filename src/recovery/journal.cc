#include "recovery/journal.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace summit::recovery {
namespace {

using nlohmann::ordered_json;

fs::path directory_of(const fs::path& base) { return base / ".restores"; }

ordered_json to_json(const TablesByComponent& tables) {
  ordered_json json = ordered_json::object();
  for (const auto& [component, written] : tables)
    json[component] = {{"replaced", written.replaced}, {"created", written.created}};
  return json;
}

TablesByComponent tables_from(const ordered_json& json) {
  TablesByComponent tables;
  for (const auto& [component, written] : json.items()) {
    tables[component] = {written.at("replaced").get<std::vector<std::string>>(),
                         written.at("created").get<std::vector<std::string>>()};
  }
  return tables;
}

ordered_json to_json(const RestoreRecord& record) {
  ordered_json json{{"id", record.id},
                    {"backup", record.backup},
                    {"environment", record.environment},
                    {"state", name_of(record.state)},
                    {"started", to_rfc3339(record.started)},
                    {"finished", nullptr},
                    {"safety_backup", record.safety_backup},
                    {"change_reference", record.change_reference},
                    {"components", record.components},
                    {"part", record.part},
                    {"tables", to_json(record.tables)},
                    {"problem", record.problem}};
  if (record.finished) json["finished"] = to_rfc3339(*record.finished);
  return json;
}

RestoreState state_from(const std::string& name) {
  if (name == "finished") return RestoreState::kFinished;
  return name == "failed" ? RestoreState::kFailed : RestoreState::kRunning;
}

Result<RestoreRecord> from_json(const std::string& text, const fs::path& path) {
  try {
    const auto json = ordered_json::parse(text);
    RestoreRecord record;
    record.id = json.at("id").get<std::string>();
    record.backup = json.at("backup").get<std::string>();
    record.environment = json.at("environment").get<std::string>();
    record.state = state_from(json.at("state").get<std::string>());
    record.started = from_rfc3339(json.at("started").get<std::string>()).value_or(Instant{});
    if (json.at("finished").is_string())
      record.finished = from_rfc3339(json.at("finished").get<std::string>());
    record.safety_backup = json.at("safety_backup").get<std::string>();
    record.change_reference = json.at("change_reference").get<std::string>();
    record.components = json.at("components").get<std::vector<std::string>>();
    // Older records do not say it; then only the same backup is known to be the same part.
    record.part = json.value("part", "what " + record.backup + " holds");
    record.tables = tables_from(json.value("tables", ordered_json::object()));
    record.problem = json.at("problem").get<std::string>();
    return record;
  } catch (const std::exception& problem) {
    return Error(Code::kCorrupt, "{}: {}", path.string(), problem.what())
        .hint(fmt::format("move it away: mv {} /tmp/", path.string()));
  }
}

// Whether `later` wrote every table that `interrupted` may have emptied.
bool writes_the_tables_of(const RestoreRecord& later, const RestoreRecord& interrupted) {
  if (interrupted.tables.empty()) return false;
  for (const auto& [component, written] : interrupted.tables) {
    const auto found = later.tables.find(component);
    for (const auto& table : written.replaced) {
      if (found == later.tables.end() || !found->second.contains(table)) return false;
    }
  }
  return true;
}

// Whether `later` finished what may be half done by `interrupted`, of the components that it restored.
bool covers(const RestoreRecord& later, const RestoreRecord& interrupted) {
  return later.state == RestoreState::kFinished && later.id > interrupted.id &&
         later.environment == interrupted.environment &&
         (later.part.empty() || later.part == interrupted.part || writes_the_tables_of(later, interrupted));
}

}  // namespace

std::string_view name_of(RestoreState state) {
  switch (state) {
    case RestoreState::kRunning:
      return "running";
    case RestoreState::kFinished:
      return "finished";
    case RestoreState::kFailed:
      return "failed";
  }
  return "failed";
}

Result<RestoreJournal> RestoreJournal::open(const fs::path& base) {
  const auto directory = directory_of(base);
  RETURN_IF_ERROR(make_directories(directory));
  const auto path = directory / "lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!lock.valid()) return errno_error(errno, fmt::format("cannot open {}", path.string()));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Code::kBusy, "another restore from {} is running", base.string())
        .hint("wait for it to end, then try again");
  }
  return RestoreJournal(directory, std::move(lock));
}

Result<std::vector<RestoreRecord>> RestoreJournal::interrupted() const {
  // We hold the lock, so whoever wrote "running" is gone.
  ASSIGN_OR_RETURN(auto records, list_restores(directory_.parent_path()));
  std::erase_if(records, [](const RestoreRecord& record) { return record.state != RestoreState::kRunning; });
  return records;
}

Result<void> RestoreJournal::settle_interrupted() const {
  ASSIGN_OR_RETURN(const auto records, list_restores(directory_.parent_path()));
  ASSIGN_OR_RETURN(auto left, interrupted());
  for (auto& record : left) {
    std::set<std::string> open(record.components.begin(), record.components.end());
    std::string by;
    for (const auto& later : records) {
      if (!covers(later, record)) continue;
      for (const auto& component : later.components) {
        if (open.erase(component) > 0) by = later.id;
      }
    }
    if (!open.empty() || by.empty()) continue;
    record.state = RestoreState::kFailed;
    record.finished = now();
    record.problem = "it was interrupted; what it left was restored since: " + by;
    RETURN_IF_ERROR(write(record));
  }
  return {};
}

std::string RestoreJournal::new_id(Instant instant) const {
  for (;; instant += std::chrono::seconds(1)) {
    auto id = "restore-" + to_compact(instant);
    if (!fs::exists(directory_ / (id + ".json"))) return id;
  }
}

Result<void> RestoreJournal::write(const RestoreRecord& record) const {
  return write_file_durably(directory_ / (record.id + ".json"), to_json(record).dump(2) + "\n");
}

Result<TemporaryDirectory> RestoreJournal::workspace() const {
  const auto parent = directory_ / "work";
  RETURN_IF_ERROR(remove_recursively(parent));
  return TemporaryDirectory::create(parent, "restore-");
}

Result<std::vector<RestoreRecord>> list_restores(const fs::path& base) {
  std::vector<RestoreRecord> records;
  std::error_code error;
  for (fs::directory_iterator entry(directory_of(base), error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() != ".json") continue;
    ASSIGN_OR_RETURN(auto text, read_file(entry->path()));
    ASSIGN_OR_RETURN(auto record, from_json(text, entry->path()));
    records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
  return records;
}

Result<RestoreRecord> find_restore(const fs::path& base, std::string_view id) {
  ASSIGN_OR_RETURN(auto records, list_restores(base));
  if (records.empty())
    return Error(Code::kNotFound, "no restore was ever made from {}", base.string()).hint("summit-dr list");
  if (id == "latest") return records.front();
  const auto found = std::find_if(records.begin(), records.end(),
                                  [&](const RestoreRecord& record) { return record.id == id; });
  if (found != records.end()) return *found;
  return Error(Code::kNotFound, "there is no restore `{}`", id)
      .hint(fmt::format("the newest is {}: summit-dr rollback latest", records.front().id));
}

}  // namespace summit::recovery
