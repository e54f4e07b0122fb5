#include "repository/packed/view_verify.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <random>

#include "core/digest.h"
#include "core/task_group.h"
#include "repository/checksums.h"
#include "repository/packed/pack_name.h"
#include "repository/plain_layout.h"
#include "storage/bandwidth_limit.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kParallelObjects = 4;
constexpr std::string_view kFromBackup = "../";

struct Listed {
  std::string key;
  std::string sha256;
};

Result<std::vector<Listed>> listed_objects(storage::ObjectStore& store, const std::string& id,
                                           const Cancellation& cancellation) {
  auto text = storage::get_whole(store, fmt::format("{}/{}", id, kChecksumsFile), storage::kMaxWholeObject,
                                 cancellation);
  if (!text.ok() && text.error().code() == Code::kNotFound)
    return Error(Code::kNotFound, "nothing is published of {} in {}", id, store.describe())
        .hint("summit-dr list");
  RETURN_IF_ERROR(text);
  ASSIGN_OR_RETURN(const auto checksums, parse_checksums(*text), "in {}/{}", id, kChecksumsFile);
  std::vector<Listed> objects;
  for (const auto& [name, sha256] : checksums) {
    const bool is_pack =
        name.starts_with(kFromBackup) && PackName::from_key(name.substr(kFromBackup.size())).has_value();
    if (!is_pack && name != kMetadataFile)
      return Error(Code::kCorrupt, "{}/{} names {}, which is no part of a packed backup", id, kChecksumsFile,
                   name);
    objects.push_back({is_pack ? name.substr(kFromBackup.size()) : fmt::format("{}/{}", id, name), sha256});
  }
  return objects;
}

class ViewProof {
 public:
  ViewProof(storage::ObjectStore& store, const std::string& id, const VerifyOptions& options,
            Reporter& reporter, const Cancellation& cancellation)
      : store_(store), reporter_(reporter), cancellation_(cancellation), limit_(options.bytes_per_second) {
    report_.id = id;
  }

  Result<VerifyReport> run(std::vector<Listed> objects, double fraction) {
    choose(objects, fraction);
    const auto phase = reporter_.phase(report_.id, "comparing stored bytes", "objects");
    phase->set_total(objects.size());
    const auto compare_one = [&](size_t index) -> Result<void> {
      RETURN_IF_ERROR(compare(objects[index]));
      phase->advance(1);
      return {};
    };
    RETURN_IF_ERROR(parallel_for(objects.size(), kParallelObjects, compare_one, cancellation_));
    std::ranges::sort(report_.findings, {}, &Finding::artifact);
    report_.artifacts = objects.size();
    return std::move(report_);
  }

 private:
  static void choose(std::vector<Listed>& objects, double fraction) {
    if (fraction >= 1) return;
    std::mt19937_64 random(std::random_device{}());
    std::ranges::shuffle(objects, random);
    objects.resize(static_cast<size_t>(std::ceil(static_cast<double>(objects.size()) * fraction)));
  }

  Result<void> compare(const Listed& object) {
    Sha256 digest;
    uint64_t size = 0;
    const auto read = store_.get(
        object.key, {},
        [&](ByteView bytes) -> Result<void> {
          digest.update(bytes);
          size += bytes.size();
          return limit_.take(bytes.size(), cancellation_);
        },
        cancellation_);
    const auto code = read.ok() ? Code::kFailed : read.error().code();
    if (!read.ok() && code != Code::kNotFound && code != Code::kCorrupt) return read.error();
    const std::lock_guard lock(mutex_);
    report_.bytes += size;
    if (!read.ok()) {
      report_.findings.push_back({object.key, code == Code::kNotFound ? "missing" : read.error().message()});
    } else if (to_hex(digest.finish()) != object.sha256) {
      report_.findings.push_back({object.key, "sha-256 differs"});
    }
    return {};
  }

  storage::ObjectStore& store_;
  Reporter& reporter_;
  const Cancellation& cancellation_;
  storage::BandwidthLimit limit_;
  std::mutex mutex_;  // guards the report
  VerifyReport report_;
};

}  // namespace

Result<VerifyReport> verify_view(storage::ObjectStore& store, const std::string& id,
                                 const VerifyOptions& options, Reporter& reporter,
                                 const Cancellation& cancellation) {
  auto objects = listed_objects(store, id, cancellation);
  if (!objects.ok() && objects.error().code() == Code::kCorrupt) {
    VerifyReport report{.id = id, .artifacts = 0, .bytes = 0, .findings = {}};
    report.findings.push_back({std::string(kChecksumsFile), objects.error().message()});
    return report;
  }
  RETURN_IF_ERROR(objects);
  return ViewProof(store, id, options, reporter, cancellation).run(*std::move(objects), options.fraction);
}

}  // namespace summit::repository::packed
