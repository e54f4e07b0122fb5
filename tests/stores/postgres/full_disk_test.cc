// A server whose disk fills up while a database is restored.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/stores/postgres/helper/shared_server.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// A small disk of its own for a tablespace, in a mount namespace that ends with this program.
class FullDisk : public PostgresTest {
 protected:
  void SetUp() override {
    disk_ = expect_ok(TemporaryDirectory::create(fs::temp_directory_path(), "summit-pg-disk-"));
    mounted_ = ::unshare(CLONE_NEWNS) == 0 &&
               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("tmpfs", disk_->path().c_str(), "tmpfs", 0, "size=24m,mode=0777") == 0;
    if (!mounted_) GTEST_SKIP() << "only root can mount a small disk";
    // A server from before would not see the disk.
    discard_servers();
    PostgresTest::SetUp();
  }
  void TearDown() override {
    discard_servers();
    if (mounted_) ::umount2(disk_->path().c_str(), MNT_DETACH);
  }
  const fs::path& disk() const { return disk_->path(); }
  void give_to_server(const fs::path& directory) {
    struct stat owner{};
    ASSERT_EQ(::stat(server().cluster_directory().c_str(), &owner), 0);
    ASSERT_EQ(::chown(directory.c_str(), owner.st_uid, owner.st_gid), 0);
  }

 private:
  std::optional<TemporaryDirectory> disk_;
  bool mounted_ = false;
};

TEST_F(FullDisk, DiskFullInACopy_OldDatabaseStaysAndNextRestoreWorks) {
  const fs::path place = disk() / "tablespace";
  fs::create_directory(place);
  fs::permissions(disk(), fs::perms::all);
  give_to_server(place);
  create_database("summit");
  run("postgres", fmt::format("CREATE TABLESPACE small LOCATION '{}'", place.string()));
  run("summit",
      "CREATE TABLE public.t TABLESPACE small AS SELECT i AS id, repeat(md5(i::text), 4) AS m FROM "
      "generate_series(1, 90000) i");
  const auto original = dump("summit");
  run("summit", "DELETE FROM public.t WHERE id = 1");
  const auto restored = restore("summit", original.archive);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kNoSpace) << restored.error().to_string();
  EXPECT_THAT(restored.error().message(), HasSubstr("public.t"));
  EXPECT_THAT(restored.error().hint(), HasSubstr("free space"));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "89999");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));

  run("summit", "TRUNCATE public.t");
  expect_ok(restore("summit", original.archive));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "90000");
}

}  // namespace
}  // namespace summit::postgres
