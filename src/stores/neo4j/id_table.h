// A table by internal id, on disk: entries of one size, zeros where nothing was set.
//
// An unlinked file mapped into memory; the kernel decides how much of it stays in memory. Ids of one store
// are dense, so it is about one entry a node. One thread at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/files.h"
#include "core/result.h"

namespace summit::neo4j {

class IdTable {
 public:
  // Its file lies in `directory` and is gone with this object, or with the process. `width` bytes an entry.
  static Result<IdTable> create(const fs::path& directory, size_t width);
  IdTable(IdTable&& other) noexcept;
  IdTable& operator=(IdTable&&) = delete;
  ~IdTable();

  // `entry` has the table's width.
  Result<void> set(uint64_t id, std::string_view entry);
  // Empty for an id beyond all that were set. The view is good until the next set().
  std::string_view get(uint64_t id) const;

 private:
  IdTable(UniqueFd fd, fs::path path, size_t width)
      : fd_(std::move(fd)), path_(std::move(path)), width_(width) {}
  Result<void> grow(uint64_t capacity);

  UniqueFd fd_;
  fs::path path_;
  size_t width_;
  char* map_ = nullptr;
  uint64_t capacity_ = 0;  // ids
};

}  // namespace summit::neo4j
