#include "repository/packed/page_patch.h"

#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using testing::random_text;

std::span<std::byte> writable(std::string& text) { return std::as_writable_bytes(std::span(text)); }

TEST(PagePatch, MakesTheResultOfTheBase) {
  for (const size_t length : {kExtentSize, 100'001U, 8192U, 5U}) {
    const std::string base = random_text(length, 1);
    const std::string result = random_text(length, 2);
    std::vector<bool> changed(pages_of(length));
    std::string expected = base;
    for (size_t page = 0; page < changed.size(); page += 3) {
      changed[page] = true;
      expected.replace(page * kPageSize, kPageSize, result.substr(page * kPageSize, kPageSize));
    }
    std::string bytes = base;
    ASSERT_TRUE(
        apply_page_patch(as_bytes(encode_page_patch(as_bytes(result), changed)), writable(bytes)).ok())
        << length;
    EXPECT_EQ(bytes == expected, true) << length;
  }
}

TEST(PagePatch, OneOfAnotherLengthIsRefused) {
  const std::string result = random_text(kExtentSize, 3);
  const std::string patch = encode_page_patch(as_bytes(result), std::vector<bool>(32, true));
  std::string shorter = random_text(100'000, 4);
  EXPECT_EQ(apply_page_patch(as_bytes(patch), writable(shorter)).error().code(), Code::kCorrupt);
  std::string extent = random_text(kExtentSize, 5);
  for (size_t size = 0; size < patch.size(); size += 1001)
    EXPECT_FALSE(apply_page_patch(as_bytes(patch).first(size), writable(extent)).ok()) << size;
  EXPECT_FALSE(apply_page_patch(as_bytes(patch + "x"), writable(extent)).ok());
}

}  // namespace
}  // namespace summit::repository::packed
