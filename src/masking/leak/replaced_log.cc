#include "masking/leak/replaced_log.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <numeric>

#include "core/bounded_queue.h"
#include "core/task_group.h"
#include "core/unnamed_file.h"
#include "masking/leak/normalized_text.h"
#include "masking/leak/value_shape.h"

namespace summit::masking {
namespace {

constexpr unsigned kPartitionBits = 8;
constexpr uint64_t kSortedAhead = 4 * MiB;  // and one partition, whatever its size
constexpr size_t kBuffered = 1536;          // records a partition: sorting them stays in the nearer caches

// Originals first: theirs are the place and the length that are told.
bool comes_before(const ReplacedRecord& a, const ReplacedRecord& b) {
  if (a.digest != b.digest) return a.digest < b.digest;
  return a.is(ReplacedRecord::kStandIn) < b.is(ReplacedRecord::kStandIn);
}

// Digests of one partition are spread evenly behind their first bits, so the next bits put each record where
// it belongs but for a few neighbours.
void sort_by_digest(std::vector<ReplacedRecord>& records) {
  constexpr size_t kInABucket = 4;
  const auto bits = static_cast<unsigned>(std::bit_width(records.size() / kInABucket));
  if (bits == 0) return std::sort(records.begin(), records.end(), comes_before);
  const auto bucket_of = [bits](const ReplacedRecord& record) {
    return static_cast<size_t>(record.digest.high << kPartitionBits >> (64 - bits));
  };
  std::vector<size_t> ends((size_t{1} << bits) + 1);
  for (const auto& record : records) ++ends[bucket_of(record) + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<ReplacedRecord> placed(records.size());
  for (const auto& record : records) placed[ends[bucket_of(record)]++] = record;
  auto begin = placed.begin();
  for (size_t bucket = 0; bucket + 1 < ends.size(); ++bucket) {
    const auto end = placed.begin() + static_cast<ptrdiff_t>(ends[bucket]);
    if (end - begin > 1) std::sort(begin, end, comes_before);
    begin = end;
  }
  records = std::move(placed);
}

// Leaves each digest once, with all that it is.
void sort_and_merge(std::vector<ReplacedRecord>& records) {
  sort_by_digest(records);
  size_t kept = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    if (kept > 0 && records[kept - 1].digest == records[i].digest) {
      records[kept - 1].kinds |= records[i].kinds;
    } else {
      records[kept++] = records[i];
    }
  }
  records.resize(kept);
}

Result<void> write_at(int fd, ByteView bytes, uint64_t offset, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return errno_error(errno, fmt::format("cannot keep replaced values in {}", path.string()));
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

}  // namespace

// The records of all partitions. A thread sorts the next partitions while this one is taken.
class ReplacedLog::Merge {
 public:
  explicit Merge(ReplacedLog& log) : log_(log), sorted_(kSortedAhead) {
    sorting_.spawn([this] { return sort(); });
  }

  Result<std::optional<ReplacedRecord>> next() {
    while (position_ == records_.size()) {
      ASSIGN_OR_RETURN(auto records, sorted_.take(sorting_.cancellation()));
      if (!records) return std::optional<ReplacedRecord>();
      records_ = *std::move(records);
      position_ = 0;
    }
    return std::optional(records_[position_++]);
  }

  // Why next() was cancelled.
  Result<void> end() { return sorting_.join(); }

 private:
  struct BytesOfRecords {
    uint64_t operator()(const std::vector<ReplacedRecord>& records) const {
      return records.size() * sizeof(ReplacedRecord);
    }
  };

  Result<void> sort() {
    for (auto& partition : log_.partitions_) {
      ASSIGN_OR_RETURN(auto records, log_.sorted(partition));
      RETURN_IF_ERROR(sorted_.push(std::move(records), sorting_.cancellation()));
    }
    sorted_.close();
    return {};
  }

  ReplacedLog& log_;
  BoundedQueue<std::vector<ReplacedRecord>, BytesOfRecords> sorted_;
  std::vector<ReplacedRecord> records_;
  size_t position_ = 0;
  TaskGroup sorting_;  // ends before what it uses
};

Result<std::unique_ptr<ReplacedLog>> ReplacedLog::create(const fs::path& directory) {
  ASSIGN_OR_RETURN(const auto key, DigestKey::random());
  return create(directory, key);
}

Result<std::unique_ptr<ReplacedLog>> ReplacedLog::create(const fs::path& directory, const DigestKey& key) {
  ASSIGN_OR_RETURN(auto file, open_unnamed_file(directory));
  return std::unique_ptr<ReplacedLog>(new ReplacedLog(directory, std::move(file), key));
}

ReplacedLog::ReplacedLog(fs::path directory, UniqueFd file, const DigestKey& key)
    : directory_(std::move(directory)),
      file_(std::move(file)),
      key_(key),
      partitions_(size_t{1} << kPartitionBits),
      leads_(kLeads / 64) {}

ReplacedLog::~ReplacedLog() = default;

uint32_t ReplacedLog::place_number(std::string_view place) {
  {
    const std::shared_lock lock(places_mutex_);
    const auto found = place_numbers_.find(place);
    if (found != place_numbers_.end()) return found->second;
  }
  const std::unique_lock lock(places_mutex_);
  const auto [found, added] =
      place_numbers_.try_emplace(std::string(place), static_cast<uint32_t>(places_.size()));
  if (added) places_.emplace_back(place);
  return found->second;
}

void ReplacedLog::add(std::string_view original, std::string_view replacement, std::string_view place) {
  keep(original, place, ReplacedRecord::kAnywhere);
  keep(replacement, place, ReplacedRecord::kStandIn);
}

Result<void> ReplacedLog::add_canary(std::string_view name, std::string_view text) {
  NormalizedText normalized;
  normalized.assign(text, NormalizedText::Separators::kNone);
  if (normalized.text().size() < kShortestAnywhere)
    return Error(Code::kUsage, "the canary {} is shorter than {} signs", name, kShortestAnywhere);
  keep(text, fmt::format("canary:{}", name), ReplacedRecord::kCanary);
  return {};
}

std::optional<ReplacedRecord> ReplacedLog::record_of(std::string_view text, std::string_view place,
                                                     uint32_t number, ReplacedRecord::Kind as,
                                                     NormalizedText& normalized) {
  normalized.assign(text, NormalizedText::Separators::kNone);
  const auto value = without_zero_fraction(normalized.text()).substr(0, kLongestSearched);
  const auto reach = as == ReplacedRecord::kCanary ? Reach::kAnywhere : reach_of(value);
  if (reach == Reach::kNowhere) {
    if (as == ReplacedRecord::kAnywhere && !value.empty()) not_sought_.fetch_add(1);
    return std::nullopt;
  }
  ReplacedRecord record;
  record.place = number;
  record.length = static_cast<uint16_t>(value.size());
  record.kinds = as;
  if (reach == Reach::kOwnPlace) {
    record.digest = digest_in_place(key_, place, value);
    if (as == ReplacedRecord::kAnywhere) record.kinds = ReplacedRecord::kOwnPlace;
  } else {
    record.digest = digest_of(key_, value);
    // By these it is sought, which a stand-in never is.
    if (as == ReplacedRecord::kStandIn) return record;
    note_lead(value);
    record.first = fingerprint_of_eight(key_, value.data());
    record.beginning = fingerprint_of_beginning(key_, value.data(), class_of(value.size()));
  }
  return record;
}

void ReplacedLog::keep(std::string_view text, std::string_view place, ReplacedRecord::Kind as) {
  NormalizedText normalized;
  const auto record = record_of(text, place, place_number(place), as, normalized);
  if (record) keep(*record);
}

// Looks the place's number up once, and drops what it was told a moment ago: columns of few values.
class ReplacedLog::AtPlace final : public ReplacedPlace {
 public:
  AtPlace(ReplacedLog& log, std::string place)
      : log_(log), place_(std::move(place)), number_(log.place_number(place_)), latest_(kLatest) {}

  void add(std::string_view original, std::string_view replacement) override {
    keep(original, ReplacedRecord::kAnywhere);
    if (is_constant(replacement)) return;
    keep(replacement, ReplacedRecord::kStandIn);
    if (changes_ == kMostConstants || replacement.size() > kLongestConstant) return;
    ++changes_;
    constant_.assign(replacement);
  }

 private:
  static constexpr size_t kLatest = 256;
  static constexpr size_t kLongestConstant = 256;
  static constexpr size_t kMostConstants = 64;  // where there are more, there are none
  struct Told {
    ValueDigest digest;
    uint16_t kinds = 0;
  };

  // Those stand in for all. Others have most often another end.
  bool is_constant(std::string_view replacement) const {
    const bool may_be = replacement.size() == constant_.size() &&
                        (replacement.empty() || replacement.back() == constant_.back());
    return may_be && replacement == constant_;
  }

  void keep(std::string_view text, ReplacedRecord::Kind as) {
    const auto record = log_.record_of(text, place_, number_, as, normalized_);
    if (!record) return;
    auto& told = latest_[record->digest.low % kLatest];
    if (told.digest == record->digest && told.kinds == record->kinds) return;
    told = {record->digest, record->kinds};
    log_.keep(*record);
  }

  ReplacedLog& log_;
  const std::string place_;
  const uint32_t number_;
  NormalizedText normalized_;
  std::string constant_;  // the latest replacement, among the first ones
  size_t changes_ = 0;
  std::vector<Told> latest_;
};

std::unique_ptr<ReplacedPlace> ReplacedLog::at(std::string place) {
  return std::make_unique<AtPlace>(*this, std::move(place));
}

void ReplacedLog::note_lead(std::string_view value) {
  const uint32_t lead = fingerprint_of_four(key_, value.data());
  auto& word = leads_[lead / 64];
  const uint64_t bit = uint64_t{1} << (lead % 64);
  // Most are known: reading alone leaves the line in everybody's cache.
  if ((word.load(std::memory_order_relaxed) & bit) == 0) word.fetch_or(bit, std::memory_order_relaxed);
}

void ReplacedLog::keep(const ReplacedRecord& record) {
  auto& partition = partitions_[record.digest.high >> (64 - kPartitionBits)];
  const std::lock_guard lock(partition.mutex);
  partition.buffer.push_back(record);
  if (partition.buffer.size() >= kBuffered) spill(partition);
}

void ReplacedLog::spill(Partition& partition) {
  auto& buffer = partition.buffer;
  sort_and_merge(buffer);
  // Values that come again and again need no disk.
  if (buffer.size() < kBuffered / 2) return;
  const auto bytes = std::as_bytes(std::span(buffer));
  const uint64_t offset = end_of_file_.fetch_add(bytes.size());
  const auto written = write_at(file_.get(), bytes, offset, directory_);
  if (!written.ok()) {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = written.error();
  }
  partition.runs.push_back({offset, buffer.size()});
  buffer.clear();
}

Result<std::vector<ReplacedRecord>> ReplacedLog::sorted(Partition& partition) {
  std::vector<ReplacedRecord> records = std::move(partition.buffer);
  size_t count = records.size();
  for (const auto& run : partition.runs) count += run.count;
  records.reserve(count);
  for (const auto& run : partition.runs) {
    const size_t begin = records.size();
    records.resize(begin + run.count);
    RETURN_IF_ERROR(read_exactly_at(file_.get(), records.data() + begin, run.count * sizeof(ReplacedRecord),
                                    run.offset, directory_));
  }
  sort_and_merge(records);
  return records;
}

Result<ReplacedTable> ReplacedLog::seal(const std::vector<std::string>& public_texts) {
  {
    const std::lock_guard lock(failure_mutex_);
    if (failure_) return *failure_;
  }
  ReplacedTable::Parts parts{
      .key = key_, .places = places_, .public_texts = {}, .not_sought = not_sought_, .leads = {}};
  for (const auto& word : leads_) parts.leads.push_back(word.load(std::memory_order_relaxed));
  NormalizedText normalized;
  for (const auto& text : public_texts) {
    normalized.assign(text, NormalizedText::Separators::kNone);
    parts.public_texts += normalized.text();
    parts.public_texts += '\n';
  }
  uint64_t most = 0;
  for (const auto& partition : partitions_) {
    most += partition.buffer.size();
    for (const auto& run : partition.runs) most += run.count;
  }
  Merge merge(*this);
  auto table = ReplacedTable::build(std::move(parts), directory_, most, [&merge] { return merge.next(); });
  if (!table.ok() && table.error().code() == Code::kCancelled) RETURN_IF_ERROR(merge.end());
  return table;
}

}  // namespace summit::masking
