#include "stores/neo4j/store_swap.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <utility>

#include "stores/neo4j/pending_marker.h"

namespace summit::neo4j {
namespace {

constexpr std::string_view kStagingPrefix = "summit-dr-staging-";
constexpr std::string_view kReplacedInfix = ".replaced-";
constexpr std::string_view kStore = "store";
constexpr std::string_view kLogs = "logs";

// The paths of one exchange, by its token.
struct Names {
  const StoreLayout& target;
  const std::string& token;

  fs::path staging() const { return target.data / (std::string(kStagingPrefix) + token); }
  fs::path staging_logs() const { return target.transactions / (std::string(kStagingPrefix) + token); }
  fs::path record() const { return staging() / "exchange"; }
};

// A directory that changes its place: one database's store or logs.
struct Part {
  fs::path current;
  fs::path staged;
  fs::path replaced;
  bool existed = false;  // before the exchange
};

Part part_of(const Names& names, std::string_view kind, const std::string& database) {
  const bool store = kind == kStore;
  const fs::path current = store ? names.target.store(database) : names.target.logs(database);
  const fs::path staged =
      store ? names.staging() / "data" / "databases" / database : names.staging_logs() / database;
  fs::path replaced = current;
  replaced += std::string(kReplacedInfix) + names.token;
  return {current, staged, replaced, false};
}

// The record: one line a part, "store 1 neo4j".
std::string line_of(std::string_view kind, bool existed, const std::string& database) {
  return fmt::format("{} {} {}\n", kind, existed ? 1 : 0, database);
}

Result<std::vector<Part>> read_record(const Names& names) {
  ASSIGN_OR_RETURN(const auto content, read_file(names.record(), MiB));
  std::vector<Part> parts;
  std::string_view rest = content;
  while (!rest.empty()) {
    const size_t line_end = rest.find('\n');
    const std::string_view line = rest.substr(0, line_end);
    const size_t blank = line.find(' ');
    if (line_end == std::string_view::npos || blank == std::string_view::npos || line.size() < blank + 4) {
      return Error(Code::kCorrupt, "{} is no record of an exchange", names.record().native());
    }
    Part part = part_of(names, line.substr(0, blank), std::string(line.substr(blank + 3)));
    part.existed = line[blank + 1] == '1';
    parts.push_back(std::move(part));
    rest.remove_prefix(line_end + 1);
  }
  return parts;
}

Result<void> require_unlocked(const StoreLayout& target) {
  ASSIGN_OR_RETURN(const bool locked, is_locked(target.store_lock()));
  if (!locked) return {};
  return Error(Code::kBusy, "a process has the files in {} open", target.databases().native())
      .hint("stop the neo4j server, or end the neo4j-admin that still works on it");
}

// Each step may have happened already: a roll-back that was itself interrupted is simply done again.
Result<void> put_back(const Part& part) {
  if (!is_present(part.replaced) && part.existed) return {};
  if (is_present(part.current)) {
    // What stands there is the new data, or what a server made that was started on nothing.
    if (is_present(part.staged)) {
      RETURN_IF_ERROR(remove_recursively(part.current));
    } else {
      RETURN_IF_ERROR(rename_durably(part.current, part.staged));
    }
  }
  if (is_present(part.replaced)) return rename_durably(part.replaced, part.current);
  return {};
}

Result<void> remove_staging(const Names& names) {
  RETURN_IF_ERROR(remove_recursively(names.staging_logs()));
  return remove_recursively(names.staging());
}

std::vector<std::string> staging_tokens(const fs::path& directory) {
  std::vector<std::string> tokens;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.starts_with(kStagingPrefix)) tokens.push_back(name.substr(kStagingPrefix.size()));
  }
  return tokens;
}

Result<std::vector<fs::path>> list_replaced(const StoreLayout& target) {
  std::vector<fs::path> replaced;
  for (const auto& directory : {target.databases(), target.transactions}) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().filename().native().find(kReplacedInfix) != std::string::npos)
        replaced.push_back(entry->path());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      return errno_error(error.value(), fmt::format("cannot list {}", directory.native()));
    }
  }
  return replaced;
}

// True when the old data were put back.
Result<bool> roll_back_one(const StoreLayout& target, const std::string& token) {
  const Names names{target, token};
  bool put_any_back = false;
  if (is_present(names.record())) {
    ASSIGN_OR_RETURN(const auto parts, read_record(names));
    bool complete = true;
    for (const auto& part : parts) complete = complete && !is_present(part.staged);
    if (!complete) {
      RETURN_IF_ERROR(require_unlocked(target));
      for (const auto& part : parts) RETURN_IF_ERROR(put_back(part));
      // It was that of the data which are gone again.
      RETURN_IF_ERROR(write_pending_marker(target, std::nullopt));
      put_any_back = true;
    }
  }
  RETURN_IF_ERROR(remove_staging(names));
  return put_any_back;
}

}  // namespace

Result<StoreSwap> StoreSwap::begin(const StoreLayout& target, const std::optional<RunAs>& run_as) {
  std::array<std::byte, 6> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return errno_error(errno, "cannot read random bytes");
  }
  // A server whose volume was deleted has none of its directories.
  for (const auto& directory : {target.data, target.databases(), target.transactions}) {
    if (is_present(directory)) continue;
    RETURN_IF_ERROR(make_directories(directory));
    RETURN_IF_ERROR(give_to(directory, run_as));
  }
  StoreSwap swap(target, to_hex(random));
  const PrivateHome home = swap.staging();
  RETURN_IF_ERROR(make_directories(home.layout.databases()));
  RETURN_IF_ERROR(make_directories(home.layout.transactions));
  RETURN_IF_ERROR(home.create({}));
  RETURN_IF_ERROR(give_to(home.root, run_as));
  RETURN_IF_ERROR(give_to(home.layout.transactions, run_as));
  return swap;
}

StoreSwap::StoreSwap(StoreSwap&& other) noexcept
    : target_(std::move(other.target_)),
      token_(std::exchange(other.token_, {})),
      exchanged_(other.exchanged_) {}

StoreSwap::~StoreSwap() {
  // After an exchange the old data may be needed: the record stays for roll_back_interrupted().
  if (!token_.empty() && !exchanged_) static_cast<void>(remove_staging({target_, token_}).ok());
}

PrivateHome StoreSwap::staging() const {
  const Names names{target_, token_};
  return {names.staging(), {names.staging() / "data", names.staging_logs()}};
}

Result<void> StoreSwap::exchange(const std::vector<std::string>& databases) {
  RETURN_IF_ERROR(require_unlocked(target_));
  const Names names{target_, token_};
  std::string record;
  std::vector<Part> parts;
  for (const auto& database : databases) {
    for (const auto kind : {kStore, kLogs}) {
      Part part = part_of(names, kind, database);
      part.existed = is_present(part.current);
      record += line_of(kind, part.existed, database);
      parts.push_back(std::move(part));
    }
  }
  RETURN_IF_ERROR(write_file_durably(names.record(), record));
  exchanged_ = true;
  for (const auto& part : parts) {
    if (part.existed) RETURN_IF_ERROR(rename_durably(part.current, part.replaced));
  }
  for (const auto& part : parts) RETURN_IF_ERROR(rename_durably(part.staged, part.current));
  return {};
}

Result<void> StoreSwap::roll_back() {
  const Names names{target_, token_};
  if (!exchanged_) return remove_staging(names);
  RETURN_IF_ERROR(require_unlocked(target_));
  ASSIGN_OR_RETURN(const auto parts, read_record(names));
  for (const auto& part : parts) RETURN_IF_ERROR(put_back(part));
  exchanged_ = false;
  return remove_staging(names);
}

Result<void> StoreSwap::commit() {
  // The record goes before the old data: from here on nothing is put back any more.
  RETURN_IF_ERROR(remove_staging({target_, token_}));
  exchanged_ = false;
  return remove_replaced(target_);
}

Result<std::vector<std::string>> roll_back_interrupted(const StoreLayout& target) {
  std::vector<std::string> sentences;
  for (const auto& token : staging_tokens(target.data)) {
    ASSIGN_OR_RETURN(const bool put_back, roll_back_one(target, token),
                     "while undoing an interrupted restore");
    sentences.emplace_back(put_back
                               ? "an interrupted restore was undone: the data of before are in place again"
                               : "files of an interrupted restore were removed");
  }
  // Staged logs whose home is gone already.
  for (const auto& token : staging_tokens(target.transactions)) {
    RETURN_IF_ERROR(remove_recursively(Names{target, token}.staging_logs()));
  }
  ASSIGN_OR_RETURN(const auto replaced, list_replaced(target));
  for (const auto& path : replaced) {
    sentences.push_back(fmt::format(
        "data that an interrupted restore replaced are kept in {} until a restore succeeds", path.native()));
  }
  return sentences;
}

Result<void> remove_replaced(const StoreLayout& target) {
  ASSIGN_OR_RETURN(const auto replaced, list_replaced(target));
  for (const auto& path : replaced) RETURN_IF_ERROR(remove_recursively(path));
  return {};
}

}  // namespace summit::neo4j
