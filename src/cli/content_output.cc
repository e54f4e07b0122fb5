#include "cli/content_output.h"

#include <unistd.h>

#include <algorithm>

#include "core/files.h"

namespace summit::cli {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

bool unfit_for_terminal(ByteView bytes) {
  return std::ranges::any_of(as_text(bytes),
                             [](char c) { return is_control(c) && c != '\t' && c != '\n' && c != '\r'; });
}

std::string printable(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '\\') {
      text += "\\\\";
    } else if (is_control(c)) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      text += c;
    }
  }
  return text;
}

ContentOutput::ContentOutput(int fd, Binary binary)
    : fd_(fd), checked_(binary == Binary::kRefuse && ::isatty(fd) == 1) {}

Result<void> ContentOutput::write(ByteView bytes) {
  if (checked_ && unfit_for_terminal(bytes)) {
    return Error(Code::kRefused, "the content is binary, and standard output is a terminal")
        .hint(
            "send it to a file (`> FILE`) or a pipe, or ask for it: summit-dr export BACKUP ARTIFACT --to=-");
  }
  return write_all(fd_, bytes, "standard output");
}

Result<void> need_free_output(Session& session) {
  if (!session.console().json()) return {};
  return Error(Code::kUsage, "content and `--json` cannot share standard output")
      .hint("leave --json out, or write files: summit-dr export --to=DIR");
}

}  // namespace summit::cli
