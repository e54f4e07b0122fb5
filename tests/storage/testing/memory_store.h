// Objects in memory: for tests that need thousands of stores, or a store in a known state.
#pragma once

#include <map>
#include <mutex>

#include "storage/object_store.h"

namespace summit::storage {

class MemoryStore final : public ObjectStore {
 public:
  using Contents = std::map<std::string, std::string, std::less<>>;

  MemoryStore() = default;
  explicit MemoryStore(const Contents& contents);

  Contents contents() const;
  // Replaces or adds, whatever the conditions: for tests that damage objects.
  void set(std::string_view key, std::string content);

  std::string describe() const override { return "memory"; }
  Capabilities capabilities() const override { return {.conditional_put = true, .object_lock = false}; }
  Result<void> put(std::string_view key, ByteView content, const PutOptions& options = {},
                   const Cancellation& cancellation = {}) override;
  Result<std::unique_ptr<ObjectUpload>> upload(std::string_view key, const PutOptions& options = {},
                                               const Cancellation& cancellation = {}) override;
  Result<void> get(std::string_view key, ByteRange range,
                   const std::function<Result<void>(ByteView)>& consume,
                   const Cancellation& cancellation = {}) override;
  Result<std::optional<ObjectInfo>> head(std::string_view key,
                                         const Cancellation& cancellation = {}) override;
  Result<void> list(std::string_view prefix, std::string_view after,
                    const std::function<Result<bool>(const ObjectInfo&)>& visit,
                    const Cancellation& cancellation = {}) override;
  Result<void> remove(std::string_view key, const Cancellation& cancellation = {}) override;
  Result<void> lock_until(std::string_view key, Instant until,
                          const Cancellation& cancellation = {}) override;
  Result<size_t> remove_leftovers(std::chrono::seconds age, const Cancellation& cancellation = {}) override;

 private:
  struct Object {
    std::shared_ptr<const std::string> content;
    Instant modified{};
  };

  mutable std::mutex mutex_;
  std::map<std::string, Object, std::less<>> objects_;
};

}  // namespace summit::storage
