#include "masking/leak/replaced_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>

#include "core/unnamed_file.h"
#include "masking/leak/value_shape.h"

namespace summit::masking {
namespace {

constexpr uint64_t kFewestBits = 1024;
constexpr uint64_t kMostBits = uint64_t{1} << 30;  // 128 MiB a filter
// Bits a value. The first is asked at every position and should fit the caches; what passes the second is
// looked up once for each length of its class.
constexpr unsigned kFirstBits = 32;
constexpr unsigned kBeginningBits = 32;
constexpr unsigned kDigestBits = 16;
constexpr size_t kWriteBlock = 4096;  // records

uint32_t fingerprint_of(const ValueDigest& digest) { return static_cast<uint32_t>(digest.low); }

}  // namespace

BitFilter::BitFilter(uint64_t values, unsigned bits_per_value, uint64_t largest) {
  const uint64_t bits = std::bit_ceil(std::clamp(values * bits_per_value, kFewestBits, largest));
  words_.resize(bits / 64);
  shift_ = 32 - static_cast<unsigned>(std::countr_zero(words_.size()));
}

void BitFilter::shrink(unsigned bits_per_value) {
  constexpr uint64_t kBitsSet = 3;
  uint64_t set = 0;
  for (const uint64_t word : words_) set += static_cast<uint64_t>(std::popcount(word));
  const uint64_t bits = std::bit_ceil(std::max(set / kBitsSet * bits_per_value, kFewestBits));
  while (words_.size() * 64 > bits) {
    // One bit less of each fingerprint chooses the word: neighbours become one.
    for (size_t i = 0; i < words_.size() / 2; ++i) words_[i] = words_[2 * i] | words_[2 * i + 1];
    words_.resize(words_.size() / 2);
    ++shift_;
  }
  words_.shrink_to_fit();
}

ValueDigest digest_in_place(const DigestKey& key, std::string_view place, std::string_view normalized) {
  // No normalised text holds NUL, so no other pair gives the same bytes.
  std::string text(place);
  text += '\0';
  text += normalized;
  return digest_of(key, text);
}

void ReplacedTable::Unmap::operator()(const ReplacedRecord* records) const {
  ::munmap(const_cast<ReplacedRecord*>(records), bytes);
}

Result<ReplacedTable> ReplacedTable::build(Parts parts, const fs::path& directory, uint64_t most,
                                           const NextRecord& next) {
  ReplacedTable table(std::move(parts));
  RETURN_IF_ERROR(table.write(directory, most, next));
  return table;
}

Result<void> ReplacedTable::write(const fs::path& directory, uint64_t most, const NextRecord& next) {
  first_ = BitFilter(most, kFirstBits, kMostBits);
  beginning_ = BitFilter(most, kBeginningBits, kMostBits);
  digests_ = BitFilter(most, kDigestBits, kMostBits);
  own_places_.resize(parts_.places.size());
  counts_.not_sought = parts_.not_sought;

  ASSIGN_OR_RETURN(const auto fd, open_unnamed_file(directory));
  std::vector<ReplacedRecord> block;
  uint64_t written = 0;
  const auto flush = [&]() -> Result<void> {
    fill_filters(block);
    const auto bytes = std::as_bytes(std::span(block));
    RETURN_IF_ERROR(write_all(fd.get(), bytes, directory), "while sorting the replaced values");
    written += block.size();
    block.clear();
    return {};
  };
  for (;;) {
    ASSIGN_OR_RETURN(const auto record, next());
    if (!record) break;
    count(*record);
    if (record->sought()) block.push_back(*record);
    if (block.size() == kWriteBlock) RETURN_IF_ERROR(flush());
  }
  RETURN_IF_ERROR(flush());
  first_.shrink(kFirstBits);
  beginning_.shrink(kBeginningBits);
  digests_.shrink(kDigestBits);
  for (auto& lengths : lengths_) std::sort(lengths.begin(), lengths.end());
  return map(fd.get(), written, directory);
}

void ReplacedTable::count(const ReplacedRecord& record) {
  using Record = ReplacedRecord;
  if (record.is(Record::kStandIn)) {
    if (record.is(Record::kAnywhere) || record.is(Record::kOwnPlace)) ++counts_.also_stand_in;
    return;
  }
  if (record.is(Record::kCanary)) ++counts_.canaries;
  if (record.is(Record::kOwnPlace)) {
    ++counts_.own_place;
  } else if (!record.is(Record::kCanary)) {
    ++counts_.anywhere;
  }
}

void ReplacedTable::fill_filters(std::span<const ReplacedRecord> sought) {
  constexpr size_t kAhead = 16;
  for (size_t i = 0; i < sought.size(); ++i) {
    if (i + kAhead < sought.size()) {
      const auto& later = sought[i + kAhead];
      digests_.prefetch(fingerprint_of(later.digest));
      first_.prefetch(later.first);
      beginning_.prefetch(later.beginning);
    }
    const auto& record = sought[i];
    digests_.set(fingerprint_of(record.digest));
    if (record.is(ReplacedRecord::kOwnPlace)) {
      own_places_[record.place] = true;
      continue;
    }
    first_.set(record.first);
    beginning_.set(record.beginning);
    auto& lengths = lengths_[class_of(record.length)];
    if (std::find(lengths.begin(), lengths.end(), record.length) == lengths.end())
      lengths.push_back(record.length);
  }
}

Result<void> ReplacedTable::map(int fd, uint64_t count, const fs::path& path) {
  if (count == 0) return {};
  const size_t bytes = count * sizeof(ReplacedRecord);
  void* address = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED)
    return errno_error(errno, fmt::format("cannot map the replaced values in {}", path.string()));
  const auto* records = static_cast<const ReplacedRecord*>(address);
  mapped_ = std::unique_ptr<const ReplacedRecord, Unmap>(records, Unmap{bytes});
  records_ = {records, count};
  return {};
}

const ReplacedRecord* ReplacedTable::find(const ValueDigest& digest) const {
  if (!digests_.test(fingerprint_of(digest))) return nullptr;
  const auto found =
      std::lower_bound(records_.begin(), records_.end(), digest,
                       [](const auto& record, const auto& sought) { return record.digest < sought; });
  return found != records_.end() && found->digest == digest ? &*found : nullptr;
}

bool ReplacedTable::is_public(std::string_view normalized) const {
  return parts_.public_texts.find(normalized) != std::string::npos;
}

std::optional<uint32_t> ReplacedTable::place_number(std::string_view name) const {
  const auto found = std::find(parts_.places.begin(), parts_.places.end(), name);
  if (found == parts_.places.end()) return {};
  return static_cast<uint32_t>(found - parts_.places.begin());
}

}  // namespace summit::masking
