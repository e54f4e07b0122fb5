// Which process is the server that we started? The answer survives us, and never names a stranger.
//
// A record holds the process id together with the start time and the boot it belongs to: a process id that
// the kernel gave to somebody else since then does not match, so nothing is ever signalled that we did not
// start.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace summit::platform {

struct ProcessRecord {
  pid_t pid = 0;
  unsigned long long start_ticks = 0;  // clock ticks since boot, field 22 of /proc/PID/stat
  int quick_stop_signal = 9;           // how to end it when its data are nobody's any more
  std::string boot_id;                 // /proc/sys/kernel/random/boot_id
  std::vector<std::string> argv;       // what runs, for people
};

// The record of a process that runs now; kNotFound when there is none.
Result<ProcessRecord> record_of(pid_t pid, std::vector<std::string> argv);

// Nothing when the file is not there.
Result<std::optional<ProcessRecord>> read_process_record(const std::filesystem::path& path);
// Replaces the file durably, mode 0600.
Result<void> write_process_record(const std::filesystem::path& path, const ProcessRecord& record);

// Does this very process run? One that ended but was not reaped does not.
bool runs(const ProcessRecord& record);

// Sends `number` to the process, then waits until it and all that it had started are gone. What is left after
// `patience` is killed. Nothing happens to a process that does not match its record.
Result<void> end_process(const ProcessRecord& record, int number, std::chrono::milliseconds patience);

// SIGKILL to the process and everything below it at once, as a power failure would. Returns when all are
// gone.
Result<void> kill_process_tree(const ProcessRecord& record);

}  // namespace summit::platform
