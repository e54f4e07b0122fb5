#include "core/direct_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>
#include <string>

#include "core/secret.h"

namespace summit {
namespace {

std::string random_text(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random() & 0xff);
  return text;
}

class DirectWriterTest : public testing::TestWithParam<const char*> {
 protected:
  static TemporaryDirectory make() {
    auto made = TemporaryDirectory::create(GetParam(), "summit-dr-direct-");
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
  }

  // In pieces of odd lengths.
  void write(DirectWriter& writer, const std::string& name, const std::string& text, size_t piece) {
    auto file = open_for_writing(directory_.path() / name, 0600);
    ASSERT_TRUE(file.ok());
    writer.begin(std::move(file).value(), directory_.path() / name);
    for (size_t at = 0; at < text.size(); at += piece)
      ASSERT_TRUE(writer.write(as_bytes(std::string_view(text).substr(at, piece))).ok());
    EXPECT_EQ(writer.size(), text.size());
    const auto finished = writer.finish();
    ASSERT_TRUE(finished.ok()) << finished.error().to_string();
    EXPECT_EQ(::fcntl(finished->get(), F_GETFL) & O_DIRECT, 0)
        << "whoever goes on with it knows of no alignment";
    EXPECT_FALSE(writer.writing());
  }
  std::string read(const std::string& name) { return read_file(directory_.path() / name, GiB).value(); }

  TemporaryDirectory directory_ = make();
};

TEST_P(DirectWriterTest, FilesOfAnyLengthOneAfterTheOther) {
  constexpr size_t kBlock = DirectWriter::kBlock;
  DirectWriter writer;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4096}, kBlock - 1, kBlock, kBlock + 1, kBlock + 4096,
                            2 * kBlock, 3 * kBlock + 12345, size_t{7}}) {
    for (const size_t piece : {size_t{999'983}, 4 * kBlock}) {
      const auto text = random_text(size, size);
      const auto name = std::to_string(size);
      write(writer, name, text, piece);
      EXPECT_TRUE(read(name) == text) << size;
    }
  }
}

TEST_P(DirectWriterTest, ZerosBecomeHolesAnywhere) {
  constexpr size_t kBlock = DirectWriter::kBlock;
  DirectWriter writer(Zeros::kLeaveOut);
  std::string text = random_text(2 * kBlock, 1);
  text.append(8 * kBlock, '\0');      // whole blocks
  text += random_text(100'000, 2);    // and a part of one
  text.append(3 * kBlock + 5, '\0');  // up to the end
  write(writer, "holes", text, 777'777);
  EXPECT_TRUE(read("holes") == text);
  struct stat status{};
  ASSERT_EQ(::stat((directory_.path() / "holes").c_str(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, static_cast<int64_t>(4 * kBlock));

  const std::string zeros(5 * kBlock, '\0');
  write(writer, "zeros", zeros, kBlock);
  EXPECT_TRUE(read("zeros") == zeros);
}

TEST_P(DirectWriterTest, AFileThatWasLeftIsClosedAndTheNextOneIsWhole) {
  DirectWriter writer;
  auto file = open_for_writing(directory_.path() / "left");
  ASSERT_TRUE(file.ok());
  const int left = file->get();
  writer.begin(std::move(file).value(), "left");
  ASSERT_TRUE(writer.write(as_bytes(random_text(2 * MiB, 3))).ok());
  const auto text = random_text(2 * MiB + 1, 4);
  write(writer, "next", text, 64 * KiB);
  EXPECT_TRUE(read("next") == text);
  EXPECT_EQ(::fcntl(left, F_GETFD), -1);
}

// A file system with a way past the cache (most), and one that lives in it.
INSTANTIATE_TEST_SUITE_P(On, DirectWriterTest, testing::Values("/var/tmp", "/dev/shm"),
                         [](const auto& where) { return where.index == 0 ? "disk" : "memory"; });

TEST(DirectWriter, ADiskThatIsFullIsAnError) {
  DirectWriter writer;
  writer.begin(UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), "/dev/full");
  Result<void> written;
  for (int i = 0; i < 3 && written.ok(); ++i)
    written = writer.write(as_bytes(std::string(DirectWriter::kBlock, 'x')));
  ASSERT_FALSE(written.ok());
  EXPECT_NE(written.error().to_string().find("/dev/full"), std::string::npos);
}

}  // namespace
}  // namespace summit
