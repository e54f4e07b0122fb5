#include "cli/secret_prompt.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "core/files.h"

namespace summit::cli {
namespace {

constexpr size_t kLongestLine = 4096;
// How soon a Ctrl-C is noticed.
constexpr int kGlance = 100;

// Echo off for as long as this lives.
class HiddenInput {
 public:
  static Result<HiddenInput> begin(int terminal) {
    termios before{};
    if (::tcgetattr(terminal, &before) != 0) return errno_error(errno, "cannot ask: this is no terminal");
    termios hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (::tcsetattr(terminal, TCSAFLUSH, &hidden) != 0)
      return errno_error(errno, "cannot hide what is typed");
    return HiddenInput(terminal, before);
  }
  HiddenInput(HiddenInput&& other) noexcept
      : terminal_(std::exchange(other.terminal_, -1)), before_(other.before_) {}
  HiddenInput& operator=(HiddenInput&&) = delete;
  ~HiddenInput() {
    if (terminal_ >= 0) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }

 private:
  HiddenInput(int terminal, const termios& before) : terminal_(terminal), before_(before) {}
  int terminal_;
  termios before_;
};

Result<Secret> read_line(int terminal, const Cancellation& cancellation) {
  // The room never grows, so no copy of a part stays behind in memory.
  std::string line;
  line.reserve(kLongestLine);
  while (line.size() < kLongestLine) {
    RETURN_IF_ERROR(cancellation.check());
    pollfd waiting{terminal, POLLIN, 0};
    if (::poll(&waiting, 1, kGlance) <= 0) continue;
    char character = 0;
    const ssize_t got = ::read(terminal, &character, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0 || character == '\n') break;
    line += character;
  }
  return Secret(std::move(line));
}

}  // namespace

Result<std::optional<Secret>> read_secret(int terminal, std::string_view question,
                                          const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const HiddenInput hidden, HiddenInput::begin(terminal));
  RETURN_IF_ERROR(write_all(terminal, as_bytes(fmt::format("{} ", question)), "the terminal"));
  auto line = read_line(terminal, cancellation);
  RETURN_IF_ERROR(write_all(terminal, as_bytes("\n"), "the terminal"));
  if (!line.ok()) return std::move(line).error();
  if (line->empty()) return std::optional<Secret>();
  return std::optional(*std::move(line));
}

Result<std::optional<Secret>> read_known_secret(std::string_view question, const Cancellation& cancellation) {
  // The terminal itself: standard input and output may be redirected.
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!terminal.valid()) return std::optional<Secret>();
  return read_secret(terminal.get(), question, cancellation);
}

Result<Secret> read_new_secret(std::string_view question, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto first, read_known_secret(question, cancellation));
  if (!first)
    return Error(Code::kKeyMissing, "no new key is given, and nobody can be asked")
        .hint("give --new-passphrase-file, --new-passphrase-command, --new-key-file or --new-kms-key");
  ASSIGN_OR_RETURN(const auto second, read_known_secret("the same again:", cancellation));
  if (!second || second->reveal() != first->reveal())
    return Error(Code::kUsage, "the two passphrases differ").hint("run the same command again");
  return *std::move(first);
}

}  // namespace summit::cli
