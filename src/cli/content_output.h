// Content of backups on standard output.
#pragma once

#include <string>

#include "cli/session.h"
#include "core/bytes.h"
#include "core/result.h"

namespace summit::cli {

// Whether a terminal would do anything else with these bytes than show them: control characters other than
// tab, line feed and carriage return.
bool unfit_for_terminal(ByteView bytes);

// The name of a member, or a target of a link, for a person: control characters as "\x1b", a backslash
// doubled.
std::string printable(std::string_view name);

class ContentOutput {
 public:
  // On a terminal, bytes that are unfit for it are refused unless `binary` asks for them.
  enum class Binary { kRefuse, kAllow };
  ContentOutput(int fd, Binary binary);

  // kRefused for bytes that do not belong on a terminal.
  Result<void> write(ByteView bytes);

 private:
  int fd_;
  bool checked_;
};

// kUsage when standard output is taken by JSON Lines.
Result<void> need_free_output(Session& session);

}  // namespace summit::cli
