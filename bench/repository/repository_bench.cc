// The packed repository's parts, one operation a process, as bench/repository.sh times them beside restic and
// Borg.
//
//   repository_bench create REPOSITORY
//   repository_bench backup-tree REPOSITORY DIRECTORY [--read-again]
//   repository_bench backup-stream REPOSITORY < FILE
//   repository_bench restore-tree REPOSITORY DIRECTORY
//   repository_bench restore-stream REPOSITORY > FILE
//   repository_bench export-stream REPOSITORY DIRECTORY
//   repository_bench verify REPOSITORY          every byte of every pack of the newest backup
//   repository_bench prune REPOSITORY           all backups but the newest
//   repository_bench touch-pages DIRECTORY PER_MILLE SEED     changes so many of the 8 KiB pages below it
//   repository_bench generate GIGABYTES         to standard output: bytes that never repeat, and compress to
//                                               about a fifth
//   repository_bench stages FILE                bytes per second of each stage alone
//
// The passphrase is read from the file that BENCH_PASSPHRASE_FILE names. Prints one line: requests and bytes.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "bench/repository/counting_store.h"
#include "bench/repository/stages.h"
#include "core/digest.h"
#include "core/task_group.h"
#include "repository/export_artifact.h"
#include "repository/packed/chunk_writer.h"
#include "repository/packed/collector.h"
#include "repository/packed/commit_log.h"
#include "repository/packed/format_file.h"
#include "repository/packed/page_patch.h"
#include "repository/packed/slot_store.h"
#include "repository/packed/tree_restore.h"
#include "repository/packed/tree_writer.h"
#include "storage/local_store.h"

namespace summit::bench {
namespace {

using namespace repository::packed;

constexpr size_t kVerifiers = 2;

// An opened repository, as a command would open it: format, slots (Argon2id), log.
struct Opened {
  std::unique_ptr<storage::LocalStore> local;
  std::unique_ptr<CountingStore> store;
  std::unique_ptr<OpenedKeyring> keys;  // the log points to it
  std::unique_ptr<CommitLog> log;
  fs::path cache;

  const Keyring& keyring() const { return keys->keyring; }
};

Result<SlotSecret> passphrase() {
  const char* file = std::getenv("BENCH_PASSPHRASE_FILE");
  if (file == nullptr) return Error(Code::kUsage, "BENCH_PASSPHRASE_FILE is not set");
  ASSIGN_OR_RETURN(std::string text, read_file(file));
  return SlotSecret{.kind = SlotKind::kPassphrase, .secret = Secret(std::move(text)), .source = file};
}

Result<Opened> open_repository(const fs::path& path) {
  Opened opened;
  opened.cache = path.string() + ".cache";
  ASSIGN_OR_RETURN(opened.local, storage::LocalStore::open(path, storage::LocalStore::IfMissing::kFail));
  opened.store = std::make_unique<CountingStore>(*opened.local);
  ASSIGN_OR_RETURN(const StoredFormat format, read_format(*opened.store));
  ASSIGN_OR_RETURN(SlotSecret secret, passphrase());
  ASSIGN_OR_RETURN(OpenedKeyring keys, SlotStore(*opened.store, format.format.id).open({std::move(secret)}));
  opened.keys = std::make_unique<OpenedKeyring>(std::move(keys));
  ASSIGN_OR_RETURN(opened.log, CommitLog::open(*opened.store, opened.keyring(), format.digest));
  return opened;
}

Result<void> create(const fs::path& path) {
  ASSIGN_OR_RETURN(const auto store,
                   storage::LocalStore::open(path, storage::LocalStore::IfMissing::kCreate));
  const Format format{.id = RepositoryId::random(), .created = now()};
  ASSIGN_OR_RETURN(const Keyring keyring, Keyring::create(format.id));
  ASSIGN_OR_RETURN(SlotSecret secret, passphrase());
  SlotStore slots(*store, format.id);
  RETURN_IF_ERROR(slots.create_first(keyring, {.secret = std::move(secret), .label = "bench"}));
  RETURN_IF_ERROR(create_format(*store, format));
  return {};
}

Result<std::string> newest(const CommitLog& log) {
  const LiveBackup* best = nullptr;
  std::string id;
  for (const auto& [name, backup] : log.state().backups()) {
    if (best != nullptr && best->record > backup.record) continue;
    best = &backup;
    id = name;
  }
  if (best == nullptr) return Error(Code::kNotFound, "no backup yet");
  return id;
}

Result<Content> content_of(const PackedArtifact& artifact) {
  Content content{.size = artifact.size};
  for (const BlockPlace& block : artifact.blocks) {
    ASSIGN_OR_RETURN(const Reference reference, to_reference(block));
    content.blocks.push_back(reference);
  }
  return content;
}

Result<std::map<std::string, Content>> contents_of_newest(Opened& opened) {
  ASSIGN_OR_RETURN(const std::string id, newest(*opened.log));
  ASSIGN_OR_RETURN(const CommitEvent commit, opened.log->read_commit(id));
  std::map<std::string, Content> contents;
  for (const PackedArtifact& artifact : commit.artifacts) {
    ASSIGN_OR_RETURN(contents[artifact.name], content_of(artifact));
  }
  return contents;
}

ChunkReaderOptions reading(Opened& opened) {
  return {.relocated = [&log = *opened.log](const PackName& pack) { return log.state().relocated(pack); }};
}

// A backup in the making: what is the same for trees and streams.
class Backup {
 public:
  static Result<std::unique_ptr<Backup>> begin(Opened& opened) {
    auto backup = std::make_unique<Backup>();
    std::vector<PackName> usable;
    opened.log->state().visit_known([&](const RepositoryState::KnownPack& known) {
      usable.push_back(known.pack.name);
      backup->packs_.emplace(known.pack.name, known.pack);
    });
    ASSIGN_OR_RETURN(backup->index_, ChunkIndex::open(opened.cache, opened.keyring()));
    ASSIGN_OR_RETURN(backup->pages_, PageCache::open(opened.cache, opened.keyring()));
    const auto footer = [&](const PackName& pack) {
      return read_pack_footer(*opened.store, opened.keyring(), pack);
    };
    RETURN_IF_ERROR(backup->index_->sync(usable, footer));
    ChunkWriterOptions options{.pages = backup->pages_.get()};
    if (const char* level = std::getenv("BENCH_LEVEL")) options.level = std::atoi(level);
    ASSIGN_OR_RETURN(backup->writer_, ChunkWriter::create(*opened.store, opened.keyring(), *backup->index_,
                                                          opened.log->state().number(), options));
    return backup;
  }

  ChunkWriter& writer() { return *writer_; }

  // `names`: of the contents, by their numbers.
  Result<void> commit(Opened& opened, const std::map<size_t, std::string>& names) {
    ASSIGN_OR_RETURN(const Written written, writer_->finish());
    for (const StoredPack& pack : written.packs) packs_.emplace(pack.name, pack);
    CommitEvent event{.backup = fmt::format("bench-{}", opened.log->state().number() + 1),
                      .metadata = "{}",
                      .artifacts = {},
                      .packs = {}};
    std::set<PackName> used;
    for (const auto& [number, name] : names) {
      const Content& content = written.contents[number];
      PackedArtifact artifact{.name = name, .size = content.size, .blocks = {}};
      for (const Reference& block : content.blocks) artifact.blocks.push_back(to_block_place(block));
      event.artifacts.push_back(std::move(artifact));
      used.insert(content.packs.begin(), content.packs.end());
    }
    for (const PackName& pack : used) event.packs.push_back(packs_.at(pack));
    RETURN_IF_ERROR(opened.log->append(
        [&](const RepositoryState&) -> Result<std::vector<Event>> { return std::vector<Event>{event}; }));
    const WriteCounters counters = writer_->counters();
    std::cerr << fmt::format("new {} of {} bytes, stored {}\n", counters.new_bytes, counters.read_bytes,
                             counters.stored_bytes);
    return {};
  }

 private:
  std::unique_ptr<ChunkIndex> index_;
  std::unique_ptr<PageCache> pages_;
  std::unique_ptr<ChunkWriter> writer_;
  std::map<PackName, StoredPack> packs_;
};

Result<void> backup_tree(Opened& opened, const fs::path& directory, Unchanged unchanged) {
  ChunkReader reader(*opened.store, opened.keyring(), reading(opened));
  std::optional<StoredTree> previous;
  if (!opened.log->state().backups().empty()) {
    ASSIGN_OR_RETURN(auto contents, contents_of_newest(opened));
    previous = StoredTree{contents["tree"], contents["files"]};
  }
  ASSIGN_OR_RETURN(const auto backup, Backup::begin(opened));
  ASSIGN_OR_RETURN(const auto tree,
                   TreeWriter::create(backup->writer(), reader, previous ? &*previous : nullptr, unchanged));
  RETURN_IF_ERROR(tree->add_all(directory));
  ASSIGN_OR_RETURN(const TreeNumbers numbers, tree->finish());
  return backup->commit(opened, {{numbers.listing, "tree"}, {numbers.files, "files"}});
}

Result<void> backup_stream(Opened& opened) {
  ASSIGN_OR_RETURN(const auto backup, Backup::begin(opened));
  ASSIGN_OR_RETURN(const auto stream, backup->writer().begin_stream());
  std::vector<std::byte> buffer(1 * MiB);
  while (true) {
    ASSIGN_OR_RETURN(const size_t size,
                     read_some(STDIN_FILENO, buffer.data(), buffer.size(), "standard input"));
    if (size == 0) break;
    RETURN_IF_ERROR(stream->write({buffer.data(), size}));
  }
  ASSIGN_OR_RETURN(const size_t number, stream->finish());
  return backup->commit(opened, {{number, "stream"}});
}

Result<void> restore_newest_tree(Opened& opened, const fs::path& directory) {
  ASSIGN_OR_RETURN(auto contents, contents_of_newest(opened));
  ChunkReader reader(*opened.store, opened.keyring(), reading(opened));
  return restore_tree(reader, {contents["tree"], contents["files"]}, directory);
}

Result<void> restore_stream(Opened& opened) {
  ASSIGN_OR_RETURN(auto contents, contents_of_newest(opened));
  ChunkReader reader(*opened.store, opened.keyring(), reading(opened));
  return reader.read(contents["stream"].blocks,
                     [](ByteView bytes) { return write_all(STDOUT_FILENO, bytes, "standard output"); });
}

// As `summit-dr export` does it.
Result<void> export_stream(Opened& opened, const fs::path& directory) {
  ASSIGN_OR_RETURN(auto contents, contents_of_newest(opened));
  ChunkReader reader(*opened.store, opened.keyring(), reading(opened));
  const auto read = [&](const auto& write) { return reader.read(contents["stream"].blocks, write); };
  RETURN_IF_ERROR(repository::write_new_file(directory, "stream", read));
  return {};
}

Result<void> verify(Opened& opened) {
  ASSIGN_OR_RETURN(const std::string id, newest(*opened.log));
  const auto packs = opened.log->state().packs_of(id);
  return parallel_for(packs.size(), kVerifiers, [&](size_t i) -> Result<void> {
    ASSIGN_OR_RETURN(const PackContent content,
                     read_whole_pack(*opened.store, opened.keyring(), packs[i].name));
    if (content.stored != packs[i])
      return Error(Code::kCorrupt, "pack {} is not what the log says", packs[i].name.to_string());
    return {};
  });
}

Result<void> prune(Opened& opened) {
  ASSIGN_OR_RETURN(const std::string kept, newest(*opened.log));
  CollectOptions options{.grace = std::chrono::seconds(0)};
  for (const auto& [id, backup] : opened.log->state().backups()) {
    if (id != kept) options.give_up.push_back(id);
  }
  SilentReporter reporter;
  RETURN_IF_ERROR(collect(*opened.store, opened.keyring(), *opened.log, options, reporter));
  // What the first run has given its tombstone is deleted by the second.
  options.give_up.clear();
  RETURN_IF_ERROR(collect(*opened.store, opened.keyring(), *opened.log, options, reporter));
  return {};
}

// A counter in every line: no two chunks are equal, and there is no end of them.
Result<void> generate(uint64_t gigabytes) {
  std::mt19937_64 generator(1);
  std::string lines;
  uint64_t number = 0;
  for (uint64_t written = 0; written < gigabytes * GiB; written += lines.size()) {
    lines.clear();
    while (lines.size() < MiB) {
      lines += fmt::format("{:020} {:016x}{:016x} the quick brown fox jumps over the lazy dog\n", number++,
                           generator(), generator());
    }
    if (std::fwrite(lines.data(), 1, lines.size(), stdout) != lines.size())
      return Error(Code::kFailed, "standard output was closed");
  }
  return {};
}

// Writes a few bytes into randomly chosen pages, as a database does between two backups.
Result<void> touch_pages(const fs::path& directory, unsigned per_mille, uint64_t seed) {
  std::mt19937_64 generator(seed);
  uint64_t touched = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const UniqueFd file(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC));
    if (!file.valid()) return errno_error(errno, "cannot open " + entry.path().string());
    for (uint64_t page = 0; page < entry.file_size() / kPageSize; ++page) {
      if (generator() % 1000 >= per_mille) continue;
      const uint64_t word = generator();
      const auto place = static_cast<off_t>(page * kPageSize + generator() % (kPageSize - sizeof word));
      if (::pwrite(file.get(), &word, sizeof word, place) != sizeof word)
        return errno_error(errno, "cannot write " + entry.path().string());
      ++touched;
    }
  }
  std::cerr << fmt::format("touched {} pages\n", touched);
  return {};
}

Result<void> run(const std::vector<std::string>& words) {
  if (words.size() < 2) return Error(Code::kUsage, "which operation, and where?");
  const std::string& operation = words[0];
  if (operation == "create") return create(words[1]);
  if (operation == "generate") return generate(std::stoull(words[1]));
  if (operation == "stages") return measure_stages(words[1]);
  if (operation == "touch-pages" && words.size() > 3)
    return touch_pages(words[1], static_cast<unsigned>(std::stoul(words[2])), std::stoull(words[3]));
  ASSIGN_OR_RETURN(Opened opened, open_repository(words[1]));
  const auto done = [&]() -> Result<void> {
    if (operation == "backup-tree" && words.size() > 2)
      return backup_tree(opened, words[2], words.size() > 3 ? Unchanged::kReadAgain : Unchanged::kTakeOver);
    if (operation == "backup-stream") return backup_stream(opened);
    if (operation == "restore-tree" && words.size() > 2) return restore_newest_tree(opened, words[2]);
    if (operation == "restore-stream") return restore_stream(opened);
    if (operation == "export-stream" && words.size() > 2) return export_stream(opened, words[2]);
    if (operation == "verify") return verify(opened);
    if (operation == "prune") return prune(opened);
    return Error(Code::kUsage, "no operation is called {}", operation);
  }();
  const CountingStore::Counts& counts = opened.store->counts();
  std::cerr << fmt::format("requests: {} writes, {} reads, {} others; {} written, {} read\n",
                           counts.writes.load(), counts.reads.load(), counts.others.load(),
                           human_bytes(counts.written_bytes), human_bytes(counts.read_bytes));
  return done;
}

}  // namespace
}  // namespace summit::bench

int main(int count, char** words) {
  const auto result = summit::bench::run({words + 1, words + count});
  if (result.ok()) return 0;
  std::cerr << result.error().to_string() << '\n';
  return 1;
}
