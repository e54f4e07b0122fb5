#include "cli/content_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/files.h"

namespace summit::cli {
namespace {

// The program's end of a terminal; the other end stays open, so that writing succeeds.
struct Terminal {
  UniqueFd person;
  UniqueFd program;

  Terminal() {
    person.reset(::posix_openpt(O_RDWR | O_NOCTTY));
    EXPECT_TRUE(person.valid() && ::grantpt(person.get()) == 0 && ::unlockpt(person.get()) == 0);
    program.reset(::open(::ptsname(person.get()), O_RDWR | O_NOCTTY));
    EXPECT_TRUE(program.valid());
  }
};

TEST(ContentOutput, TextMayGoToATerminalAndBinaryMayNot) {
  const Terminal terminal;
  ContentOutput output(terminal.program.get(), ContentOutput::Binary::kRefuse);
  EXPECT_TRUE(output.write(as_bytes("naïve text\twith a tab\r\n")).ok());
  const auto refused = output.write(as_bytes(std::string_view("PGDMP\x01\x0f\0", 8)));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kRefused);
  EXPECT_FALSE(output.write(as_bytes("\x1b]0;title\x07")).ok());
}

TEST(ContentOutput, BinaryGoesToATerminalWhenItIsAskedFor) {
  const Terminal terminal;
  ContentOutput output(terminal.program.get(), ContentOutput::Binary::kAllow);
  EXPECT_TRUE(output.write(as_bytes("\x01\x02")).ok());
}

TEST(ContentOutput, AnythingGoesIntoAFile) {
  const auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "summit-output-").value();
  const auto fd = open_for_writing(directory.path() / "out").value();
  ContentOutput output(fd.get(), ContentOutput::Binary::kRefuse);
  EXPECT_TRUE(output.write(as_bytes(std::string_view("\0\x1b", 2))).ok());
  EXPECT_EQ(read_file(directory.path() / "out").value(), std::string("\0\x1b", 2));
}

TEST(Printable, ShowsControlCharactersAndKeepsTheRest) {
  EXPECT_EQ(printable("a b/ü.txt"), "a b/ü.txt");
  EXPECT_EQ(printable("a\nb\x7f\\"), "a\\x0ab\\x7f\\\\");
}

}  // namespace
}  // namespace summit::cli
