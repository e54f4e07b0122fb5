#include "cli/secret_prompt.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "core/files.h"
#include "core/task_group.h"

namespace summit::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// Both ends of a terminal: what a person sees and types, and what the program has.
struct Terminal {
  UniqueFd person;
  UniqueFd program;

  Terminal() {
    person.reset(::posix_openpt(O_RDWR | O_NOCTTY));
    EXPECT_TRUE(person.valid() && ::grantpt(person.get()) == 0 && ::unlockpt(person.get()) == 0);
    program.reset(::open(::ptsname(person.get()), O_RDWR | O_NOCTTY));
    EXPECT_TRUE(program.valid());
  }
  bool echoes() const {
    termios settings{};
    EXPECT_EQ(::tcgetattr(program.get(), &settings), 0);
    return (settings.c_lflag & ECHO) != 0;
  }
  // What was shown up to and with `end`.
  std::string shown_until(const std::string& end) const {
    std::string shown;
    char character = 0;
    while (!shown.ends_with(end) && ::read(person.get(), &character, 1) == 1) shown += character;
    return shown;
  }
  void type(const std::string& text) const {
    EXPECT_TRUE(write_all(person.get(), as_bytes(text), "the terminal").ok());
  }
};

TEST(SecretPrompt, TakesALineAndShowsNothingOfIt) {
  const Terminal terminal;
  Result<std::optional<Secret>> answer = std::optional<Secret>();
  std::string shown;
  TaskGroup tasks;
  tasks.spawn([&]() -> Result<void> {
    answer = read_secret(terminal.program.get(), "passphrase:", {});
    return {};
  });
  // The question comes after the echo is off: from here on nothing typed is shown.
  shown = terminal.shown_until(": ");
  EXPECT_FALSE(terminal.echoes());
  terminal.type("correct horse\n");
  shown += terminal.shown_until("\n");
  ASSERT_TRUE(tasks.join().ok());
  ASSERT_TRUE(answer.ok() && answer->has_value());
  EXPECT_EQ((*answer)->reveal(), "correct horse");
  EXPECT_THAT(shown, HasSubstr("passphrase:"));
  EXPECT_THAT(shown, Not(HasSubstr("horse")));
  EXPECT_TRUE(terminal.echoes());
}

TEST(SecretPrompt, ACancellationGivesTheEchoBack) {
  const Terminal terminal;
  Cancellation cancellation;
  cancellation.request();
  EXPECT_EQ(read_secret(terminal.program.get(), "passphrase:", cancellation).error().code(),
            Code::kCancelled);
  EXPECT_TRUE(terminal.echoes());
}

TEST(SecretPrompt, NeedsATerminal) {
  const UniqueFd file(::open("/dev/null", O_RDWR));
  EXPECT_FALSE(read_secret(file.get(), "passphrase:", {}).ok());
}

}  // namespace
}  // namespace summit::cli
