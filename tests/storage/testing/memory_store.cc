#include "tests/storage/testing/memory_store.h"

#include <algorithm>

namespace summit::storage {

namespace {

class MemoryUpload final : public ObjectUpload {
 public:
  MemoryUpload(MemoryStore& store, std::string_view key, const PutOptions& options,
               const Cancellation& cancellation)
      : store_(store), key_(key), options_(options), cancellation_(cancellation) {}

  Result<void> write(ByteView bytes) override {
    RETURN_IF_ERROR(cancellation_.check());
    content_ += as_text(bytes);
    return {};
  }
  Result<void> finish() override { return store_.put(key_, as_bytes(content_), options_, cancellation_); }

 private:
  MemoryStore& store_;
  std::string key_;
  PutOptions options_;
  Cancellation cancellation_;
  std::string content_;
};

Error no_lock() { return Error(Code::kUnsupported, "memory cannot lock objects"); }

}  // namespace

MemoryStore::MemoryStore(const Contents& contents) {
  for (const auto& [key, content] : contents) set(key, content);
}

MemoryStore::Contents MemoryStore::contents() const {
  const std::lock_guard lock(mutex_);
  Contents contents;
  for (const auto& [key, object] : objects_) contents[key] = *object.content;
  return contents;
}

void MemoryStore::set(std::string_view key, std::string content) {
  const std::lock_guard lock(mutex_);
  objects_.insert_or_assign(std::string(key),
                            Object{std::make_shared<const std::string>(std::move(content)), now()});
}

Result<void> MemoryStore::put(std::string_view key, ByteView content, const PutOptions& options,
                              const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  if (options.locked_until) return no_lock();
  Object object{std::make_shared<const std::string>(as_text(content)), now()};
  const std::lock_guard lock(mutex_);
  if (options.condition == Condition::kAbsent && objects_.contains(key)) {
    return Error(Code::kAlreadyExists, "{} exists already", key);
  }
  objects_.insert_or_assign(std::string(key), std::move(object));
  return {};
}

Result<std::unique_ptr<ObjectUpload>> MemoryStore::upload(std::string_view key, const PutOptions& options,
                                                          const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  if (options.locked_until) return no_lock();
  return std::unique_ptr<ObjectUpload>(std::make_unique<MemoryUpload>(*this, key, options, cancellation));
}

Result<void> MemoryStore::get(std::string_view key, ByteRange range,
                              const std::function<Result<void>(ByteView)>& consume,
                              const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  std::shared_ptr<const std::string> content;
  {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return Error(Code::kNotFound, "there is no {}", key);
    content = found->second.content;
  }
  const uint64_t size = content->size();
  if (range.offset > size || (range.length && *range.length > size - range.offset)) {
    return Error(Code::kCorrupt, "{} has {} bytes, fewer than should be read", key, size);
  }
  std::string_view rest = std::string_view(*content).substr(range.offset, range.length.value_or(size));
  while (!rest.empty()) {
    RETURN_IF_ERROR(cancellation.check());
    RETURN_IF_ERROR(consume(as_bytes(rest.substr(0, 64 * KiB))));
    rest.remove_prefix(std::min<size_t>(rest.size(), 64 * KiB));
  }
  return {};
}

Result<std::optional<ObjectInfo>> MemoryStore::head(std::string_view key, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return std::optional<ObjectInfo>();
  return std::optional(ObjectInfo{found->first, found->second.content->size(), found->second.modified});
}

Result<void> MemoryStore::list(std::string_view prefix, std::string_view after,
                               const std::function<Result<bool>(const ObjectInfo&)>& visit,
                               const Cancellation& cancellation) {
  // The visitor may use the store, so it is not called under the lock.
  std::string last(after);
  while (true) {
    RETURN_IF_ERROR(cancellation.check());
    std::optional<ObjectInfo> info;
    {
      const std::lock_guard lock(mutex_);
      const auto next = prefix > last ? objects_.lower_bound(prefix) : objects_.upper_bound(last);
      if (next == objects_.end() || !next->first.starts_with(prefix)) return {};
      info = ObjectInfo{next->first, next->second.content->size(), next->second.modified};
    }
    ASSIGN_OR_RETURN(const bool more, visit(*info));
    if (!more) return {};
    last = info->key;
  }
}

Result<void> MemoryStore::remove(std::string_view key, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found != objects_.end()) objects_.erase(found);
  return {};
}

Result<void> MemoryStore::lock_until(std::string_view, Instant, const Cancellation&) { return no_lock(); }

Result<size_t> MemoryStore::remove_leftovers(std::chrono::seconds, const Cancellation&) { return 0; }

}  // namespace summit::storage
