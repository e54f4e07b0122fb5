// Counts the requests to a store, and the bytes that they carry.
#pragma once

#include <atomic>

#include "storage/object_store.h"

namespace summit::bench {

class CountingStore final : public storage::ObjectStore {
 public:
  explicit CountingStore(storage::ObjectStore& store) : store_(store) {}

  struct Counts {
    std::atomic<uint64_t> writes = 0;
    std::atomic<uint64_t> reads = 0;
    std::atomic<uint64_t> others = 0;  // sizes, listings, deletions
    std::atomic<uint64_t> written_bytes = 0;
    std::atomic<uint64_t> read_bytes = 0;
  };
  const Counts& counts() const { return counts_; }

  std::string describe() const override { return store_.describe(); }
  storage::Capabilities capabilities() const override { return store_.capabilities(); }
  Result<void> put(std::string_view key, ByteView content, const storage::PutOptions& options = {},
                   const Cancellation& cancellation = {}) override {
    ++counts_.writes;
    counts_.written_bytes += content.size();
    return store_.put(key, content, options, cancellation);
  }
  Result<std::unique_ptr<storage::ObjectUpload>> upload(std::string_view key,
                                                        const storage::PutOptions& options = {},
                                                        const Cancellation& cancellation = {}) override {
    ++counts_.writes;
    return store_.upload(key, options, cancellation);
  }
  Result<void> get(std::string_view key, storage::ByteRange range,
                   const std::function<Result<void>(ByteView)>& consume,
                   const Cancellation& cancellation = {}) override {
    ++counts_.reads;
    const auto counted = [&](ByteView bytes) {
      counts_.read_bytes += bytes.size();
      return consume(bytes);
    };
    return store_.get(key, range, counted, cancellation);
  }
  Result<std::optional<storage::ObjectInfo>> head(std::string_view key,
                                                  const Cancellation& cancellation = {}) override {
    ++counts_.others;
    return store_.head(key, cancellation);
  }
  Result<void> list(std::string_view prefix, std::string_view after,
                    const std::function<Result<bool>(const storage::ObjectInfo&)>& visit,
                    const Cancellation& cancellation = {}) override {
    ++counts_.others;
    return store_.list(prefix, after, visit, cancellation);
  }
  Result<void> remove(std::string_view key, const Cancellation& cancellation = {}) override {
    ++counts_.others;
    return store_.remove(key, cancellation);
  }
  Result<void> lock_until(std::string_view key, Instant until,
                          const Cancellation& cancellation = {}) override {
    ++counts_.others;
    return store_.lock_until(key, until, cancellation);
  }
  Result<size_t> remove_leftovers(std::chrono::seconds age, const Cancellation& cancellation = {}) override {
    return store_.remove_leftovers(age, cancellation);
  }

 private:
  storage::ObjectStore& store_;
  Counts counts_;
};

}  // namespace summit::bench
