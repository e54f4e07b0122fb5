#include "stores/neo4j/stored_dump.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

namespace summit::neo4j {
namespace {

struct File {
  std::string name;
  std::string content;
};

std::string noise(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string tar_of(const std::vector<File>& files) {
  std::string tar;
  for (const auto& file : files) {
    std::string header(512, '\0');
    header.replace(0, file.name.size(), file.name);
    header.replace(124, 11, fmt::format("{:011o}", file.content.size()));
    header.replace(257, 5, "ustar");
    tar += header + file.content;
    tar.resize((tar.size() + 511) / 512 * 512);
  }
  return tar + std::string(10240, '\0');
}

// What neo4j-admin compresses: the preamble and the archive.
std::string content_of(const std::vector<File>& files) {
  return "zstd" + std::string(3, '\0') + '\1' + std::string(16, '\0') + tar_of(files);
}

std::string compressed(const std::string& content) {
  std::string bytes(ZSTD_compressBound(content.size()), '\0');
  const size_t size = ZSTD_compress(bytes.data(), bytes.size(), content.data(), content.size(), 1);
  EXPECT_EQ(ZSTD_isError(size), 0U);
  bytes.resize(size);
  return bytes;
}
std::string dump_of(const std::vector<File>& files) { return "DZV1" + compressed(content_of(files)); }

// Fed in pieces of `step` bytes.
Result<std::string> stored(const std::string& dump, size_t step = 100'003) {
  std::string output;
  StoredDump form([&](ByteView bytes) -> Result<void> {
    output += as_text(bytes);
    return {};
  });
  for (size_t at = 0; at < dump.size(); at += step)
    RETURN_IF_ERROR(form.write(as_bytes(std::string_view(dump).substr(at, step))));
  RETURN_IF_ERROR(form.finish());
  return output;
}

// By the library that the vendor's program uses too.
std::string decompressed(const std::string& dump, size_t size) {
  std::string content(size + 1, '\0');
  const size_t got = ZSTD_decompress(content.data(), content.size(), dump.data() + 4, dump.size() - 4);
  EXPECT_EQ(ZSTD_isError(got), 0U) << ZSTD_getErrorName(got);
  content.resize(ZSTD_isError(got) != 0 ? 0 : got);
  return content;
}

const std::vector<File> kGraph = {{"neostore", std::string(8192, 'n')},
                                  {"neostore.nodestore.db", noise(700'000, 1)},
                                  {"empty", ""},
                                  {"neostore.propertystore.db", noise(300'001, 2)}};

TEST(StoredDump, HoldsTheSameContent) {
  const auto content = content_of(kGraph);
  const auto output = stored(dump_of(kGraph));
  ASSERT_TRUE(output.ok()) << output.error().message();
  EXPECT_EQ(output->substr(0, 4), "DZV1");
  EXPECT_TRUE(decompressed(*output, content.size()) == content);
}

TEST(StoredDump, DoesNotDependOnThePiecesInWhichTheDumpComes) {
  const std::vector<File> small = {{"a", noise(2000, 1)}, {"b", noise(700, 2)}};
  const auto dump = dump_of(small);
  EXPECT_TRUE(stored(dump, 1).value() == stored(dump).value());
  EXPECT_TRUE(stored(dump_of(kGraph), 777).value() == stored(dump_of(kGraph)).value());
}

TEST(StoredDump, AFileThatGrewLeavesTheBytesOfTheOthersAlone) {
  auto grown = kGraph;
  grown[1].content += noise(123'456, 3);
  const auto before = stored(dump_of(kGraph)).value();
  const auto after = stored(dump_of(grown)).value();
  // From the header of the last file on, and up to the header of the one that grew.
  const size_t same_tail = 512 + 300'001;
  EXPECT_TRUE(after.ends_with(std::string_view(before).substr(before.size() - same_tail)));
  EXPECT_TRUE(std::string_view(after).substr(0, 8192) == std::string_view(before).substr(0, 8192));
}

TEST(StoredDump, ContentThatIsNoArchiveIsKeptAsItIs) {
  for (const std::string& content : {std::string(), std::string("short"), "zstd" + noise(300'000, 4)}) {
    const auto output = stored("DZV1" + compressed(content));
    ASSERT_TRUE(output.ok()) << output.error().message();
    EXPECT_TRUE(decompressed(*output, content.size()) == content);
  }
}

TEST(StoredDump, OtherFormsPassUnchanged) {
  const auto gzip = "DGV1" + noise(100'000, 5);
  EXPECT_TRUE(stored(gzip).value() == gzip);
  EXPECT_EQ(stored("DZ").value(), "DZ");
  EXPECT_EQ(stored("").value(), "");
}

TEST(StoredDump, ADumpThatWasCutOffOrDamagedIsAnError) {
  const auto dump = dump_of(kGraph);
  EXPECT_EQ(stored(dump.substr(0, dump.size() - 1)).error().code(), Code::kCorrupt);
  EXPECT_EQ(stored("DZV1").error().code(), Code::kCorrupt);
  auto damaged = dump;
  damaged[4] = 'x';
  EXPECT_EQ(stored(damaged).error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace summit::neo4j
