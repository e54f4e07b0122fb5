// `mask audit`, `mask preview` and `export --masked` of a backup that holds only files: no server is needed.

#include "json_schema.h"
#include "packed_project.h"

namespace summit::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kArchive = "uploads.tar.zst";

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::string unpacked(const fs::path& archive, const std::string& member) {
  return run_to_end({.argv = {"tar", "--zstd", "-xOf", archive.string(), member}}).output;
}

class MaskedExport : public testing::Test {
 protected:
  MaskedExport() {
    project_.write("uploads/settings.ini", "OWNER=ada@secret.org\nPORT=80\n");
    rules("    - {path: \"*.ini\", entries: {OWNER: {pseudonym: email}}}\n");
    id_ = project_.back_up();
  }
  void rules(const std::string& list) {
    project_.write("config/sanitization.yaml", "key: {env: SANITIZATION_KEY}\nrules:\n  files:\n" + list);
  }
  Finished run(std::vector<std::string> words) {
    return project_.run(std::move(words), {{"SANITIZATION_KEY", std::string(32, 'k')}});
  }
  std::string handover() const { return (project_.path() / "handover").string(); }
  std::string all() const { return handover() + "/" + id_ + "-masked-dev"; }

  PackedProject project_;
  std::string id_;
};

TEST_F(MaskedExport, WritesAllFilesAtOnceWithTheirChecksums) {
  const auto planned =
      run({"--json", "export", id_, "--masked", "--env=dev", "--to=" + handover(), "--dry-run"});
  EXPECT_EQ(planned.code, 0) << planned.output << planned.diagnostics;
  EXPECT_EQ(planned.message("export_plan")["to"], all());
  EXPECT_FALSE(fs::exists(handover()));

  const auto exported = run({"export", id_, "--masked", "--env=dev", "--to=" + handover()});
  ASSERT_EQ(exported.code, 0) << exported.diagnostics;
  EXPECT_THAT(names_in(handover()), ElementsAre(id_ + "-masked-dev"));
  EXPECT_THAT(names_in(all()), ElementsAre("CHECKSUMS", kArchive));
  const auto checked =
      run_to_end({.argv = {"sha256sum", "--check", "--strict", "CHECKSUMS"}, .directory = all()});
  EXPECT_EQ(checked.code, 0) << checked.output;
  const auto text = unpacked(all() + "/" + kArchive, "settings.ini");
  EXPECT_THAT(text, AllOf(HasSubstr("@example.com\nPORT=80\n"), Not(HasSubstr("secret.org"))));
  EXPECT_EQ(unpacked(all() + "/" + kArchive, "report.txt"), "what a user uploaded\n");

  EXPECT_EQ(run({"export", id_, "--masked", "--env=dev", "--to=" + handover()}).code, 1);
}

TEST_F(MaskedExport, OneArtifactGoesToADirectoryOrToStandardOutput) {
  ASSERT_EQ(run({"export", id_, kArchive, "--masked", "--env=dev", "--to=" + handover()}).code, 0);
  const auto written = read_file(fs::path(handover()) / kArchive);
  ASSERT_TRUE(written.ok());
  const auto streamed = run({"export", id_, kArchive, "--masked", "--env=dev", "--to=-"});
  EXPECT_EQ(streamed.code, 0) << streamed.diagnostics;
  EXPECT_EQ(streamed.output, *written);
  EXPECT_EQ(run({"export", id_, "--masked", "--env=dev", "--to=-"}).code, 2);
  EXPECT_EQ(run({"export", id_, "no-such.dump", "--masked", "--env=dev", "--to=" + handover()}).code, 1);
}

TEST_F(MaskedExport, NothingIsWrittenWhenSomethingPrivateHasNoRule) {
  rules("    - {path: \"*.ini\", entries: {PORT: keep}}\n");
  for (const auto& to : {handover(), std::string("-")}) {
    const auto refused = run({"export", id_, kArchive, "--masked", "--env=dev", "--to=" + to});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.output, IsEmpty());
    EXPECT_THAT(refused.diagnostics, AllOf(HasSubstr("settings.ini"), Not(HasSubstr("secret.org"))));
  }
  EXPECT_EQ(run({"export", id_, "--masked", "--env=dev", "--to=" + handover()}).code, 1);
  EXPECT_FALSE(fs::exists(handover()));
}

TEST_F(MaskedExport, ADamagedArtifactLeavesNoFile) {
  const auto id = project_.back_up("plain");
  ASSERT_TRUE(write_file_durably(project_.path() / "backups" / id / kArchive, "other bytes").ok());
  EXPECT_NE(run({"export", id, "--masked", "--env=dev", "--to=" + handover()}).code, 0);
  EXPECT_FALSE(fs::exists(handover()));
}

TEST_F(MaskedExport, AnEnvironmentWithoutItsKeyIsRefused) {
  const auto keyless = project_.run({"export", id_, "--masked", "--env=dev", "--to=" + handover()});
  EXPECT_EQ(keyless.code, 1);
  EXPECT_THAT(keyless.diagnostics, HasSubstr("openssl rand"));
}

TEST_F(MaskedExport, TheAuditNamesPlacesAndRulesAndNoValueOfABackupWithoutADatabase) {
  const JsonSchema schema("messages.schema.json");
  const auto clean = run({"--json", "mask", "audit", id_, "--env=dev"});
  EXPECT_EQ(clean.code, 0) << clean.output;
  const auto message = clean.message("mask_audit");
  EXPECT_THAT(schema.problems(message), IsEmpty());
  EXPECT_EQ(message["stores"][0]["component"], "uploads");
  EXPECT_EQ(message["stores"][0]["counts"]["files"], 2);
  EXPECT_TRUE(message["stores"][0]["findings"].empty());

  EXPECT_TRUE(message["unmatched_rules"].empty());

  rules("    - {path: \"*.ini\", entries: {PORT: keep}}\n");
  const auto found = run({"--json", "mask", "audit", id_, "--env=dev"});
  EXPECT_EQ(found.code, 1);
  const auto finding = found.message("mask_audit")["stores"][0]["findings"][0];
  EXPECT_EQ(finding["below"], "rules");
  EXPECT_EQ(finding["entry"], "- {path: \"settings.ini\", entries: {\"OWNER\": {pseudonym: email}}}");
  EXPECT_THAT(schema.problems(found.message("mask_audit")), IsEmpty());
  EXPECT_THAT(found.output + found.diagnostics, Not(HasSubstr("secret.org")));
}

TEST_F(MaskedExport, TheAuditNamesRulesForWhatTheBackupDoesNotHaveInOneLine) {
  rules(
      "    - {path: \"*.ini\", entries: {OWNER: {pseudonym: email}}}\n"
      "    - {path: \"*.ink\", drop: true}\n"
      "    - {path: \"**/*.pem\", tree: uploads, drop: true}\n"
      "  redis:\n    - {key: \"sess:*\", drop: true}\n");
  const auto audited = run({"mask", "audit", id_, "--env=dev"});
  EXPECT_EQ(audited.code, 0) << audited.output;
  EXPECT_THAT(
      audited.output,
      HasSubstr("warning: rules for what this backup does not have (misspelt?): path *.ink (line 5); path "
                "**/*.pem of tree uploads (line 6)\n"));
  // A backup without Redis says nothing of its rules.
  EXPECT_THAT(audited.output, Not(HasSubstr("sess")));
  const auto message = run({"--json", "mask", "audit", id_, "--env=dev"}).message("mask_audit");
  EXPECT_THAT(JsonSchema("messages.schema.json").problems(message), IsEmpty());
  EXPECT_EQ(message["unmatched_rules"].size(), 2U);
  EXPECT_EQ(message["unmatched_rules"][0]["lines"][0], 5);
}

TEST_F(MaskedExport, ThePreviewShowsOriginalsOnlyWhereTheyAreAskedFor) {
  const JsonSchema schema("messages.schema.json");
  const auto shown = run({"--json", "mask", "preview", id_, "--env=dev"});
  EXPECT_EQ(shown.code, 0) << shown.output;
  EXPECT_THAT(schema.problems(shown.message("mask_preview")), IsEmpty());
  EXPECT_THAT(shown.output, AllOf(HasSubstr("@example.com"), Not(HasSubstr("secret.org"))));
  const auto all = run({"mask", "preview", id_, "--env=dev", "--show-originals"});
  EXPECT_THAT(all.output, HasSubstr("ada@secret.org -> "));
}

}  // namespace
}  // namespace summit::cli
