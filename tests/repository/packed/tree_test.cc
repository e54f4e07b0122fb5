#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "repository/packed/tree_restore.h"
#include "repository/packed/tree_writer.h"
#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using testing::ChunkWorld;
using ::testing::HasSubstr;
using testing::random_text;

struct TreeWorld {
  ChunkWorld chunks;
  fs::path source = chunks.cache.path() / "source";
  fs::path target = chunks.cache.path() / "target";

  TreeWorld() {
    fs::create_directories(source / "base" / "5");
    fs::create_directories(source / "empty");
    write("base/5/1259", random_text(900'000, 1));
    write("base/5/1259_fsm", random_text(24'576, 2));
    write("base.conf", "port = 5432\n");
    write("zeros", std::string(2 * MiB, '\0') + "end");
    write("nothing", "");
    fs::create_symlink("../elsewhere", source / "link");
    fs::permissions(source / "base.conf", fs::perms::owner_read);
  }

  void write(const std::string& path, const std::string& text) const {
    std::ofstream(source / path, std::ios::binary) << text;
  }

  // Long ago, by the tree's own clock, the files were last changed.
  static Instant later() { return now() + std::chrono::hours(1); }

  Result<StoredTree> back_up(const StoredTree* previous = nullptr, Unchanged unchanged = Unchanged::kTakeOver,
                             WriteCounters* counters = nullptr) {
    ChunkReader reader(chunks.store, chunks.keyring);
    ASSIGN_OR_RETURN(const auto writer, chunks.writer());
    ASSIGN_OR_RETURN(const auto tree, TreeWriter::create(*writer, reader, previous, unchanged, later()));
    RETURN_IF_ERROR(tree->add_all(source));
    ASSIGN_OR_RETURN(const TreeNumbers numbers, tree->finish());
    ASSIGN_OR_RETURN(const Written written, writer->finish());
    if (counters != nullptr) *counters = writer->counters();
    return StoredTree{written.contents.at(numbers.listing), written.contents.at(numbers.files)};
  }

  Result<void> restore(const StoredTree& tree) {
    ChunkReader reader(chunks.store, chunks.keyring);
    return restore_tree(reader, tree, target);
  }

  // Every path below `root` with its kind, mode, time and content.
  static std::vector<std::string> picture_of(const fs::path& root) {
    std::vector<std::string> lines;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      struct stat status{};
      ::lstat(entry.path().c_str(), &status);
      std::string line = fmt::format("{} {:o}", fs::relative(entry.path(), root).string(), status.st_mode);
      if (entry.is_symlink()) {
        line += " -> " + fs::read_symlink(entry.path()).string();
      } else {
        line += fmt::format(" {}.{}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
        if (entry.is_regular_file()) line += to_hex(sha256_of_file(entry.path()).value());
      }
      lines.push_back(line);
    }
    std::ranges::sort(lines);
    return lines;
  }
};

TEST(Tree, IsRestoredAsItWas) {
  TreeWorld world;
  const auto tree = world.back_up();
  ASSERT_TRUE(tree.ok()) << tree.error().to_string();
  const auto restored = world.restore(*tree);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_EQ(TreeWorld::picture_of(world.target), TreeWorld::picture_of(world.source));
  struct stat status{};
  ASSERT_EQ(::stat((world.target / "zeros").c_str(), &status), 0);
  EXPECT_LT(static_cast<uint64_t>(status.st_blocks) * 512, 1 * MiB);
}

TEST(Tree, FilesProvenUnchangedAreNotRead) {
  TreeWorld world;
  const auto first = world.back_up();
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  world.write("aaa-new", random_text(50'000, 3));
  WriteCounters counters;
  const auto second = world.back_up(&*first, Unchanged::kTakeOver, &counters);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_LT(counters.new_bytes, 60'000U);
  EXPECT_EQ(counters.taken_over_bytes, first->files.size);
  ASSERT_TRUE(world.restore(*second).ok());
  EXPECT_EQ(TreeWorld::picture_of(world.target), TreeWorld::picture_of(world.source));
}

TEST(Tree, AChangeWithinTheClocksTickIsSeen) {
  TreeWorld world;
  ChunkReader reader(world.chunks.store, world.chunks.keyring);
  const auto writer = world.chunks.writer().value();
  // Begun now: the files are as young as the backup, so their times prove nothing.
  const auto tree = TreeWriter::create(*writer, reader, nullptr, Unchanged::kTakeOver, now()).value();
  ASSERT_TRUE(tree->add_all(world.source).ok());
  const TreeNumbers numbers = tree->finish().value();
  const Written written = writer->finish().value();
  const StoredTree first{written.contents[numbers.listing], written.contents[numbers.files]};

  const fs::path file = world.source / "base/5/1259_fsm";
  struct stat before{};
  ASSERT_EQ(::stat(file.c_str(), &before), 0);
  world.write("base/5/1259_fsm", random_text(24'576, 99));
  const auto times = std::to_array({before.st_mtim, before.st_mtim});
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0), 0);
  const auto second = world.back_up(&first);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  ASSERT_TRUE(world.restore(*second).ok());
  EXPECT_EQ(read_file(world.target / "base/5/1259_fsm").value() == random_text(24'576, 99), true);
}

TEST(Tree, ReadAgainFindsWhatTimesHide) {
  TreeWorld world;
  const auto first = world.back_up();
  WriteCounters counters;
  const auto second = world.back_up(&*first, Unchanged::kReadAgain, &counters);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(second->files.blocks, first->files.blocks);
}

TEST(Tree, AFileThatShrankWhileItWasReadIsFilledWithZeros) {
  TreeWorld world;
  ChunkReader reader(world.chunks.store, world.chunks.keyring);
  const auto writer = world.chunks.writer().value();
  const auto tree = TreeWriter::create(*writer, reader, nullptr, Unchanged::kTakeOver).value();
  auto entry = inspect(world.source / "base.conf", "base.conf").value().value();
  entry.size = 1000;
  ASSERT_TRUE(tree->add_file(entry, [&] { return open_for_reading(world.source / "base.conf"); }).ok());
  const TreeNumbers numbers = tree->finish().value();
  const Written written = writer->finish().value();
  const std::string text = world.chunks.read(written.contents[numbers.files]).value();
  EXPECT_EQ(text, "port = 5432\n" + std::string(988, '\0'));
}

TEST(Tree, NothingThatExistsIsOverwritten) {
  TreeWorld world;
  const auto tree = world.back_up().value();
  fs::create_directories(world.target);
  std::ofstream(world.target / "base.conf") << "mine";
  const auto restored = world.restore(tree);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kAlreadyExists);
  EXPECT_EQ(read_file(world.target / "base.conf").value(), "mine");
}

TEST(Tree, EntriesOutOfOrderAreRefused) {
  TreeWorld world;
  ChunkReader reader(world.chunks.store, world.chunks.keyring);
  const auto writer = world.chunks.writer().value();
  const auto tree = TreeWriter::create(*writer, reader, nullptr, Unchanged::kTakeOver).value();
  ASSERT_TRUE(tree->add({.path = "b", .type = TreeEntry::Type::kDirectory}).ok());
  EXPECT_EQ(tree->add({.path = "a", .type = TreeEntry::Type::kDirectory}).error().code(), Code::kUsage);
}

std::string listing_of(const std::vector<TreeEntry>& entries) {
  std::string text = encode_listing_header(5);
  for (const TreeEntry& entry : entries) text += encode(entry);
  return text + encode_listing_end();
}

Result<std::vector<TreeEntry>> parse(std::string_view listing, size_t piece) {
  ListingParser parser;
  std::vector<TreeEntry> entries;
  while (true) {
    ASSIGN_OR_RETURN(auto entry, parser.next());
    if (entry) {
      entries.push_back(*entry);
      continue;
    }
    if (listing.empty()) break;
    parser.feed(as_bytes(listing.substr(0, piece)));
    listing.remove_prefix(std::min(piece, listing.size()));
  }
  if (!parser.ended()) return Error(Code::kCorrupt, "breaks off");
  return entries;
}

TEST(TreeListing, IsReadBackInPiecesOfAnySize) {
  const std::vector<TreeEntry> entries = {
      {.path = "a",
       .type = TreeEntry::Type::kDirectory,
       .mode = 0700,
       .user = 1,
       .group = 2,
       .modified = -5,
       .changed = 6,
       .inode = 7},
      {.path = "a/\xff\n", .mode = 0640, .size = 100, .offset = 0},
      {.path = "a-", .mode = 0640, .size = 5, .offset = 100},
      {.path = "link", .type = TreeEntry::Type::kSymlink, .mode = 0777, .offset = 105, .target = "/etc"}};
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}}) {
    const auto parsed = parse(listing_of(entries), piece);
    ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
    EXPECT_EQ(*parsed, entries);
  }
}

TEST(TreeListing, PathsThatLeaveTheTreeAreRefused) {
  const std::vector<std::string> bad = {"..", "../x", "a/../../x", "/etc/passwd",         "a//b",
                                        "a/", "./a",  "",          std::string("a\0b", 3)};
  for (const std::string& path : bad) EXPECT_FALSE(parse(listing_of({{.path = path}}), 100).ok()) << path;
  EXPECT_TRUE(parse(listing_of({{.path = "..a/b.."}}), 100).ok());
}

TEST(TreeListing, OneThatBreaksOffIsRefused) {
  const std::string listing = listing_of({{.path = "a", .size = 3}, {.path = "b"}});
  for (size_t size = 0; size < listing.size(); ++size)
    EXPECT_FALSE(parse(listing.substr(0, size), 10).ok()) << size;
  EXPECT_FALSE(parse(listing + "x", 10).ok());
}

}  // namespace
}  // namespace summit::repository::packed
