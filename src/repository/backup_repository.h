// Where backups live, whatever their layout: begin one, list them, open one.
//
// A backup exists when its commit marker does, and not before: until then its directory is named
// ".incomplete-<id>" and no listing shows it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "repository/metadata.h"

namespace summit::repository {

// Takes one artifact's bytes, in order. Hashes, stores and counts in one pass. One thread at a time.
class ArtifactSink {
 public:
  virtual ~ArtifactSink() = default;  // without finish(): the artifact is discarded
  virtual Result<void> write(ByteView bytes) = 0;
  // What follows is another stream, though of the same artifact: where equal bytes are stored once, it is
  // recognised whatever came before it.
  virtual Result<void> begin_stream(const std::string& name);
  // Durable afterwards. Gives name, size and SHA-256.
  virtual Result<Artifact> finish() = 0;
};

// A backup in the making. Destroyed without commit, it removes what it wrote. Thread-safe, and alive until
// commit has returned: the lock it holds is what tells a running writer from a crashed one.
class BackupWriter {
 public:
  virtual ~BackupWriter() = default;
  virtual const std::string& id() const = 0;
  // True when equal bytes are stored once: then a stream is worth more uncompressed, where its format allows.
  virtual bool deduplicates() const = 0;
  // `name` is a plain file name, once per backup.
  virtual Result<std::unique_ptr<ArtifactSink>> create(std::string name, std::string component) = 0;
  // For copies that are taken up again: when the artifact is there whole from an earlier attempt, it is taken
  // as finished. Nothing when it has to be written.
  virtual std::optional<Artifact> adopt(const Artifact& artifact);
  // A private local directory for intermediate files (in a repository of files on its file system); gone
  // after commit or abort.
  virtual fs::path workspace() const = 0;
  // Writes metadata and CHECKSUMS, renames the directory, and writes the commit marker last. Once, after
  // every sink is gone. Finished artifacts that `metadata` does not list (of a component that failed later)
  // are dropped; one that it lists and that was not finished here, or with other size or hash, is kFailed.
  virtual Result<void> commit(const BackupMetadata& metadata) = 0;
  // After commit: what went wrong beside the backup itself (BACKUP_BASE/CHECKSUMS and links could not be
  // renewed).
  virtual std::vector<std::string> warnings() const = 0;
};

class BackupReader {
 public:
  virtual ~BackupReader() = default;
  virtual const BackupMetadata& metadata() const = 0;
  // Streams an artifact; kCorrupt at the end when its SHA-256 is not the recorded one.
  virtual Result<void> read(const std::string& artifact, const std::function<Result<void>(ByteView)>& consume,
                            const Cancellation& cancellation = {}) const = 0;
  // Streams the `size` bytes of an artifact that begin at `offset`; kCorrupt when it ends before they do,
  // also when some of them were consumed. Any number of threads at a time, each with the memory of one
  // read(). The packed layout proves every byte, by its chunk. The plain layout compares nothing, as only a
  // reading of the whole artifact can: for content that carries checksums of its own.
  virtual Result<void> read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                                  const std::function<Result<void>(ByteView)>& consume,
                                  const Cancellation& cancellation = {}) const = 0;
  // A seekable native file for tools that need one: the artifact itself in the plain layout, else an export
  // into `workspace`. Its SHA-256 was compared (once a reader): kCorrupt when it is not the recorded one.
  virtual Result<fs::path> native_file(const std::string& artifact, const fs::path& workspace) const = 0;
};

// For readers: kCorrupt unless `size` bytes from `offset` on lie within an artifact of `recorded` bytes.
Result<void> check_range(const BackupMetadata& metadata, const std::string& artifact, uint64_t recorded,
                         uint64_t offset, uint64_t size);

struct BackupSummary {
  std::string id;
  fs::path location;
  BackupMetadata metadata;  // without fingerprints
};

struct Finding {
  std::string artifact;  // or "backup-metadata.json", "CHECKSUMS"
  std::string
      problem;  // "missing", "size is 12, recorded 40", "sha-256 differs", "not listed in the metadata", …
};
struct VerifyReport {
  std::string id;
  uint64_t artifacts = 0;
  uint64_t bytes = 0;
  std::vector<Finding> findings;  // empty: intact
};

struct VerifyOptions {
  int level = 2;          // 1: stored bytes as they were written; 2: also every chunk opened and hashed
  double fraction = 1.0;  // of the packs, chosen so that successive runs cover all of them; (0, 1]
  uint64_t bytes_per_second = 0;  // how fast it reads at most; 0: as fast as it can
};

// Backups of one layout at one place. Thread-safe.
class BackupRepository {
 public:
  virtual ~BackupRepository() = default;

  // "/srv/backups", "s3://bucket/prefix".
  virtual std::string describe() const = 0;
  // As the metadata say: kPlainLayout, kPackedLayout.
  virtual std::string_view layout() const = 0;

  // kAlreadyExists when the id is taken, by a finished backup or a running writer.
  virtual Result<std::unique_ptr<BackupWriter>> begin(const std::string& id) = 0;
  // For a copy of the backup that `metadata` describe: goes on where an interrupted copy of the same one
  // ended, if it can (see BackupWriter::adopt).
  virtual Result<std::unique_ptr<BackupWriter>> begin_copy(const BackupMetadata& metadata) {
    return begin(metadata.id);
  }
  // The same for `make_id(instant)`, moving the instant on by a second while the id is taken.
  Result<std::unique_ptr<BackupWriter>> begin_new(Instant instant,
                                                  const std::function<std::string(Instant)>& make_id);

  // Committed backups, newest first; empty when there are none yet. A damaged one is listed with status
  // failed and the reason in its label.
  virtual Result<std::vector<BackupSummary>> list() const = 0;

  // Takes an id, or what parse_reference() makes one of. kNotFound with near names in the hint.
  virtual Result<std::unique_ptr<BackupReader>> open(std::string_view reference) const = 0;

  // Every stored byte against what was recorded of it; extra and missing files are findings, not errors.
  virtual Result<VerifyReport> verify(std::string_view reference, const VerifyOptions& options,
                                      Reporter& reporter, const Cancellation& cancellation = {}) const = 0;
  Result<VerifyReport> verify(std::string_view reference, Reporter& reporter,
                              const Cancellation& cancellation = {}) const {
    return verify(reference, VerifyOptions{}, reporter, cancellation);
  }

  // Gone from every listing afterwards, also when it was not there.
  virtual Result<void> remove(const std::string& id) = 0;

  // What crashed writers left behind, removed; gives the ids. Never what a running writer writes, nor what no
  // writer of ours left.
  virtual Result<std::vector<std::string>> remove_leftovers() { return std::vector<std::string>{}; }
};

// A repository whose backups are native files under one directory (BACKUP_BASE).
class PlainRepository final : public BackupRepository {
 public:
  explicit PlainRepository(fs::path base);

  const fs::path& base() const { return base_; }
  std::string describe() const override { return base_.string(); }
  std::string_view layout() const override { return kPlainLayout; }

  // Removes leftovers of crashed runs first: directories ".incomplete-*" whose writer is gone.
  Result<std::unique_ptr<BackupWriter>> begin(const std::string& id) override;

  Result<std::vector<std::string>> remove_leftovers() override;

  Result<std::vector<BackupSummary>> list() const override;

  // Accepts everything parse_reference() does, and any path of a directory that holds a finished backup under
  // another name. kNotFound with near names in the hint.
  Result<std::unique_ptr<BackupReader>> open(std::string_view reference) const override;
  Result<fs::path> locate(std::string_view reference) const;

  using BackupRepository::verify;
  // Sizes and SHA-256 of every artifact against CHECKSUMS and metadata, whatever the level.
  Result<VerifyReport> verify(std::string_view reference, const VerifyOptions& options, Reporter& reporter,
                              const Cancellation& cancellation = {}) const override;

  // The marker goes first: what a crash leaves of it is no backup, and the next writer removes it.
  Result<void> remove(const std::string& id) override;

 private:
  fs::path base_;
};

// What an environment is called: "prod" and "production" name the same.
struct EnvironmentNames {
  std::string name;  // as in the metadata
  std::vector<std::string> aliases;
};

struct LatestBackup {
  std::string id;
  std::string passed_over;  // a newer complete one, which holds no database; empty: there is none
};

// What "latest", "<environment>-latest" or "summit-<environment>-latest" stands for: that environment's
// newest complete backup; when that holds no database, the newest one that does and is of the same scope, if
// there is one. So it is never of another tenant or project than the newest one. Safety backups never count.
// Nothing when `text` is no such name; kNotFound when there is no such backup; kUsage for an unknown
// environment.
Result<std::optional<LatestBackup>> resolve_latest(const BackupRepository& repository, std::string_view text,
                                                   const std::vector<EnvironmentNames>& environments);

}  // namespace summit::repository
