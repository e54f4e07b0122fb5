#include "storage/part_sender.h"

#include "core/wait.h"

namespace summit::storage {

PartSender::PartSender(Send send, size_t bytes_in_flight, const Cancellation& cancellation)
    : send_(std::move(send)), limit_(bytes_in_flight), group_(cancellation) {}

PartSender::~PartSender() {
  Cancellation(group_.cancellation()).request();
  stop();
}

void PartSender::stop() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

Result<void> PartSender::add(int number, std::string part) {
  const size_t size = part.size();
  std::unique_lock lock(mutex_);
  while (bytes_ > 0 && bytes_ + size > limit_ && !group_.cancellation().requested()) {
    changed_.wait_for(lock, kCancellationInterval);
  }
  if (group_.cancellation().requested()) {
    lock.unlock();
    stop();
    RETURN_IF_ERROR(group_.join());
    return group_.cancellation().check();
  }
  bytes_ += size;
  waiting_.push_back({number, std::move(part)});
  const bool needs_worker = waiting_.size() > idle_ && (workers_ == 0 || (workers_ + 1) * size <= limit_);
  if (needs_worker) ++workers_;
  lock.unlock();
  changed_.notify_all();
  if (needs_worker) group_.spawn([this] { return work(); });
  return {};
}

Result<void> PartSender::finish() {
  stop();
  return group_.join();
}

bool PartSender::take(Job& job) {
  std::unique_lock lock(mutex_);
  ++idle_;
  while (waiting_.empty() && !closed_ && !group_.cancellation().requested())
    changed_.wait_for(lock, kCancellationInterval);
  --idle_;
  if (waiting_.empty() || group_.cancellation().requested()) return false;
  job = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

Result<void> PartSender::work() {
  Job job;
  while (take(job)) {
    RETURN_IF_ERROR(send_(job.number, as_bytes(job.part), group_.cancellation()));
    const size_t size = job.part.size();
    job.part = {};
    const std::lock_guard lock(mutex_);
    bytes_ -= size;
    changed_.notify_all();
  }
  return group_.cancellation().check();
}

}  // namespace summit::storage
