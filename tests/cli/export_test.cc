// export and import: native files out of a repository, and back into one.

#include "packed_project.h"

namespace summit::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kArchive = "uploads.tar.zst";

bool checksums_hold(const fs::path& directory) {
  const auto checked =
      run_to_end({.argv = {"sha256sum", "--check", "--strict", "CHECKSUMS"}, .directory = directory});
  return checked.code == 0;
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
  return names;
}

TEST(Export, APackedBackupBecomesNativeFilesThatStockToolsRead) {
  const PackedProject project;
  const auto id = project.back_up();
  const auto handover = project.path() / "handover";
  const auto planned = project.run({"--json", "export", id, "--to=" + handover.string(), "--dry-run"});
  EXPECT_EQ(planned.message("export_plan")["to"], (handover / id).string());
  EXPECT_FALSE(fs::exists(handover));

  const auto exported = project.run({"export", id, "--to=" + handover.string()});
  ASSERT_EQ(exported.code, 0) << exported.diagnostics;
  EXPECT_TRUE(checksums_hold(handover / id));
  const auto listed = run_to_end({.argv = {"tar", "--zstd", "-tf", (handover / id / kArchive).string()}});
  EXPECT_EQ(listed.output, "report.txt\n");

  const auto again = project.run({"--json", "export", id, "--to=" + handover.string()});
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(again.message("error")["code"], "already_exists");
}

TEST(Export, OneArtifactGoesToADirectoryOrToStandardOutput) {
  const PackedProject project;
  const auto id = project.back_up();
  const auto handover = project.path() / "handover";
  ASSERT_EQ(project.run({"export", id, kArchive, "--to=" + handover.string()}).code, 0);
  const auto written = read_file(handover / kArchive);
  ASSERT_TRUE(written.ok());
  const auto streamed = project.run({"export", id, kArchive, "--to=-"});
  EXPECT_EQ(streamed.code, 0) << streamed.diagnostics;
  EXPECT_EQ(streamed.output, *written);

  EXPECT_EQ(project.run({"export", id, kArchive, "--to=" + handover.string()}).code, 1);
  EXPECT_EQ(project.run({"export", id, "--to=-"}).code, 2);
  EXPECT_EQ(project.run({"--json", "export", id, kArchive, "--to=-"}).code, 2);
  EXPECT_EQ(project.run({"export", id, "no-such.dump", "--to=" + handover.string()}).code, 1);
  EXPECT_THAT(names_in(handover), testing::ElementsAre(kArchive));
}

TEST(Export, ADamagedArtifactLeavesNoFile) {
  const PackedProject project;
  const auto id = project.back_up("plain");
  ASSERT_TRUE(write_file_durably(project.path() / "backups" / id / kArchive, "other bytes").ok());
  const auto handover = project.path() / "handover";
  EXPECT_NE(project.run({"export", id, kArchive, "--to=" + handover.string()}).code, 0);
  EXPECT_THAT(names_in(handover), IsEmpty());
  EXPECT_NE(project.run({"export", id, "--to=" + handover.string()}).code, 0);
  EXPECT_FALSE(fs::exists(handover / id));
}

TEST(Import, TakesAnExportedBackupIntoAnotherRepository) {
  const Project source;
  const auto made = source.run({"--json", "backup"});
  ASSERT_EQ(made.code, 0) << made.diagnostics;
  const auto id = made.message("backup")["id"].get<std::string>();
  const auto directory = (source.path() / "backups" / id).string();

  const PackedProject project;
  const auto planned = project.run({"--json", "import", directory, "--dry-run"});
  EXPECT_EQ(planned.message("import_plan")["layout"], "packed");
  EXPECT_EQ(project.run({"list", "--latest"}).code, 1);

  const auto imported = project.run({"--json", "import", directory});
  ASSERT_EQ(imported.code, 0) << imported.output;
  EXPECT_EQ(imported.message("import")["layout"], "packed");
  const auto info = project.run({"--json", "info", id}).message("info");
  EXPECT_EQ(info["metadata"]["layout"], "packed");
  EXPECT_EQ(project.run({"verify", id}).code, 0);
  EXPECT_EQ(project.run({"cat", id, kArchive, "report.txt"}).output, "what a user uploaded\n");
}

TEST(Import, GoesIntoAPlainRepositoryToo) {
  const Project source;
  ASSERT_EQ(source.run({"backup"}).code, 0);
  const auto id = source.run({"--json", "list", "--latest"}).message("latest")["id"].get<std::string>();
  // The directory may have any name: its metadata say which backup it is.
  fs::rename(source.path() / "backups" / id, source.path() / "from-the-vault");
  const Project project;
  const auto imported = project.run({"import", (source.path() / "from-the-vault").string() + "/"});
  ASSERT_EQ(imported.code, 0) << imported.diagnostics;
  EXPECT_TRUE(checksums_hold(project.path() / "backups" / id));
}

TEST(Import, NeverTouchesABackupOfTheSameId) {
  const PackedProject project;
  const auto id = project.back_up("plain");
  const auto before = read_file(project.path() / "backups" / id / "backup-metadata.json").value();
  const auto directory = (project.path() / "backups" / id).string();
  const auto refused = project.run({"--json", "import", directory, "--layout=packed"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.message("error")["code"], "already_exists");
  EXPECT_EQ(read_file(project.path() / "backups" / id / "backup-metadata.json").value(), before);
}

TEST(Import, TheViewOfAPackedBackupIsNoBackup) {
  const PackedProject packed;
  const auto id = packed.back_up();
  const Project project;
  const auto refused = project.run({"--json", "import", (packed.path() / "backups" / id).string()});
  EXPECT_EQ(refused.message("error")["code"], "unsupported");
  EXPECT_THAT(refused.message("error")["hint"].get<std::string>(), HasSubstr("export"));
  const auto missing = project.run({"--json", "import", (project.path() / "nowhere").string()});
  EXPECT_EQ(missing.code, 1);
}

}  // namespace
}  // namespace summit::cli
