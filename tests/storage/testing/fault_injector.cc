#include "tests/storage/testing/fault_injector.h"

#include <algorithm>
#include <atomic>

#include "core/wait.h"

namespace summit::storage {

namespace {

constexpr std::chrono::milliseconds kSlowness{20};

Error injected(Fault fault, std::string_view key) {
  if (fault == Fault::kFailAfter) return Error(Code::kTimeout, "no answer came to the request for {}", key);
  return Error(Code::kUnreachable, "the connection broke during the request for {}", key);
}

}  // namespace

class FaultyUpload final : public ObjectUpload {
 public:
  FaultyUpload(FaultInjector& injector, std::unique_ptr<ObjectUpload> behind, std::string_view key,
               const Cancellation& cancellation)
      : injector_(injector), behind_(std::move(behind)), key_(key), cancellation_(cancellation) {}

  Result<void> write(ByteView bytes) override {
    return injector_.call<void>(Operation::kWrite, key_, cancellation_, [&](Fault) {
      content_ += as_text(bytes);
      return behind_->write(bytes);
    });
  }

  Result<void> finish() override {
    return injector_.call<void>(Operation::kFinish, key_, cancellation_, [&](Fault) -> Result<void> {
      RETURN_IF_ERROR(behind_->finish());
      injector_.record({Operation::kPut, key_, std::move(content_)});
      return {};
    });
  }

 private:
  FaultInjector& injector_;
  std::unique_ptr<ObjectUpload> behind_;
  std::string key_;
  Cancellation cancellation_;
  std::string content_;
};

FaultInjector::FaultInjector(ObjectStore& behind, Rule rule) : behind_(behind), rule_(std::move(rule)) {}

void FaultInjector::set_rule(Rule rule) {
  const std::lock_guard lock(mutex_);
  rule_ = std::move(rule);
}

size_t FaultInjector::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<Mutation> FaultInjector::mutations() const {
  const std::lock_guard lock(mutex_);
  return mutations_;
}

Fault FaultInjector::decide(Operation operation, std::string_view key) {
  Rule rule;
  Call call{.operation = operation, .key = std::string(key)};
  {
    const std::lock_guard lock(mutex_);
    call.number = ++calls_;
    if (changes_something(operation)) call.mutation = ++mutation_calls_;
    rule = rule_;
  }
  return rule ? rule(call) : Fault::kNone;
}

void FaultInjector::record(Mutation mutation) {
  const std::lock_guard lock(mutex_);
  if (mutation.operation == Operation::kPut) created_.insert(mutation.key);
  mutations_.push_back(std::move(mutation));
}

template <typename T>
Result<T> FaultInjector::call(Operation operation, std::string_view key, const Cancellation& cancellation,
                              const std::function<Result<T>(Fault)>& make) {
  const Fault fault = decide(operation, key);
  if (fault == Fault::kFailBefore) return injected(fault, key);
  if (fault == Fault::kSlow) RETURN_IF_ERROR(pause_for(kSlowness, cancellation));
  Result<T> result = make(fault);
  if (fault == Fault::kFailAfter && result.ok()) return injected(fault, key);
  return result;
}

Result<void> FaultInjector::put(std::string_view key, ByteView content, const PutOptions& options,
                                const Cancellation& cancellation) {
  return call<void>(Operation::kPut, key, cancellation, [&](Fault) -> Result<void> {
    RETURN_IF_ERROR(behind_.put(key, content, options, cancellation));
    record({Operation::kPut, std::string(key), std::string(as_text(content))});
    return {};
  });
}

Result<std::unique_ptr<ObjectUpload>> FaultInjector::upload(std::string_view key, const PutOptions& options,
                                                            const Cancellation& cancellation) {
  using Upload = std::unique_ptr<ObjectUpload>;
  return call<Upload>(Operation::kUpload, key, cancellation, [&](Fault) -> Result<Upload> {
    ASSIGN_OR_RETURN(Upload upload, behind_.upload(key, options, cancellation));
    return Upload(std::make_unique<FaultyUpload>(*this, std::move(upload), key, cancellation));
  });
}

Result<void> FaultInjector::get(std::string_view key, ByteRange range,
                                const std::function<Result<void>(ByteView)>& consume,
                                const Cancellation& cancellation) {
  return call<void>(Operation::kGet, key, cancellation, [&](Fault fault) -> Result<void> {
    if (fault != Fault::kBrokenRead) return behind_.get(key, range, consume, cancellation);
    ASSIGN_OR_RETURN(const auto info, behind_.head(key, cancellation));
    const uint64_t size = info ? info->size : 0;
    const uint64_t left = size - std::min(size, range.offset);
    const ByteRange half{range.offset, std::min(left, range.length.value_or(left)) / 2};
    RETURN_IF_ERROR(behind_.get(key, half, consume, cancellation));
    return injected(fault, key);
  });
}

Result<std::optional<ObjectInfo>> FaultInjector::head(std::string_view key,
                                                      const Cancellation& cancellation) {
  return call<std::optional<ObjectInfo>>(Operation::kHead, key, cancellation,
                                         [&](Fault) { return behind_.head(key, cancellation); });
}

Result<void> FaultInjector::list(std::string_view prefix, std::string_view after,
                                 const std::function<Result<bool>(const ObjectInfo&)>& visit,
                                 const Cancellation& cancellation) {
  return call<void>(Operation::kList, prefix, cancellation, [&](Fault fault) -> Result<void> {
    if (fault == Fault::kStale) return list_stale(prefix, after, visit, cancellation);
    {
      const std::lock_guard lock(mutex_);
      created_.clear();
      removed_.clear();
    }
    return behind_.list(prefix, after, visit, cancellation);
  });
}

Result<void> FaultInjector::list_stale(std::string_view prefix, std::string_view after,
                                       const std::function<Result<bool>(const ObjectInfo&)>& visit,
                                       const Cancellation& cancellation) {
  std::map<std::string, ObjectInfo, std::less<>> old;
  std::set<std::string, std::less<>> unseen;
  {
    const std::lock_guard lock(mutex_);
    unseen = created_;
    for (const auto& [key, info] : removed_) {
      if (key.starts_with(prefix) && key > after) old.emplace(key, info);
    }
  }
  const auto keep = [&](const ObjectInfo& info) -> Result<bool> {
    if (!unseen.contains(info.key)) old.emplace(info.key, info);
    return true;
  };
  RETURN_IF_ERROR(behind_.list(prefix, after, keep, cancellation));
  for (const auto& [key, info] : old) {
    ASSIGN_OR_RETURN(const bool more, visit(info));
    if (!more) break;
  }
  return {};
}

Result<void> FaultInjector::remove(std::string_view key, const Cancellation& cancellation) {
  return call<void>(Operation::kRemove, key, cancellation, [&](Fault) -> Result<void> {
    ASSIGN_OR_RETURN(const auto info, behind_.head(key, cancellation));
    RETURN_IF_ERROR(behind_.remove(key, cancellation));
    {
      const std::lock_guard lock(mutex_);
      const auto created = created_.find(key);
      if (created != created_.end()) {
        created_.erase(created);
      } else if (info) {
        removed_.emplace(key, *info);
      }
    }
    record({Operation::kRemove, std::string(key)});
    return {};
  });
}

Result<void> FaultInjector::lock_until(std::string_view key, Instant until,
                                       const Cancellation& cancellation) {
  return call<void>(Operation::kLock, key, cancellation, [&](Fault) -> Result<void> {
    RETURN_IF_ERROR(behind_.lock_until(key, until, cancellation));
    record({Operation::kLock, std::string(key)});
    return {};
  });
}

Result<size_t> FaultInjector::remove_leftovers(std::chrono::seconds age, const Cancellation& cancellation) {
  return behind_.remove_leftovers(age, cancellation);
}

FaultInjector::Rule fail_call(size_t n, Fault fault) {
  return [=](const Call& call) { return call.number == n ? fault : Fault::kNone; };
}

FaultInjector::Rule fail_mutation(size_t n, Fault fault) {
  return [=](const Call& call) { return call.mutation == n ? fault : Fault::kNone; };
}

FaultInjector::Rule die_after_mutation(size_t n) {
  auto changes = std::make_shared<std::atomic<size_t>>(0);
  return [=](const Call& call) {
    if (call.mutation != 0) *changes = std::max<size_t>(*changes, call.mutation);
    return call.mutation > n || *changes > n ? Fault::kFailBefore : Fault::kNone;
  };
}

Result<void> replay(std::span<const Mutation> mutations, ObjectStore& store) {
  for (const Mutation& mutation : mutations) {
    switch (mutation.operation) {
      case Operation::kPut:
        RETURN_IF_ERROR(store.put(mutation.key, as_bytes(mutation.content)));
        break;
      case Operation::kRemove:
        RETURN_IF_ERROR(store.remove(mutation.key));
        break;
      default:
        break;
    }
  }
  return {};
}

}  // namespace summit::storage
