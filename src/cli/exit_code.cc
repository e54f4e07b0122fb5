#include "cli/exit_code.h"

namespace summit::cli {

ExitCode exit_code_of(const Error& error) {
  switch (error.code()) {
    case Code::kUsage:
      return ExitCode::kUsage;
    case Code::kRepositoryMissing:
      return ExitCode::kRepositoryMissing;
    case Code::kBusy:
      return ExitCode::kBusy;
    case Code::kWrongKey:
      return ExitCode::kWrongKey;
    case Code::kCorrupt:
    case Code::kMismatch:
      return ExitCode::kVerificationFailed;
    case Code::kCancelled:
      return ExitCode::kCancelled;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace summit::cli
