// A table on disk from 32-byte keys to values of one size: for caches, where a lost entry costs time and a
// wrong one is unthinkable.
//
// Each entry carries an authentication tag: what was damaged, torn by a crash, or written under another key
// is not found. The place of an entry follows from its key, so a lookup is one read, and memory does not grow
// with the table. Several processes may use one file: they can lose each other's entries, no more. Never
// fails: when the disk does, entries are lost. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository::packed {

class CacheTable {
 public:
  using Key = std::array<std::byte, 32>;
  // Whether an entry is worth keeping when the table is written anew.
  using Keep = std::function<bool(const Key&, ByteView value)>;

  struct Options {
    size_t value_size = 0;
    uint64_t initial_slots = 1 << 14;
    uint64_t max_bytes = 64 * GiB;  // a table that would grow beyond begins anew
  };

  // Opens the file or begins a new one when there is none or it is none of ours. Keys must be uniformly
  // distributed (digests).
  static Result<std::unique_ptr<CacheTable>> open(const std::filesystem::path& file, const Secret& key,
                                                  Options options, Keep keep = {});
  ~CacheTable();

  // Copies the value; false when there is none.
  bool find(const Key& key, std::span<std::byte> value);
  // Replaces what is there.
  void insert(const Key& key, ByteView value);

  uint64_t slots() const;

 private:
  struct State;
  explicit CacheTable(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
