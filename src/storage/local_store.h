// Objects as files below one directory.
//
// An object is written under a name that no key can have, made durable, and only then given its own name in
// one step. A crash leaves at most such a nameless file, which the next remove_leftovers() finds by its lock
// being free. Other files below the directory are left alone: symbolic links, and names that are no keys, are
// neither listed nor followed.
#pragma once

#include "core/files.h"
#include "storage/local_tree.h"
#include "storage/object_store.h"

namespace summit::storage {

class LocalStore final : public ObjectStore {
 public:
  enum class IfMissing { kFail, kCreate };

  // kRepositoryMissing when the directory is not there, unless it is to be created.
  static Result<std::unique_ptr<LocalStore>> open(const fs::path& root, IfMissing if_missing);

  std::string describe() const override;
  Capabilities capabilities() const override;
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
  explicit LocalStore(std::shared_ptr<const LocalTree> tree) : tree_(std::move(tree)) {}

  std::shared_ptr<const LocalTree> tree_;  // shared with the uploads
};

}  // namespace summit::storage
