#include "core/digest.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/files.h"

namespace summit {
namespace {

constexpr const char* kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(to_hex(sha256({})), kOfNothing);
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), kOfAbc);
}

TEST(Sha256, IsTheSameInPiecesAndStartsAnewAfterFinish) {
  Sha256 hasher;
  hasher.update("a");
  hasher.update("bc");
  EXPECT_EQ(to_hex(hasher.finish()), kOfAbc);
  EXPECT_EQ(to_hex(hasher.finish()), kOfNothing);
  hasher.update("abc");
  Sha256 moved = std::move(hasher);
  EXPECT_EQ(to_hex(moved.finish()), kOfAbc);
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "digest-");
  ASSERT_TRUE(directory.ok());
  const std::string content(3 * MiB + 7, 'x');
  ASSERT_TRUE(write_file_durably(directory->path() / "big", content).ok());
  auto digest = sha256_of_file(directory->path() / "big");
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(*digest, sha256(as_bytes(content)));
  EXPECT_EQ(sha256_of_file(directory->path() / "absent").error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace summit
