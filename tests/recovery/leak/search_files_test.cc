#include <unistd.h>

#include "tests/recovery/leak/leak_scan_world.h"

namespace summit::recovery {
namespace {

TEST(FilesLeaks, FindsAValueInContentNamesAndLinks) {
  LeakScanWorld world;
  const auto root = world.directory() / "tree";
  const auto write = [&](const std::string& name, const std::string& content) {
    fs::create_directories((root / name).parent_path());
    ASSERT_TRUE(write_file_durably(root / name, content).ok());
  };
  write("clean.txt", "nothing of anybody's");
  write(".env", "ADMIN=ada.lovelace@mail.org\n");
  write("deep/er/log.jsonl", R"({"who":"ada.lovelace\u0040mail.org"})");
  write("large.bin", std::string(700000, '\x01') + "ada.lovelace@mail.org" + std::string(5, '\x02'));
  write("csv/people.csv", "id,mail\n1,ADA.LOVELACE@MAIL.ORG\n");
  write("ada.lovelace@mail.org.txt", "x");
  write("ada.lovelace@mail.org/of.txt", "ada.lovelace@mail.org");
  ASSERT_EQ(::symlink("/home/ada.lovelace@mail.org", (root / "link").c_str()), 0);

  config::FilesEndpoint tree;
  tree.name = "uploads";
  tree.root = root;
  const auto searched = search_files(tree, world.scan());
  ASSERT_TRUE(searched.ok()) << searched.error().to_string();
  EXPECT_THAT(world.places(),
              testing::UnorderedElementsAre("files:uploads/.env", "files:uploads/deep/er/log.jsonl",
                                            "files:uploads/large.bin", "files:uploads/csv/people.csv",
                                            "files:uploads: a name", "files:uploads: below a name that tells",
                                            "files:uploads/link"));
}

}  // namespace
}  // namespace summit::recovery
