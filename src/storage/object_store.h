// Named, immutable byte strings: the one thing that a backup's destination must offer.
//
// A local directory and an S3 bucket look the same from here. Keys are relative, with `/` between their
// parts; a store is opened on a directory or on a bucket's prefix and cannot reach beyond it. No key may be
// another's beginning up to a `/`: beside `a` there is no `a/b`.
//
// Thread-safe: any number of threads may use one store at a time. What a call reports as done is durable.
// Listings and reads see every change that was reported before they began. No call throws, and none holds
// more than a fixed amount of memory. docs/storage.md says what a store must offer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "core/time.h"

namespace summit::storage {

// The largest object that put() and get() handle in one piece.
inline constexpr uint64_t kMaxWholeObject = 128 * MiB;

struct ObjectInfo {
  std::string key;
  uint64_t size = 0;
  Instant modified{};  // by the store's clock: decides when something happens, never whether it is safe
};

// From `offset` on, to the end when `length` is not given.
struct ByteRange {
  uint64_t offset = 0;
  std::optional<uint64_t> length{};
};

enum class Condition { kNone, kAbsent };

struct PutOptions {
  // kAbsent: the object is created or the call fails with kAlreadyExists, whoever else tries at the same
  // time. A request that was retried inside the call and meets its own first attempt succeeds.
  Condition condition = Condition::kNone;
  // Until then nobody can delete or change this object's version. kUnsupported without object lock.
  std::optional<Instant> locked_until{};
};

// What is known of a store. Whether conditions are honoured is found by trying, not by name: see probe.h.
struct Capabilities {
  bool conditional_put = true;  // false: two writers could both believe that they created an object
  bool object_lock = false;
};

// An object of unknown length in the making. One thread at a time.
class ObjectUpload {
 public:
  // Without finish(): nothing of the object is left.
  virtual ~ObjectUpload() = default;
  virtual Result<void> write(ByteView bytes) = 0;
  // The object is there, whole and durable, when this returns without error.
  virtual Result<void> finish() = 0;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // "/var/backups/summit" or "s3://bucket/prefix": for messages and metadata.
  virtual std::string describe() const = 0;
  virtual Capabilities capabilities() const = 0;

  // The whole object at once; readers see the old content or the new, never a part. After an error (but for
  // kAlreadyExists) the object may be there or not, as after a crash.
  virtual Result<void> put(std::string_view key, ByteView content, const PutOptions& options = {},
                           const Cancellation& cancellation = {}) = 0;
  virtual Result<std::unique_ptr<ObjectUpload>> upload(std::string_view key, const PutOptions& options = {},
                                                       const Cancellation& cancellation = {}) = 0;

  // Streams the bytes of `range`, in order; kNotFound when there is no such object, kCorrupt when it ends
  // before the range does. All bytes are of one version of the object. A connection that breaks is taken up
  // again where it broke; `consume` never sees a byte twice, and its error ends the call.
  virtual Result<void> get(std::string_view key, ByteRange range,
                           const std::function<Result<void>(ByteView)>& consume,
                           const Cancellation& cancellation = {}) = 0;

  // Nothing when there is no such object.
  virtual Result<std::optional<ObjectInfo>> head(std::string_view key,
                                                 const Cancellation& cancellation = {}) = 0;

  // Visits the objects whose keys begin with `prefix` (which may end anywhere, and be empty) and are greater
  // than `after`, in the order of their bytes, until `visit` says false. Unfinished uploads, and whatever
  // else has no name that check_key() accepts, are never among them.
  virtual Result<void> list(std::string_view prefix, std::string_view after,
                            const std::function<Result<bool>(const ObjectInfo&)>& visit,
                            const Cancellation& cancellation = {}) = 0;

  // Gone afterwards, also when it was not there. A bucket with versions keeps the old version's bytes, unseen
  // from here, until its lifecycle or its lock lets them go.
  virtual Result<void> remove(std::string_view key, const Cancellation& cancellation = {}) = 0;

  // Extends the lock of an object; never shortens one. kNotFound when there is no such object, kUnsupported
  // without object lock.
  virtual Result<void> lock_until(std::string_view key, Instant until,
                                  const Cancellation& cancellation = {}) = 0;

  // Removes what crashed writers left of uploads that they began longer than `age` ago, and gives their
  // number. Running uploads of that age may be hit where nothing tells them from dead ones (S3): they fail.
  virtual Result<size_t> remove_leftovers(std::chrono::seconds age,
                                          const Cancellation& cancellation = {}) = 0;
};

// A whole object in memory. kCorrupt when it is larger than `limit`.
Result<std::string> get_whole(ObjectStore& store, std::string_view key, uint64_t limit = kMaxWholeObject,
                              const Cancellation& cancellation = {});

// Letters, digits and `.`, `_`, `-`, `+`, `=` in parts of at most 255 bytes that are neither empty nor "."
// nor
// ".."; at most 900 bytes in all. kUsage otherwise.
Result<void> check_key(std::string_view key);

// False when no key begins with `prefix`.
bool may_begin_key(std::string_view prefix);

}  // namespace summit::storage
