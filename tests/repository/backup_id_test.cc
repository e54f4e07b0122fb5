#include "repository/backup_id.h"

#include <gtest/gtest.h>

namespace summit::repository {
namespace {

const Instant kInstant = *from_rfc3339("2026-11-21T03:10:48.9Z");

TEST(BackupId, HasTheDocumentedForms) {
  EXPECT_EQ(make_backup_id("full", "", kInstant), "summit-backup-full-20261121T031048Z");
  EXPECT_EQ(make_backup_id("config_only", "", kInstant), "summit-backup-config_only-20261121T031048Z");
  EXPECT_EQ(make_backup_id("tenant", "customer-acme", kInstant),
            "summit-backup-tenant-customer-acme-20261121T031048Z");
  EXPECT_EQ(make_database_backup_id(kInstant), "summit-backup-20261121_031048");
}

TEST(BackupId, IsReadBack) {
  const auto full = parse_backup_id("summit-backup-full-20261121T031048Z");
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->set, "full");
  EXPECT_EQ(full->scope, "");
  EXPECT_EQ(to_rfc3339(full->instant).substr(0, 19), "2026-11-21T03:10:48");
  const auto tenant = parse_backup_id("summit-backup-tenant-customer-acme-20261121T031048Z");
  ASSERT_TRUE(tenant.ok());
  EXPECT_EQ(tenant->set, "tenant");
  EXPECT_EQ(tenant->scope, "customer-acme");
  const auto database = parse_backup_id("summit-backup-20261121_031048");
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(database->set, "");
}

TEST(BackupId, KeepsTenantsApartWhoseNamesAreNoFileNames) {
  const auto slash = make_backup_id("tenant", "a/b", kInstant);
  const auto underscore = make_backup_id("tenant", "a_b", kInstant);
  const auto dots = make_backup_id("tenant", "../../etc", kInstant);
  EXPECT_NE(slash, underscore);
  for (const auto& id : {slash, dots, make_backup_id("tenant", std::string(5000, 'x'), kInstant),
                         make_backup_id("tenant", "\xff\n\x01", kInstant)}) {
    EXPECT_TRUE(parse_backup_id(id).ok()) << id;
    EXPECT_EQ(id.find('/'), std::string::npos);
    EXPECT_LE(id.size(), 255u);
  }
}

TEST(BackupId, RefusesWhatCouldLeaveItsDirectory) {
  for (const char* text :
       {"", ".", "..", "summit-backup-", "summit-backup-full", "summit-backup-full-2026",
        "summit-backup-../x-20261121T031048Z", "summit-backup-a/b-20261121T031048Z",
        "summit-backup-full-20261321T031048Z", "summit-backup-20261121_996048", "/etc/passwd",
        ".incomplete-summit-backup-full-20261121T031048Z", "summit-backup-a\nb-20261121T031048Z"})
    EXPECT_FALSE(parse_backup_id(text).ok()) << text;
}

struct Typed {
  const char* text;
  const char* base;
};
class BackupReferenceForms : public testing::TestWithParam<Typed> {};
TEST_P(BackupReferenceForms, NamesTheBackup) {
  const auto reference = parse_reference(GetParam().text);
  ASSERT_TRUE(reference.ok()) << reference.error().message();
  EXPECT_EQ(reference->id, "summit-backup-full-20261121T031048Z");
  EXPECT_EQ(reference->base, GetParam().base);
}
INSTANTIATE_TEST_SUITE_P(
    AsTyped, BackupReferenceForms,
    testing::Values(Typed{"summit-backup-full-20261121T031048Z", ""},
                    Typed{"summit-backup-full-20261121T031048Z:", ""},
                    Typed{"backups/summit-backup-full-20261121T031048Z", "backups"},
                    Typed{"backups/summit-backup-full-20261121T031048Z/:", "backups"},
                    Typed{"./backups/summit-backup-full-20261121T031048Z:", "./backups"},
                    Typed{"/a/b/summit-backup-full-20261121T031048Z/", "/a/b"},
                    Typed{"summit-backup-full-20261121T031048Z/postgres-full.dump", ""},
                    Typed{"/a/summit-backup-full-20261121T031048Z/summit-backup-full-20261121T031048Z",
                          "/a"}));

TEST(BackupReference, NeedsAnId) {
  for (const char* text : {"", ":", "/", "backups", "postgres-full.dump", "../..", "\0"})
    EXPECT_EQ(parse_reference(text).error().code(), Code::kUsage) << text;
}

}  // namespace
}  // namespace summit::repository
