// Records of one size that may be more than memory holds: added in any order, then read sorted.
//
// An unlinked file mapped into memory once all are there; the kernel decides how much of it stays in memory.
// One thread at a time.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/files.h"
#include "core/result.h"

namespace summit::neo4j {

// Bytes behind one another in a file without a name.
class SpilledBytes {
 public:
  static Result<SpilledBytes> create(const fs::path& directory);
  SpilledBytes(SpilledBytes&& other) noexcept;
  SpilledBytes& operator=(SpilledBytes&&) = delete;
  ~SpilledBytes();

  Result<void> add(std::string_view bytes);
  // All of them, to be changed in place. No add() after it.
  Result<std::span<char>> map();

 private:
  SpilledBytes(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Result<void> flush();

  UniqueFd fd_;
  fs::path path_;
  std::string pending_;
  size_t size_ = 0;
  char* map_ = nullptr;
};

template <typename Record>
class SpilledRecords {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  static Result<SpilledRecords> create(const fs::path& directory) {
    ASSIGN_OR_RETURN(auto bytes, SpilledBytes::create(directory));
    return SpilledRecords(std::move(bytes));
  }

  Result<void> add(const Record& record) {
    return bytes_.add({reinterpret_cast<const char*>(&record), sizeof record});
  }
  // Good as long as this object. No add() after it.
  Result<std::span<Record>> sorted() {
    ASSIGN_OR_RETURN(const auto bytes, bytes_.map());
    const std::span<Record> records(reinterpret_cast<Record*>(bytes.data()), bytes.size() / sizeof(Record));
    if (!std::exchange(is_sorted_, true)) std::sort(records.begin(), records.end());
    return records;
  }

 private:
  explicit SpilledRecords(SpilledBytes bytes) : bytes_(std::move(bytes)) {}
  SpilledBytes bytes_;
  bool is_sorted_ = false;
};

}  // namespace summit::neo4j
