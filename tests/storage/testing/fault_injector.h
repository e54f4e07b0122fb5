// A store that misbehaves as it is told, and remembers every change that went through it.
//
// A rule sees each call before it is made and says what befalls it. Changes are recorded when the store
// behind has made them, also when the caller is told otherwise; replaying the first n of them into an empty
// store gives what a crash after the n-th would have left. Thread-safe when the rule is; changes are recorded
// in an order that the calls permit.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "storage/object_store.h"

namespace summit::storage {

enum class Operation { kPut, kUpload, kWrite, kFinish, kGet, kHead, kList, kRemove, kLock };

inline bool changes_something(Operation operation) {
  return operation == Operation::kPut || operation == Operation::kFinish || operation == Operation::kRemove ||
         operation == Operation::kLock;
}

struct Call {
  size_t number = 0;    // of all calls, from 1
  size_t mutation = 0;  // of the calls that change something, from 1; 0 for others
  Operation operation = Operation::kPut;
  std::string key;  // of a listing: its prefix
};

enum class Fault {
  kNone,
  kFailBefore,  // the store behind never hears of it
  kFailAfter,   // a timeout after the store did it
  kBrokenRead,  // get: half of the bytes, then the connection breaks
  kSlow,        // after a pause
  kStale,       // list: as it was before the changes since the last listing that was not stale
};

struct Mutation {
  Operation operation = Operation::kPut;  // kPut for uploads as well
  std::string key;
  std::string content{};
};

class FaultInjector final : public ObjectStore {
 public:
  using Rule = std::function<Fault(const Call&)>;

  // `behind` must outlive this.
  explicit FaultInjector(ObjectStore& behind, Rule rule = {});

  void set_rule(Rule rule);
  size_t calls() const;
  std::vector<Mutation> mutations() const;

  std::string describe() const override { return behind_.describe(); }
  Capabilities capabilities() const override { return behind_.capabilities(); }
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
  friend class FaultyUpload;

  // Makes the call with what the rule says of it.
  template <typename T>
  Result<T> call(Operation operation, std::string_view key, const Cancellation& cancellation,
                 const std::function<Result<T>(Fault)>& make);
  Fault decide(Operation operation, std::string_view key);
  void record(Mutation mutation);
  Result<void> list_stale(std::string_view prefix, std::string_view after,
                          const std::function<Result<bool>(const ObjectInfo&)>& visit,
                          const Cancellation& cancellation);

  ObjectStore& behind_;
  mutable std::mutex mutex_;
  Rule rule_;
  size_t calls_ = 0;
  size_t mutation_calls_ = 0;
  std::vector<Mutation> mutations_;
  std::set<std::string, std::less<>> created_;              // since the last listing that was not stale
  std::map<std::string, ObjectInfo, std::less<>> removed_;  // since then
};

// Rules. The n-th call, or the n-th that changes something, counted from 1 since the injector was made.
FaultInjector::Rule fail_call(size_t n, Fault fault);
FaultInjector::Rule fail_mutation(size_t n, Fault fault);
// As if the process had died: the first n changes happen, everything after fails.
FaultInjector::Rule die_after_mutation(size_t n);

// Makes the changes again.
Result<void> replay(std::span<const Mutation> mutations, ObjectStore& store);

}  // namespace summit::storage
