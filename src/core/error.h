// What went wrong, where, and what to do next.
//
// A message is lower case without a full stop; a hint names the command or setting that mends it. Callers
// add where they were with `at`, and never rephrase. No secret ever enters a message or a hint.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace summit {

// The kind of failure. The command line maps each to an exit code (docs/exit-codes.md).
enum class Code {
  kFailed,             // anything that fits nowhere below
  kUsage,              // the caller's words are wrong
  kConfig,             // a configuration file is wrong
  kNotFound,           // a backup, file, table or repository is not there
  kRepositoryMissing,  // there is no repository where one is expected
  kAlreadyExists,
  kUnreachable,  // a server does not answer
  kDenied,       // password, right or file permission
  kMissingTool,  // a program that we start is not installed
  kNoSpace,      // disk or quota full
  kIo,           // reading or writing failed otherwise
  kBusy,         // somebody else holds it
  kKeyMissing,   // an encryption key is needed and none is set
  kWrongKey,     // a key or passphrase does not open the data
  kCorrupt,      // bytes are not what they were
  kMismatch,     // restored data differ from what was backed up
  kRefused,      // a guard said no
  kUnsupported,  // not possible with this server, layout or version
  kTimeout,
  kCancelled,
};

// The code's stable name, as written in JSON ("not_found").
std::string_view name_of(Code code);

class Error {
 public:
  template <typename... Args>
  Error(Code code, fmt::format_string<Args...> format, Args&&... args)
      : code_(code), message_(fmt::format(format, std::forward<Args>(args)...)) {}

  Error&& hint(std::string text) && {
    hint_ = std::move(text);
    return std::move(*this);
  }

  // Prepends where the caller was: "while reading pack 7: short read".
  Error&& at(std::string_view where) && {
    message_ = fmt::format("{}: {}", where, message_);
    return std::move(*this);
  }

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }

  // "message" or "message\nhint: …", as shown to a person.
  std::string to_string() const;

 private:
  Code code_;
  std::string message_;
  std::string hint_;
};

// An error from `errno`, its code chosen from the number (ENOSPC: kNoSpace, EACCES: kDenied, ENOENT:
// kNotFound, …), with a hint where the number tells what mends it. `what` reads like "cannot open /etc/x".
Error errno_error(int number, std::string_view what);

}  // namespace summit
