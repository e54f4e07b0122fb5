#include "core/error.h"

#include <cerrno>
#include <system_error>

namespace summit {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::kFailed:
      return "failed";
    case Code::kUsage:
      return "usage";
    case Code::kConfig:
      return "config";
    case Code::kNotFound:
      return "not_found";
    case Code::kRepositoryMissing:
      return "repository_missing";
    case Code::kAlreadyExists:
      return "already_exists";
    case Code::kUnreachable:
      return "unreachable";
    case Code::kDenied:
      return "denied";
    case Code::kMissingTool:
      return "missing_tool";
    case Code::kNoSpace:
      return "no_space";
    case Code::kIo:
      return "io";
    case Code::kBusy:
      return "busy";
    case Code::kKeyMissing:
      return "key_missing";
    case Code::kWrongKey:
      return "wrong_key";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kMismatch:
      return "mismatch";
    case Code::kRefused:
      return "refused";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kTimeout:
      return "timeout";
    case Code::kCancelled:
      return "cancelled";
  }
  return "failed";
}

std::string Error::to_string() const {
  return hint_.empty() ? message_ : fmt::format("{}\nhint: {}", message_, hint_);
}

namespace {

Code code_of_errno(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return Code::kNoSpace;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kDenied;
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Code::kUnreachable;
    case ETIMEDOUT:
      return Code::kTimeout;
    case EBUSY:
      return Code::kBusy;
    default:
      return Code::kIo;
  }
}

std::string hint_of_errno(int number) {
  switch (number) {
    case ENOSPC:
      return "free space on that file system (df -h, df -i), then run the command again";
    case EDQUOT:
      return "raise the quota of this user, then run the command again";
    case EFBIG:
      return "raise the limit that `ulimit -f` shows";
    case EACCES:
    case EPERM:
      return "look at owner and mode with `ls -ld`, or run it as a user who may";
    case EROFS:
      return "mount that file system writable";
    case EMFILE:
    case ENFILE:
      return "raise the limit that `ulimit -n` shows";
    default:
      return {};
  }
}

}  // namespace

Error errno_error(int number, std::string_view what) {
  return Error(code_of_errno(number), "{}: {}", what, std::generic_category().message(number))
      .hint(hint_of_errno(number));
}

}  // namespace summit
