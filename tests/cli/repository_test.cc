// repository init, info, promote; replicate and repair: by the program.

#include "packed_project.h"

namespace summit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::map<std::string, std::string> kKey{{"ENCRYPTION_KEY", PackedProject::kPassphrase}};

TEST(RepositoryInit, MakesARepositoryThatTheKeyOpens) {
  const Project project;
  EXPECT_EQ(project.run({"--json", "repository", "init", "--dry-run"}, kKey).message("repository")["state"],
            "planned");
  EXPECT_FALSE(fs::exists(project.path() / "backups"));
  const auto made = project.run({"--json", "repository", "init"}, kKey);
  ASSERT_EQ(made.code, 0) << made.output << made.diagnostics;
  const auto again = project.run({"--json", "repository", "init"}, kKey);
  EXPECT_EQ(again.message("error")["code"], "already_exists");

  ASSERT_EQ(project.run({"backup", "--layout=packed"}, kKey).code, 0);
  const auto info = project.run({"--json", "repository", "info"}, kKey).message("repository_info");
  EXPECT_EQ(info["id"], made.message("repository")["id"]);
  EXPECT_EQ(info["backups"], 1);
  EXPECT_EQ(info["key_slots"], 1);
  EXPECT_GT(info["stored_bytes"].get<int>(), 0);
  EXPECT_EQ(info["replica"], false);
  EXPECT_EQ(project.run({"repository", "info"}, {{"ENCRYPTION_KEY", "another passphrase"}}).code, 12);
  EXPECT_THAT(project.run({"repository", "info"}, kKey).output, HasSubstr("1 packed (0 pinned)"));
}

TEST(RepositoryInit, EveryNamedKeyGetsASlot) {
  const Project project;
  project.write("first.pass", "the first passphrase\n");
  project.write("key", "0123456789abcdef0123456789abcdef\n");
  for (const char* name : {"first.pass", "key"})
    fs::permissions(project.path() / name, fs::perms::owner_read | fs::perms::owner_write);
  const auto elsewhere = (project.path() / "elsewhere").string();
  const auto made = project.run({"repository", "init", "--location=" + elsewhere,
                                 "--new-passphrase-file=" + (project.path() / "first.pass").string(),
                                 "--new-key-file=" + (project.path() / "key").string()});
  ASSERT_EQ(made.code, 0) << made.diagnostics;
  for (const char* passphrase : {"the first passphrase", "0123456789abcdef0123456789abcdef"}) {
    const auto info =
        project.run({"--backup-base=" + elsewhere, "repository", "info"}, {{"ENCRYPTION_KEY", passphrase}});
    EXPECT_EQ(info.code, 0) << info.diagnostics;
  }
  EXPECT_EQ(project.run({"repository", "info"}).code, 10);
}

class Replicas : public testing::Test {
 protected:
  Finished run(std::vector<std::string> words) const {
    words.insert(words.begin(), "--json");
    return project_.run(std::move(words));
  }
  Finished there(std::vector<std::string> words) const {
    words.insert(words.begin(), "--backup-base=" + replica_);
    return run(std::move(words));
  }
  static std::vector<std::string> ids(const Finished& listed) {
    std::vector<std::string> found;
    for (const auto& line : listed.lines()) found.push_back(line.value("id", ""));
    return found;
  }
  fs::path in_backups(const std::string& name) const { return project_.path() / "backups" / name; }

  PackedProject project_;
  const std::string replica_ = (project_.path() / "replica").string();
};

TEST_F(Replicas, HoldTheBackupsOfBothLayoutsAndTakeNewOnesWhenPromoted) {
  const auto packed = project_.back_up();
  const auto plain = project_.back_up("plain");
  const auto planned = run({"replicate", "--all", "--to=" + replica_, "--dry-run"});
  EXPECT_THAT(planned.message("replication_plan")["copies"], ElementsAre(plain));
  EXPECT_FALSE(fs::exists(replica_));

  const auto first = run({"replicate", "--all", "--to=" + replica_});
  ASSERT_EQ(first.code, 0) << first.output << first.diagnostics;
  const auto again = run({"replicate", "--all", "--to=" + replica_ + "/"}).message("replication");
  EXPECT_THAT(again["copied"], IsEmpty());
  EXPECT_EQ(again["repository"]["packs"], 0);
  EXPECT_EQ(ids(there({"list"})), ids(run({"list"})));
  EXPECT_EQ(there({"verify", "--all"}).code, 0);

  EXPECT_EQ(there({"repository", "info"}).message("repository_info")["replica"], true);
  EXPECT_EQ(there({"backup", "--layout=packed"}).code, 1);
  EXPECT_EQ(there({"repository", "promote"}).message("error")["code"], "refused") << "nobody confirmed it";
  EXPECT_EQ(there({"repository", "promote", "--yes"}).code, 0);
  EXPECT_EQ(there({"backup", "--layout=packed"}).code, 0);
  EXPECT_EQ(there({"repository", "promote", "--yes"}).message("error")["code"], "refused");
  EXPECT_EQ(run({"replicate", "--all", "--to=" + replica_}).message("error")["code"], "refused");
}

TEST_F(Replicas, OneBackupIsCopiedAloneAndAnotherOneOfItsIdIsNotOverwritten) {
  const auto first = project_.back_up("plain");
  const auto second = project_.back_up("plain");
  ASSERT_EQ(run({"replicate", second, "--to=" + replica_}).code, 0);
  EXPECT_THAT(ids(there({"list"})), ElementsAre(second));

  ASSERT_EQ(run({"replicate", first, "--to=" + replica_}).code, 0);
  const auto other = fs::path(replica_) / first / "backup-metadata.json";
  auto metadata = read_file(other).value();
  const auto digest = metadata.find("\"sha256\": \"") + 11;
  metadata[digest] = metadata[digest] == '0' ? '1' : '0';
  ASSERT_TRUE(write_file_durably(other, metadata).ok());
  const auto conflict = run({"replicate", "--all", "--to=" + replica_});
  EXPECT_EQ(conflict.code, 3);
  EXPECT_THAT(conflict.message("replication")["conflicts"], ElementsAre(first));
  EXPECT_EQ(read_file(other).value(), metadata);
  EXPECT_EQ(run({"replicate", "--to=" + replica_}).code, 2);
  EXPECT_EQ(run({"replicate", "--all", "--to=" + in_backups("").string()}).code, 2);
}

TEST_F(Replicas, MendDamagedPacksAndArtifacts) {
  project_.back_up();
  const auto plain = project_.back_up("plain");
  ASSERT_EQ(run({"replicate", "--all", "--to=" + replica_}).code, 0);
  EXPECT_EQ(run({"repair", "--from=" + replica_}).message("repaired")["found"], 0);

  size_t packs = 0;
  for (const auto& entry : fs::recursive_directory_iterator(in_backups("repository/packs"))) {
    if (!entry.is_regular_file()) continue;
    ASSERT_TRUE(write_file_durably(entry.path(), "noise").ok());
    ++packs;
  }
  ASSERT_TRUE(write_file_durably(in_backups(plain) / "uploads.tar.zst", "noise").ok());
  fs::remove(in_backups(plain) / "backup-metadata.json");
  fs::remove(in_backups(plain) / "CHECKSUMS");
  const auto written = fs::last_write_time(in_backups(plain));

  const auto seen = run({"repair", "--from=" + replica_, "--dry-run"});
  EXPECT_EQ(seen.code, 20);
  EXPECT_EQ(seen.message("repaired")["mended"], 0);
  const auto repaired = run({"repair", "--from=" + replica_});
  EXPECT_EQ(repaired.code, 0) << repaired.output;
  EXPECT_GE(repaired.message("repaired")["mended"].get<size_t>(), packs + 2);
  EXPECT_EQ(run({"verify", "--all"}).code, 0);
  EXPECT_EQ(fs::last_write_time(in_backups(plain)), written) << "ls -t would call it the newest";
}

TEST_F(Replicas, WithoutAGoodCopyTheDamageStaysKnown) {
  const auto plain = project_.back_up("plain");
  ASSERT_EQ(run({"replicate", "--all", "--to=" + replica_}).code, 0);
  for (const auto& base : {in_backups(plain), fs::path(replica_) / plain})
    ASSERT_TRUE(write_file_durably(base / "uploads.tar.zst", "noise").ok());
  const auto repaired = run({"repair", "--from=" + replica_});
  EXPECT_EQ(repaired.code, 20);
  EXPECT_THAT(repaired.message("repair")["problem"].get<std::string>(),
              HasSubstr("no help from the replica"));
  EXPECT_EQ(read_file(in_backups(plain) / "uploads.tar.zst").value(), "noise");
  EXPECT_EQ(run({"verify", plain}).code, 20);
}

}  // namespace
}  // namespace summit::cli
