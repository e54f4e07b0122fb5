#include "repository/plain_objects.h"

#include <algorithm>
#include <map>

#include "core/digest.h"
#include "core/task_group.h"
#include "repository/backup_id.h"
#include "repository/checksums.h"
#include "repository/plain_layout.h"
#include "repository/plain_objects_writer.h"
#include "storage/bandwidth_limit.h"

namespace summit::repository {
namespace {

constexpr uint64_t kLargestMetadata = 1 * GiB;
constexpr auto kLeftoverAge = std::chrono::hours(48);
constexpr std::string_view kIdPrefix = "summit-backup-";
constexpr size_t kParallelReads = 8;

std::string key_of(std::string_view id, std::string_view name) { return fmt::format("{}/{}", id, name); }

Result<BackupMetadata> read_metadata(storage::ObjectStore& store, const std::string& id,
                                     const Cancellation& cancellation = {}) {
  auto text = storage::get_whole(store, key_of(id, kMetadataFile), kLargestMetadata, cancellation);
  if (!text.ok() && text.error().code() == Code::kNotFound)
    return Error(Code::kCorrupt, "{}/{} of {} is missing", id, kMetadataFile, store.describe());
  if (!text.ok()) return std::move(text).error();
  ASSIGN_OR_RETURN(auto metadata, metadata_from_json(*text), "{} of {}", kMetadataFile, id);
  if (metadata.id != id) return Error(Code::kCorrupt, "the metadata of {} are of {}", id, metadata.id);
  return metadata;
}

BackupSummary summarize(storage::ObjectStore& store, const std::string& id) {
  BackupSummary summary{id, fs::path(store.describe()) / id, {}};
  auto metadata = read_metadata(store, id);
  if (metadata.ok()) {
    summary.metadata = *std::move(metadata);
    for (auto& component : summary.metadata.components) component.fingerprints.clear();
    return summary;
  }
  summary.metadata.id = id;
  summary.metadata.status = Status::kFailed;
  summary.metadata.label = fmt::format("damaged: {}", metadata.error().message());
  if (const auto parsed = parse_backup_id(id); parsed.ok()) {
    summary.metadata.set = parsed->set;
    summary.metadata.started = summary.metadata.finished = parsed->instant;
  }
  return summary;
}

// Ids whose marker is there, newest first, and the sizes of all objects by key.
struct Listing {
  std::vector<std::string> ids;
  std::map<std::string, uint64_t, std::less<>> objects;
};
Result<Listing> list_objects(storage::ObjectStore& store, std::string_view prefix) {
  Listing listing;
  RETURN_IF_ERROR(store.list(prefix, "",
                             [&](const storage::ObjectInfo& object) -> Result<bool> {
                               const auto slash = object.key.find('/');
                               if (slash != std::string::npos) {
                                 const auto id = object.key.substr(0, slash);
                                 if (object.key.substr(slash + 1) == id && parse_backup_id(id).ok())
                                   listing.ids.push_back(id);
                               }
                               listing.objects.emplace(object.key, object.size);
                               return true;
                             }),
                  "while listing backups in {}", store.describe());
  std::ranges::sort(listing.ids, [](const std::string& a, const std::string& b) {
    return std::pair(parse_backup_id(a)->instant, a) > std::pair(parse_backup_id(b)->instant, b);
  });
  return listing;
}

Result<Artifact> find_artifact(const BackupMetadata& metadata, const std::string& name) {
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts)
      if (artifact.name == name) return artifact;
  return Error(Code::kNotFound, "backup {} has no artifact {}", metadata.id, name)
      .hint(fmt::format("summit-dr info {}", metadata.id));
}

class Reader final : public BackupReader {
 public:
  Reader(std::shared_ptr<storage::ObjectStore> store, BackupMetadata metadata)
      : store_(std::move(store)), metadata_(std::move(metadata)) {}

  const BackupMetadata& metadata() const override { return metadata_; }

  Result<void> read(const std::string& name, const std::function<Result<void>(ByteView)>& consume,
                    const Cancellation& cancellation) const override {
    ASSIGN_OR_RETURN(const auto artifact, find_artifact(metadata_, name));
    Sha256 digest;
    uint64_t size = 0;
    RETURN_IF_ERROR(store_->get(
                        key_of(metadata_.id, name), {},
                        [&](ByteView bytes) {
                          digest.update(bytes);
                          size += bytes.size();
                          return consume(bytes);
                        },
                        cancellation),
                    "in backup {}", metadata_.id);
    if (size == artifact.size && to_hex(digest.finish()) == artifact.sha256) return {};
    return Error(Code::kCorrupt, "{} of backup {} is damaged: its content is not the recorded one", name,
                 metadata_.id)
        .hint(fmt::format("summit-dr verify {}", metadata_.id));
  }

  Result<void> read_range(const std::string& name, uint64_t offset, uint64_t size,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation& cancellation) const override {
    ASSIGN_OR_RETURN(const auto artifact, find_artifact(metadata_, name));
    RETURN_IF_ERROR(check_range(metadata_, name, artifact.size, offset, size));
    if (size == 0) return {};
    uint64_t received = 0;
    RETURN_IF_ERROR(store_->get(
                        key_of(metadata_.id, name), {.offset = offset, .length = size},
                        [&](ByteView bytes) {
                          received += bytes.size();
                          return consume(bytes);
                        },
                        cancellation),
                    "in backup {}", metadata_.id);
    if (received == size) return {};
    return Error(Code::kCorrupt, "{} of backup {} is damaged: {} bytes came from {} on, not {}", name,
                 metadata_.id, received, offset, size)
        .hint(fmt::format("summit-dr verify {}", metadata_.id));
  }

  Result<fs::path> native_file(const std::string& name, const fs::path& workspace) const override {
    const std::lock_guard lock(mutex_);
    const fs::path path = workspace / name;
    if (fetched_.contains(path)) return path;
    ASSIGN_OR_RETURN(const auto fd, open_for_writing(path, 0600));
    RETURN_IF_ERROR(read(name, [&](ByteView bytes) { return write_all(fd.get(), bytes, path); }, {}));
    fetched_.insert(path);
    return path;
  }

 private:
  const std::shared_ptr<storage::ObjectStore> store_;
  const BackupMetadata metadata_;
  mutable std::mutex mutex_;
  mutable std::set<fs::path> fetched_;
};

// Compares what CHECKSUMS lists with what is stored.
class Verification {
 public:
  Verification(storage::ObjectStore& store, std::string id, const VerifyOptions& options, Reporter& reporter,
               const Cancellation& cancellation)
      : store_(store), reporter_(reporter), cancellation_(cancellation), limit_(options.bytes_per_second) {
    report_.id = std::move(id);
  }

  Result<VerifyReport> run() {
    ASSIGN_OR_RETURN(auto listing, list_objects(store_, report_.id + "/"));
    if (!listing.objects.contains(key_of(report_.id, report_.id)))
      report_.findings.push_back(
          {report_.id, "the commit marker is missing: this backup was never finished"});
    ASSIGN_OR_RETURN(const auto expected, expectations());
    for (const auto& [key, size] : listing.objects) {
      const auto name = key.substr(report_.id.size() + 1);
      if (name != report_.id && name != kChecksumsFile && !expected.contains(name))
        report_.findings.push_back({name, "not part of this backup"});
    }
    const auto phase = reporter_.phase(report_.id, "verifying");
    uint64_t total = 0;
    for (const auto& [key, size] : listing.objects) total += size;
    phase->set_total(total);
    for (const auto& [name, sha256] : expected) RETURN_IF_ERROR(compare(name, sha256, *phase));
    return std::move(report_);
  }

 private:
  Result<std::map<std::string, std::string>> expectations() {
    std::map<std::string, std::string> expected;
    auto text =
        storage::get_whole(store_, key_of(report_.id, kChecksumsFile), kLargestMetadata, cancellation_);
    if (!text.ok() && text.error().code() != Code::kNotFound) return std::move(text).error();
    auto checksums = text.ok() ? parse_checksums(*text) : Error(Code::kCorrupt, "missing");
    if (!checksums.ok()) {
      report_.findings.push_back({std::string(kChecksumsFile), checksums.error().message()});
    } else {
      for (const auto& [name, sha256] : *checksums) expected[name] = sha256;
    }
    auto metadata = read_metadata(store_, report_.id, cancellation_);
    if (!metadata.ok()) {
      if (metadata.error().code() == Code::kCancelled) return std::move(metadata).error();
      report_.findings.push_back({std::string(kMetadataFile), metadata.error().message()});
      return expected;
    }
    for (const auto& component : metadata->components)
      for (const auto& artifact : component.artifacts) {
        const auto [listed, fresh] = expected.emplace(artifact.name, artifact.sha256);
        if (fresh) report_.findings.push_back({artifact.name, "not listed in CHECKSUMS"});
        if (listed->second != artifact.sha256)
          report_.findings.push_back({artifact.name, "CHECKSUMS and the metadata record different sha-256"});
      }
    return expected;
  }

  Result<void> compare(const std::string& name, const std::string& sha256, Phase& phase) {
    ++report_.artifacts;
    Sha256 digest;
    auto read = store_.get(
        key_of(report_.id, name), {},
        [&](ByteView bytes) -> Result<void> {
          digest.update(bytes);
          report_.bytes += bytes.size();
          phase.advance(bytes.size());
          return limit_.take(bytes.size(), cancellation_);
        },
        cancellation_);
    if (!read.ok()) {
      const auto code = read.error().code();
      if (code != Code::kNotFound && code != Code::kCorrupt) return std::move(read).error();
      report_.findings.push_back({name, code == Code::kNotFound ? "missing" : read.error().message()});
    } else if (to_hex(digest.finish()) != sha256) {
      report_.findings.push_back({name, "sha-256 differs"});
    }
    return {};
  }

  storage::ObjectStore& store_;
  Reporter& reporter_;
  const Cancellation& cancellation_;
  storage::BandwidthLimit limit_;
  VerifyReport report_;
};

}  // namespace

PlainObjects::PlainObjects(std::shared_ptr<storage::ObjectStore> store, fs::path scratch, LockTime lock_time)
    : store_(std::move(store)), scratch_(std::move(scratch)), lock_time_(std::move(lock_time)) {}

Result<std::unique_ptr<BackupWriter>> PlainObjects::begin(const std::string& id) {
  // Leftovers of others that cannot be removed are no reason not to back up.
  (void)remove_leftovers();
  return PlainObjectsWriter::begin(store_, scratch_, id, {}, lock_time_);
}

Result<std::unique_ptr<BackupWriter>> PlainObjects::begin_copy(const BackupMetadata& metadata) {
  return PlainObjectsWriter::begin(store_, scratch_, metadata.id, to_hex(sha256(as_bytes(to_json(metadata)))),
                                   lock_time_);
}

Result<std::vector<std::string>> PlainObjects::remove_leftovers() {
  const Instant older_than = now() - kLeftoverAge;
  std::vector<std::string> abandoned;
  std::vector<std::string> removed;
  RETURN_IF_ERROR(store_->list(kClaims, "", [&](const storage::ObjectInfo& claim) -> Result<bool> {
    const auto id = claim.key.substr(kClaims.size());
    if (claim.modified < older_than && parse_backup_id(id).ok()) abandoned.push_back(id);
    return true;
  }));
  for (const auto& id : abandoned) {
    ASSIGN_OR_RETURN(const auto marker, store_->head(key_of(id, id)));
    if (!marker) {
      RETURN_IF_ERROR(remove_objects_of(id));
      removed.push_back(id);
    }
    RETURN_IF_ERROR(store_->remove(claim_key(id)));
  }
  return removed;
}

Result<std::vector<BackupSummary>> PlainObjects::list() const {
  ASSIGN_OR_RETURN(const auto listing, list_objects(*store_, kIdPrefix));
  std::vector<BackupSummary> summaries(listing.ids.size());
  RETURN_IF_ERROR(parallel_for(listing.ids.size(), kParallelReads, [&](size_t index) -> Result<void> {
    summaries[index] = summarize(*store_, listing.ids[index]);
    return {};
  }));
  return summaries;
}

Result<std::string> PlainObjects::finished_id(std::string_view reference) const {
  ASSIGN_OR_RETURN(const auto parsed, parse_reference(reference));
  ASSIGN_OR_RETURN(const auto marker, store_->head(key_of(parsed.id, parsed.id)));
  if (marker) return parsed.id;
  return Error(Code::kNotFound, "backup {} is not in {}", parsed.id, store_->describe())
      .hint("summit-dr list");
}

Result<std::unique_ptr<BackupReader>> PlainObjects::open(std::string_view reference) const {
  ASSIGN_OR_RETURN(const auto id, finished_id(reference));
  ASSIGN_OR_RETURN(auto metadata, read_metadata(*store_, id));
  return std::unique_ptr<BackupReader>(std::make_unique<Reader>(store_, std::move(metadata)));
}

Result<VerifyReport> PlainObjects::verify(std::string_view reference, const VerifyOptions& options,
                                          Reporter& reporter, const Cancellation& cancellation) const {
  ASSIGN_OR_RETURN(const auto parsed, parse_reference(reference));
  return Verification(*store_, parsed.id, options, reporter, cancellation).run();
}

Result<void> PlainObjects::remove(const std::string& id) {
  RETURN_IF_ERROR(parse_backup_id(id));
  ASSIGN_OR_RETURN(const auto marker, store_->head(key_of(id, id)));
  if (!marker) {
    ASSIGN_OR_RETURN(const auto claim, store_->head(claim_key(id)));
    if (!claim) return {};
    return Error(Code::kBusy, "backup {} is being written or removed by somebody else", id)
        .hint("wait for it; what a crashed run left is removed after two days");
  }
  // A claim first: if we die after the marker is gone, it tells the next writer that the rest is nobody's.
  RETURN_IF_ERROR(store_->put(claim_key(id), {}));
  RETURN_IF_ERROR(store_->remove(key_of(id, id)), "while removing {}", id);
  RETURN_IF_ERROR(remove_objects_of(id), "while removing {}", id);
  return store_->remove(claim_key(id));
}

Result<void> PlainObjects::remove_objects_of(const std::string& id) {
  ASSIGN_OR_RETURN(const auto listing, list_objects(*store_, id + "/"));
  for (const auto& [key, size] : listing.objects) RETURN_IF_ERROR(store_->remove(key));
  return {};
}

}  // namespace summit::repository
