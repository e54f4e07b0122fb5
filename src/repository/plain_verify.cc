// Compares every byte of a backup with what CHECKSUMS and metadata say of it.
#include <map>
#include <optional>
#include <set>

#include "repository/backup_repository.h"
#include "repository/checksums.h"
#include "repository/plain_layout.h"
#include "repository/plain_locate.h"
#include "repository/plain_reader.h"
#include "storage/bandwidth_limit.h"

namespace summit::repository {
namespace {

// What the two records say of one file.
struct Expectation {
  std::optional<std::string> listed;  // sha-256 in CHECKSUMS
  std::optional<Artifact> recorded;   // in the metadata
};

class Verification {
 public:
  Verification(LocatedBackup located, const VerifyOptions& options, Reporter& reporter,
               const Cancellation& cancellation)
      : located_(std::move(located)),
        reporter_(reporter),
        cancellation_(cancellation),
        limit_(options.bytes_per_second) {
    report_.id = located_.id;
  }

  Result<VerifyReport> run() {
    if (!has_commit_marker(located_.directory, located_.id))
      find(located_.id, "the commit marker is missing: this backup was never finished");
    read_checksums();
    read_metadata();
    ASSIGN_OR_RETURN(const auto present, entry_names(located_.directory), "while verifying {}", located_.id);
    compare_names({present.begin(), present.end()});
    RETURN_IF_ERROR(compare_contents({present.begin(), present.end()}));
    return std::move(report_);
  }

 private:
  void find(const std::string& artifact, std::string problem) {
    report_.findings.push_back({artifact, std::move(problem)});
  }

  void read_checksums() {
    const fs::path path = located_.directory / kChecksumsFile;
    auto text = read_file(path);
    if (!text.ok()) {
      find(std::string(kChecksumsFile),
           text.error().code() == Code::kNotFound ? "missing" : "cannot be read: " + text.error().message());
      return;
    }
    auto checksums = parse_checksums(*text);
    if (!checksums.ok()) {
      find(std::string(kChecksumsFile), "damaged: " + checksums.error().message());
      return;
    }
    checksums_read_ = true;
    for (auto& checksum : *checksums) {
      if (checksum.name.find('/') != std::string::npos) {
        find(std::string(kChecksumsFile), fmt::format("names a file outside the backup: {}", checksum.name));
        continue;
      }
      expected_[checksum.name].listed = std::move(checksum.sha256);
    }
  }

  void read_metadata() {
    const std::string file(kMetadataFile);
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(located_.directory / file, ignored))) {
      expected_[file];  // reported as missing with the other names
      return;
    }
    auto metadata = read_metadata_file(located_.directory);
    if (!metadata.ok()) {
      find(file, "damaged: " + metadata.error().message());
      expected_[file];
      return;
    }
    metadata_read_ = true;
    if (metadata->id != located_.id) find(file, fmt::format("is of another backup: {}", metadata->id));
    expected_[file];
    for (const auto& component : metadata->components)
      for (const auto& artifact : component.artifacts) expected_[artifact.name].recorded = artifact;
  }

  void compare_names(const std::set<std::string>& present) {
    for (const auto& [name, expectation] : expected_) {
      const bool own = name == kMetadataFile;
      if (checksums_read_ && !expectation.listed) find(name, "not listed in CHECKSUMS");
      if (metadata_read_ && !own && !expectation.recorded) find(name, "not listed in the metadata");
      if (expectation.listed && expectation.recorded && *expectation.listed != expectation.recorded->sha256)
        find(name, "CHECKSUMS and the metadata record different sha-256");
      if (!present.contains(name)) find(name, "missing");
    }
    for (const auto& name : present)
      if (!expected_.contains(name) && name != kChecksumsFile && name != located_.id)
        find(name, "not part of this backup");
  }

  Result<void> compare_contents(const std::set<std::string>& present) {
    uint64_t total = 0;
    std::error_code ignored;
    for (const auto& [name, expectation] : expected_)
      if (present.contains(name)) {
        const auto size = fs::file_size(located_.directory / name, ignored);
        if (!ignored) total += size;
      }
    const auto phase = reporter_.phase(located_.id, "verifying");
    phase->set_total(total);
    for (const auto& [name, expectation] : expected_)
      if (present.contains(name)) RETURN_IF_ERROR(compare_content(name, expectation, *phase));
    return {};
  }

  Result<void> compare_content(const std::string& name, const Expectation& expectation, Phase& phase) {
    ++report_.artifacts;
    auto content = stream_file(
        located_.directory / name,
        [&](ByteView block) {
          phase.advance(block.size());
          report_.bytes += block.size();
          return limit_.take(block.size(), cancellation_);
        },
        cancellation_);
    if (!content.ok()) {
      if (content.error().code() == Code::kCancelled) return std::move(content).error();
      find(name, "cannot be read: " + content.error().message());
      return {};
    }
    if (expectation.recorded && content->size != expectation.recorded->size) {
      find(name, fmt::format("size is {}, recorded {}", content->size, expectation.recorded->size));
      return {};
    }
    // One finding a damaged file: when both records agree, either stands for both.
    if (expectation.recorded && content->sha256 != expectation.recorded->sha256) {
      find(name, "sha-256 differs");
    } else if (expectation.listed && content->sha256 != *expectation.listed) {
      find(name, expectation.recorded ? "sha-256 differs from CHECKSUMS" : "sha-256 differs");
    }
    return {};
  }

  const LocatedBackup located_;
  Reporter& reporter_;
  const Cancellation& cancellation_;
  storage::BandwidthLimit limit_;
  VerifyReport report_;
  std::map<std::string, Expectation> expected_;
  bool checksums_read_ = false;
  bool metadata_read_ = false;
};

}  // namespace

Result<VerifyReport> PlainRepository::verify(std::string_view reference, const VerifyOptions& options,
                                             Reporter& reporter, const Cancellation& cancellation) const {
  ASSIGN_OR_RETURN(auto located, locate_directory(base_, reference));
  return Verification(std::move(located), options, reporter, cancellation).run();
}

}  // namespace summit::repository
