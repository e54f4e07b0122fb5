#include "stores/neo4j/hot_copy.h"

#include <algorithm>
#include <map>

#include "core/task_group.h"
#include "stores/neo4j/file_copy.h"

namespace summit::neo4j {
namespace {

// A checkpoint rarely comes twice while the derived files are copied; after these tries they are left to be
// rebuilt.
constexpr int kDerivedAttempts = 3;

// Page 0 of a B+ tree is its description, pages 1 and 2 say which of its states is the last stable one.
constexpr size_t kTreeHeaderSize = 3 * (8 * KiB);

// What only a checkpoint (or the creation and removal of an index) changes in the derived files: the states
// of the B+ trees, and which commits the Lucene indexes have.
using DerivedState = std::map<std::string, std::string>;

bool is_lucene_file(const fs::path& relative) {
  const std::string& path = relative.native();
  return path.find("text-") != std::string::npos || path.find("fulltext-") != std::string::npos ||
         path.find("vector-") != std::string::npos;
}

Result<DerivedState> read_derived_state(const fs::path& store) {
  ASSIGN_OR_RETURN(const auto files, list_files(store, FileKind::kDerived));
  DerivedState state;
  for (const auto& file : files) {
    const bool lucene = is_lucene_file(file.path);
    if (lucene && !file.path.filename().native().starts_with("segments")) continue;
    auto fd = open_for_reading(store / file.path);
    if (!fd.ok() && fd.error().code() == Code::kNotFound) continue;
    if (!fd.ok()) return std::move(fd).error();
    std::string header(kTreeHeaderSize, '\0');
    ASSIGN_OR_RETURN(const size_t got, read_some(fd->get(), header.data(), header.size(), store / file.path));
    header.resize(got);
    state[file.path.native()] = std::move(header);
  }
  return state;
}

Result<void> copy_files(const fs::path& from, const fs::path& to, const std::vector<StoreFile>& files,
                        size_t jobs, Phase& phase, const Cancellation& cancellation) {
  const auto copy = [&](size_t index) -> Result<void> {
    // A file that vanished belonged to something dropped or merged since; what must be there is made sure of
    // elsewhere.
    ASSIGN_OR_RETURN([[maybe_unused]] const bool copied,
                     copy_file(from / files[index].path, to / files[index].path, phase, cancellation));
    return {};
  };
  return parallel_for(files.size(), jobs, copy, cancellation);
}

uint64_t total_size(const std::vector<StoreFile>& files) {
  uint64_t sum = 0;
  for (const auto& file : files) sum += file.size;
  return sum;
}

}  // namespace

HotCopy::HotCopy(StoreLayout source, std::vector<std::string> databases, fs::path target)
    : source_(std::move(source)), target_(std::move(target)) {
  for (auto& name : databases) databases_.push_back({std::move(name), {}, {}, false});
}

Result<HotCopy> HotCopy::begin(StoreLayout source, std::vector<std::string> databases, fs::path target) {
  HotCopy copy(std::move(source), std::move(databases), std::move(target));
  uint64_t needed = 0;
  for (const auto& database : copy.databases_) {
    std::error_code error;
    if (!fs::is_directory(copy.source_.store(database.name), error)) {
      return Error(Code::kNotFound, "database {} is not in {}", database.name,
                   copy.source_.databases().native())
          .hint("set `home` or `data_directory` of the neo4j endpoint to the server's own directory");
    }
    needed += size_below(copy.source_.store(database.name));
    RETURN_IF_ERROR(make_directories(copy.layout().store(database.name)));
    RETURN_IF_ERROR(make_directories(copy.layout().logs(database.name)));
  }
  ASSIGN_OR_RETURN(const uint64_t available, free_space(copy.target_));
  if (available < needed) {
    return Error(Code::kNoSpace, "the copy of neo4j needs {}, but {} has {} free", human_bytes(needed),
                 copy.target_.native(), human_bytes(available))
        .hint("free space there, or set BACKUP_BASE to a larger file system");
  }
  return copy;
}

Result<void> HotCopy::copy_stores(std::string_view store, size_t jobs, Reporter& reporter,
                                  const Cancellation& cancellation) {
  const auto phase = reporter.phase(store, "copying store files");
  uint64_t total = 0;
  for (const auto& database : databases_) total += size_below(source_.store(database.name));
  phase->set_total(total);
  for (auto& database : databases_) {
    RETURN_IF_ERROR(copy_derived(database, *phase, cancellation), "while copying database {}", database.name);
    RETURN_IF_ERROR(copy_records(database, jobs, *phase, cancellation), "while copying database {}",
                    database.name);
  }
  RETURN_IF_ERROR(copy_server_files(*phase, cancellation));
  summary_.store_bytes = size_below(target_);
  return {};
}

// Derived files must all lie between two checkpoints, the first of which is the one that recovery starts
// from. They are small beside the records, so they are copied right after the checkpoint files, and again
// with newer ones when a checkpoint came.
Result<void> HotCopy::copy_derived(Database& database, Phase& phase, const Cancellation& cancellation) {
  const fs::path from = source_.store(database.name);
  const fs::path to = layout().store(database.name);
  for (int attempt = 0; attempt < kDerivedAttempts; ++attempt) {
    ASSIGN_OR_RETURN(database.checkpoints, read_checkpoint_files(source_.logs(database.name)));
    ASSIGN_OR_RETURN(const auto before, read_derived_state(from));
    ASSIGN_OR_RETURN(const auto files, list_files(from, FileKind::kDerived));
    // One at a time and each from its beginning: a tree's state is read before the pages it speaks of.
    RETURN_IF_ERROR(copy_files(from, to, files, 1, phase, cancellation));
    ASSIGN_OR_RETURN(const auto after, read_derived_state(from));
    ASSIGN_OR_RETURN(const auto checkpoints, read_checkpoint_files(source_.logs(database.name)));
    database.derived_copied = before == after && checkpoints == database.checkpoints;
    if (database.derived_copied) return {};
    for (const auto& file : files) RETURN_IF_ERROR(remove_recursively(to / file.path));
    RETURN_IF_ERROR(remove_recursively(to / "schema"));
  }
  return {};
}

// Replay writes every record that changed since the checkpoint anew and whole, so a page that was read while
// it was written does no harm, and neither do checkpoints meanwhile.
Result<void> HotCopy::copy_records(const Database& database, size_t jobs, Phase& phase,
                                   const Cancellation& cancellation) {
  const fs::path from = source_.store(database.name);
  ASSIGN_OR_RETURN(const auto files, list_files(from, FileKind::kRecords));
  if (total_size(files) == 0) {
    return Error(Code::kNotFound, "{} holds no store files", from.native())
        .hint(
            "block is the store format of the Enterprise edition: use its own `neo4j-admin database backup`");
  }
  return copy_files(from, layout().store(database.name), files, jobs, phase, cancellation);
}

// The server's identity and its initial credentials: without them the copy would be another server.
Result<void> HotCopy::copy_server_files(Phase& phase, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN([[maybe_unused]] const bool identified,
                   copy_file(source_.data / "server_id", layout().data / "server_id", phase, cancellation));
  std::error_code error;
  if (!fs::is_directory(source_.credentials(), error)) return {};
  ASSIGN_OR_RETURN(const auto files, list_files(source_.credentials(), FileKind::kRecords));
  return copy_files(source_.credentials(), layout().credentials(), files, 1, phase, cancellation);
}

Result<Instant> HotCopy::cut() {
  // Taken before the lengths are noted: what was committed by then is in the logs.
  const Instant instant = now();
  for (auto& database : databases_) {
    database.log.clear();
    ASSIGN_OR_RETURN(auto log,
                     LogCut::take(source_.logs(database.name), first_needed_log(database.checkpoints)),
                     "while noting the transaction logs of {}", database.name);
    database.log.push_back(std::move(log));
  }
  return instant;
}

Result<HotCopySummary> HotCopy::finish(std::string_view store, Reporter& reporter,
                                       const Cancellation& cancellation) {
  const auto phase = reporter.phase(store, "copying transaction logs");
  summary_.log_bytes = 0;
  for (const auto& database : databases_) summary_.log_bytes += database.log.front().bytes();
  phase->set_total(summary_.log_bytes);
  summary_.derived_copied = true;
  for (auto& database : databases_) {
    const fs::path logs = layout().logs(database.name);
    RETURN_IF_ERROR(database.log.front().copy_into(logs, *phase, cancellation));
    // Never later ones: recovery must begin before the copy did.
    RETURN_IF_ERROR(write_checkpoint_files(database.checkpoints, logs));
    auto checkpoints = read_checkpoint_files(source_.logs(database.name));
    if (checkpoints.ok() && *checkpoints != database.checkpoints) summary_.checkpoint_passed = true;
    if (!database.derived_copied) summary_.derived_copied = false;
    database.log.clear();
  }
  return summary_;
}

}  // namespace summit::neo4j
