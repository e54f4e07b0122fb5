// Sends the parts of one upload from several threads, with a limit on the bytes that wait or are on their
// way.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "core/bytes.h"
#include "core/task_group.h"

namespace summit::storage {

// One thread adds; the sending function is called from others.
class PartSender {
 public:
  using Send = std::function<Result<void>(int number, ByteView part, const Cancellation& cancellation)>;

  PartSender(Send send, size_t bytes_in_flight, const Cancellation& cancellation);
  // Ends what is on its way, and joins.
  ~PartSender();

  // Waits for room; a part larger than the limit goes alone. Reports the failure of any part so far.
  Result<void> add(int number, std::string part);
  // Waits until all are sent.
  Result<void> finish();

 private:
  struct Job {
    int number = 0;
    std::string part;
  };

  Result<void> work();
  bool take(Job& job);
  void stop();

  Send send_;
  size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  size_t bytes_ = 0;  // of jobs that wait or are being sent
  size_t workers_ = 0;
  size_t idle_ = 0;
  bool closed_ = false;
  TaskGroup group_;  // last: its threads end before what they use
};

}  // namespace summit::storage
