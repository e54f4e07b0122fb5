// Gathers replaced values while a target is masked.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/result.h"
#include "masking/leak/normalized_text.h"
#include "masking/leak/replaced_table.h"
#include "masking/replaced.h"

namespace summit::masking {

// Keeps digests only, and of many values only the latest in memory (12 MiB); the rest is in an unlinked file
// of mode 0600 in `directory`, 32 bytes a value. Nothing is left of it when this or the process ends, however
// that happens.
class ReplacedLog final : public ReplacedValues {
 public:
  static Result<std::unique_ptr<ReplacedLog>> create(const fs::path& directory);
  // For tests: with a key that is known.
  static Result<std::unique_ptr<ReplacedLog>> create(const fs::path& directory, const DigestKey& key);
  ~ReplacedLog() override;

  // Thread-safe. What cannot be kept makes seal() fail.
  void add(std::string_view original, std::string_view replacement, std::string_view place) override;
  std::unique_ptr<ReplacedPlace> at(std::string place) override;
  // A text that was planted in the source to see whether it comes through. At least kShortestAnywhere bytes
  // normalised, or it is kUsage.
  Result<void> add_canary(std::string_view name, std::string_view text);

  // Ends the gathering; nothing may be added afterwards. `public_texts` are what rules write themselves:
  // values that are part of one of them are not sought. kNoSpace and kIo also for what add() met.
  Result<ReplacedTable> seal(const std::vector<std::string>& public_texts);

 private:
  struct Partition {   // of digests that begin with the same bits
    std::mutex mutex;  // guards what follows
    std::vector<ReplacedRecord> buffer;
    struct Run {
      uint64_t offset = 0;
      uint64_t count = 0;
    };
    std::vector<Run> runs;
  };
  class Merge;
  class AtPlace;

  ReplacedLog(fs::path directory, UniqueFd file, const DigestKey& key);
  uint32_t place_number(std::string_view place);
  // Nothing for what is not sought; `normalized` is the caller's to use again.
  std::optional<ReplacedRecord> record_of(std::string_view text, std::string_view place, uint32_t number,
                                          ReplacedRecord::Kind as, NormalizedText& normalized);
  void keep(std::string_view text, std::string_view place, ReplacedRecord::Kind as);
  void keep(const ReplacedRecord& record);
  void note_lead(std::string_view value);
  void spill(Partition& partition);
  Result<std::vector<ReplacedRecord>> sorted(Partition& partition);

  fs::path directory_;
  UniqueFd file_;
  DigestKey key_;
  std::atomic<uint64_t> end_of_file_{0};
  std::atomic<uint64_t> not_sought_{0};
  std::vector<Partition> partitions_;
  std::vector<std::atomic<uint64_t>> leads_;  // ReplacedTable::Parts::leads

  std::shared_mutex places_mutex_;  // guards what follows
  std::map<std::string, uint32_t, std::less<>> place_numbers_;
  std::vector<std::string> places_;

  std::mutex failure_mutex_;  // guards what follows
  std::optional<Error> failure_;
};

}  // namespace summit::masking
