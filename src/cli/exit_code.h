// Exit codes of the program: a promise to scripts. Documented in docs/exit-codes.md.
#pragma once

#include "core/error.h"

namespace summit::cli {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kPartial = 3,
  kRepositoryMissing = 10,
  kBusy = 11,
  kWrongKey = 12,
  kVerificationFailed = 20,
  kObjectiveMissed = 21,
  kLeakFound = 22,
  kChaosNotCleaned = 23,
  kCancelled = 130,
};

// What an error that ends a command exits with.
ExitCode exit_code_of(const Error& error);

}  // namespace summit::cli
