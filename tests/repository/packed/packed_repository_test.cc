#include "repository/packed/packed_repository.h"

#include <gmock/gmock.h>

#include <limits>
#include <random>
#include <thread>

#include "repository/copy_backup.h"
#include "storage/local_store.h"
#include "tests/repository/world.h"

namespace summit::repository::packed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kOld = "summit-backup-full-20261120T031048Z";
constexpr const char* kNew = "summit-backup-full-20261121T031048Z";

std::string noise(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < size) text += fmt::format("{:016x} row of a table\n", random());
  text.resize(size);
  return text;
}

void flip(const fs::path& path, size_t at) {
  auto content = World::get(path);
  content.at(at) = static_cast<char>(content.at(at) ^ 1);
  World::put(path, content);
}

std::string random_bytes_of(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

NewSlot slot(const std::string& passphrase) {
  return {
      .secret = SlotSecret{.kind = SlotKind::kPassphrase, .secret = Secret(passphrase), .source = "the test"},
      .label = "test",
      .cost = {.passes = 1, .memory_kib = 64, .lanes = 1}};
}

class PackedRepositoryTest : public testing::Test {
 protected:
  PackedRepositoryTest() {
    repository_ = *PackedRepository::create(open_store(), slot("correct horse"), nullptr, options());
  }

  std::shared_ptr<storage::ObjectStore> open_store() const {
    return *storage::LocalStore::open(world_.base(), storage::LocalStore::IfMissing::kCreate);
  }
  PackedOptions options() const {
    return {.cache = world_.root() / "cache",
            .scratch = world_.root() / "scratch",
            .local_base = world_.base(),
            .chunks = {.pack_size = 1 * MiB}};
  }
  Result<std::unique_ptr<PackedRepository>> reopen(const std::string& passphrase = "correct horse") const {
    return PackedRepository::open(
        open_store(), {{.kind = SlotKind::kPassphrase, .secret = Secret(passphrase), .source = "the test"}},
        nullptr, options());
  }

  void make(const std::string& id, const World::Artifacts& artifacts) {
    auto metadata = World::metadata_for(id);
    metadata.layout = "packed";
    if (id == kOld) metadata.started = metadata.finished = at("2026-11-20T03:10:48Z");
    auto writer = repository_->begin(id);
    ASSERT_TRUE(writer.ok()) << writer.error().message();
    World::write(**writer, artifacts, metadata);
    const auto committed = (*writer)->commit(metadata);
    ASSERT_TRUE(committed.ok()) << committed.error().message();
    EXPECT_THAT((*writer)->warnings(), IsEmpty());
  }

  static Result<std::string> content(const BackupRepository& repository, const std::string& id,
                                     const std::string& name) {
    ASSIGN_OR_RETURN(const auto reader, repository.open(id));
    std::string text;
    RETURN_IF_ERROR(reader->read(name, [&](ByteView bytes) -> Result<void> {
      text += as_text(bytes);
      return {};
    }));
    return text;
  }

  std::vector<std::string> listed(const BackupRepository& repository) const {
    std::vector<std::string> ids;
    const auto summaries = repository.list();
    EXPECT_TRUE(summaries.ok()) << summaries.error().message();
    for (const auto& summary : *summaries) ids.push_back(summary.id);
    return ids;
  }

  std::vector<fs::path> packs() const {
    std::vector<fs::path> found;
    if (!fs::exists(world_.base() / "repository/packs")) return found;
    for (const auto& entry : fs::recursive_directory_iterator(world_.base() / "repository/packs"))
      if (entry.is_regular_file()) found.push_back(entry.path());
    return found;
  }
  uint64_t stored_bytes() const { return size_below(world_.base() / "repository/packs"); }

  VerifyReport verify(const std::string& id, const VerifyOptions& options = {}) {
    SilentReporter reporter;
    auto report = repository_->verify(id, options, reporter);
    EXPECT_TRUE(report.ok()) << report.error().message();
    return *report;
  }

  World world_;
  std::unique_ptr<PackedRepository> repository_;
};

TEST_F(PackedRepositoryTest, GivesBackWhatWasWrittenAlsoToAnotherProcess) {
  const auto dump = noise(5 * MiB, 1);
  make(kOld, {{"postgres-full.dump", dump}, {"redis.rdb", ""}});
  make(kNew, {{"postgres-full.dump", dump + "one more row"}});
  const auto other = reopen();
  ASSERT_TRUE(other.ok()) << other.error().message();
  EXPECT_THAT(listed(**other), ElementsAre(kNew, kOld));
  EXPECT_EQ(content(**other, kOld, "postgres-full.dump").value(), dump);
  EXPECT_EQ(content(**other, kOld, "redis.rdb").value(), "");
  EXPECT_EQ(content(**other, kNew, "postgres-full.dump").value(), dump + "one more row");
  const auto reader = (*other)->open(std::string("backups/") + kNew + ":");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->metadata().components.at(0).fingerprints.size(), 1U);
  EXPECT_EQ(World::get((*reader)->native_file("postgres-full.dump", world_.root()).value()),
            dump + "one more row");
}

TEST_F(PackedRepositoryTest, ARangeIsThoseBytesOfTheWhole) {
  const auto text = noise(3 * MiB, 1);
  make(kNew, {{"x.dump", text}, {"redis.rdb", ""}});
  const auto reader = repository_->open(kNew);
  EXPECT_EQ(World::range(**reader, "x.dump", 0, 4).value(), text.substr(0, 4));
  EXPECT_EQ(World::range(**reader, "x.dump", 999'999, 2'000'000).value(), text.substr(999'999, 2'000'000));
  EXPECT_EQ(World::range(**reader, "x.dump", text.size() - 3, 3).value(), text.substr(text.size() - 3));
  EXPECT_EQ(World::range(**reader, "x.dump", 0, text.size()).value(), text);
  EXPECT_EQ(World::range(**reader, "x.dump", 17, 0).value(), "");
  EXPECT_EQ(World::range(**reader, "x.dump", text.size(), 0).value(), "");
  EXPECT_EQ(World::range(**reader, "x.dump", text.size() - 3, 4).error().code(), Code::kCorrupt);
  EXPECT_EQ(World::range(**reader, "x.dump", text.size() + 1, 0).error().code(), Code::kCorrupt);
  EXPECT_EQ(World::range(**reader, "x.dump", 1, std::numeric_limits<uint64_t>::max()).error().code(),
            Code::kCorrupt);
  EXPECT_EQ(World::range(**reader, "y.dump", 0, 1).error().code(), Code::kNotFound);
  EXPECT_EQ(World::range(**reader, "redis.rdb", 0, 0).value(), "");
}

TEST_F(PackedRepositoryTest, ASecondBackupOfTheSameStoresAlmostNothing) {
  const auto dump = noise(8 * MiB, 2);
  make(kOld, {{"postgres-full.dump", dump}});
  const auto first = stored_bytes();
  make(kNew, {{"postgres-full.dump", dump}});
  EXPECT_LT(stored_bytes() - first, first / 50);
}

TEST_F(PackedRepositoryTest, StockSha256sumProvesThePacksWithoutAKey) {
  make(kNew, {{"postgres-full.dump", noise(3 * MiB, 3)}});
  const auto check =
      "cd " + (world_.base() / kNew).string() + " && sha256sum --quiet --strict -c CHECKSUMS 2>/dev/null";
  EXPECT_EQ(std::system(check.c_str()), 0);  // NOLINT(cert-env33-c): a stock tool
  const auto newest =
      "cd " + world_.root().string() + " && sha256sum --quiet --strict -c ./backups/CHECKSUMS 2>/dev/null";
  EXPECT_EQ(std::system(newest.c_str()), 0);  // NOLINT(cert-env33-c)
  flip(packs().front(), 1000);
  EXPECT_NE(std::system(check.c_str()), 0);  // NOLINT(cert-env33-c)
  EXPECT_TRUE(fs::exists(world_.base() / kNew / kNew));
  const auto view = World::get(world_.base() / kNew / "backup-metadata.json");
  EXPECT_THAT(view, testing::Not(HasSubstr(std::string(64, 'a')))) << "a fingerprint confirms a guess";
  EXPECT_TRUE(metadata_from_json(view).ok());
}

TEST_F(PackedRepositoryTest, AWrongPassphraseAndAnEmptyPlaceHaveTheirOwnErrors) {
  EXPECT_EQ(reopen("battery staple").error().code(), Code::kWrongKey);
  fs::remove_all(world_.base() / "repository");
  EXPECT_EQ(reopen().error().code(), Code::kRepositoryMissing);
  EXPECT_EQ(PackedRepository::create(open_store(), slot("x"), nullptr, options()).ok(), true);
  EXPECT_EQ(PackedRepository::create(open_store(), slot("x"), nullptr, options()).error().code(),
            Code::kAlreadyExists);
}

TEST_F(PackedRepositoryTest, WhatWasNotCommittedIsNotListedAndTheNextBackupSendsItNoMore) {
  const auto dump = random_bytes_of(16 * MiB, 4);
  {
    auto metadata = World::metadata_for(kOld);
    const auto writer = repository_->begin(kOld);
    World::write(**writer, {{"postgres-full.dump", dump}}, metadata);
    // Its threads have sent full packs by then; the writer dies before the last one is full.
    for (int attempt = 0; attempt < 1000 && packs().size() < 2; ++attempt)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_THAT(listed(*repository_), IsEmpty());
  const auto left = stored_bytes();
  ASSERT_GT(left, 0U);
  make(kNew, {{"postgres-full.dump", dump}});
  EXPECT_LT(stored_bytes(), 17 * MiB) << "what had arrived was sent again";
  EXPECT_EQ(content(*repository_, kNew, "postgres-full.dump").value(), dump);
  EXPECT_THAT(verify(kNew).findings, IsEmpty());
}

TEST_F(PackedRepositoryTest, AnIdIsGivenOnceAndARaceHasOneWinner) {
  make(kNew, {{"a.dump", "a"}});
  EXPECT_EQ(repository_->begin(kNew).error().code(), Code::kAlreadyExists);

  auto first = repository_->begin(kOld);
  auto second = repository_->begin(kOld);
  auto metadata = World::metadata_for(kOld);
  auto other = metadata;
  World::write(**first, {{"a.dump", "first"}}, metadata);
  World::write(**second, {{"a.dump", "second"}}, other);
  EXPECT_TRUE((*first)->commit(metadata).ok());
  EXPECT_EQ((*second)->commit(other).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(content(*repository_, kOld, "a.dump").value(), "first");
}

TEST_F(PackedRepositoryTest, VerifyNamesTheDamagedPackAndItsLevelIsRemembered) {
  make(kNew, {{"postgres-full.dump", noise(3 * MiB, 6)}});
  EXPECT_THAT(verify(kNew, {.level = 1}).findings, IsEmpty());
  EXPECT_THAT(verify(kNew, {.level = 2}).findings, IsEmpty());
  EXPECT_THAT(verify(kNew, {.level = 2, .fraction = 0.5}).findings, IsEmpty());
  const auto log = repository_->open_log();
  ASSERT_TRUE(log.ok());
  EXPECT_GE((*log)->state().find(kNew)->verifications.size(), 2U);

  const auto pack = packs().front();
  flip(pack, fs::file_size(pack) / 2);
  for (const int level : {1, 2}) {
    const auto report = verify(kNew, {.level = level});
    ASSERT_FALSE(report.findings.empty()) << level;
    EXPECT_THAT(report.findings.front().artifact, HasSubstr(pack.filename().string()));
  }
  fs::remove(pack);
  EXPECT_THAT(verify(kNew).findings.front().problem, HasSubstr("missing"));
}

TEST_F(PackedRepositoryTest, ARemovedBackupIsGoneUnlessItIsPinned) {
  make(kOld, {{"a.dump", "old"}});
  make(kNew, {{"a.dump", "new"}});
  ASSERT_TRUE(repository_->pin(kOld, "audit").ok());
  EXPECT_EQ(repository_->remove(kOld).error().code(), Code::kRefused);
  EXPECT_TRUE(fs::exists(world_.base() / kOld / kOld));
  ASSERT_TRUE(repository_->unpin(kOld, "audited").ok());
  ASSERT_TRUE(repository_->remove(kOld).ok());
  EXPECT_THAT(listed(*repository_), ElementsAre(kNew));
  EXPECT_FALSE(fs::exists(world_.base() / kOld / kOld));
  EXPECT_EQ(content(*repository_, kNew, "a.dump").value(), "new");
}

TEST_F(PackedRepositoryTest, TheIdOfAPlainBackupBesideItIsTaken) {
  world_.make(kOld, {{"postgres-full.dump", "rows"}});
  EXPECT_EQ(repository_->begin(kOld).error().code(), Code::kAlreadyExists);

  // One that appears while the packed one is written is noticed before the log says anything.
  auto writer = repository_->begin(kNew);
  auto metadata = World::metadata_for(kNew);
  World::write(**writer, {{"a.dump", "packed"}}, metadata);
  world_.make(kNew, {{"a.dump", "plain"}});
  EXPECT_EQ((*writer)->commit(metadata).error().code(), Code::kAlreadyExists);
  SilentReporter reporter;
  EXPECT_THAT(world_.repository().verify(kNew, reporter)->findings, IsEmpty());
}

TEST_F(PackedRepositoryTest, TheNextWriterPublishesWhatACrashPrevented) {
  make(kOld, {{"a.dump", "a"}});
  const auto view = World::get(world_.base() / kOld / "CHECKSUMS");
  fs::remove_all(world_.base() / kOld);
  ASSERT_TRUE(repository_->begin(kNew).ok());
  EXPECT_EQ(World::get(world_.base() / kOld / "CHECKSUMS"), view);
  EXPECT_TRUE(fs::exists(world_.base() / kOld / kOld));
}

TEST_F(PackedRepositoryTest, ExportedAndImportedBackupsAreTheSame) {
  const auto dump = noise(2 * MiB, 7);
  World source;
  source.make(kOld, {{"postgres-full.dump", dump}});
  SilentReporter reporter;
  const auto plain = source.repository().open(kOld);
  const auto imported = copy_backup(**plain, *repository_, reporter);
  ASSERT_TRUE(imported.ok()) << imported.error().message();
  EXPECT_EQ(imported->layout, "packed");

  World elsewhere;
  const auto packed = repository_->open(kOld);
  const auto exported = copy_backup(**packed, elsewhere.repository(), reporter);
  ASSERT_TRUE(exported.ok()) << exported.error().message();
  EXPECT_EQ(World::get(elsewhere.base() / kOld / "postgres-full.dump"), dump);
  EXPECT_TRUE(elsewhere.repository().verify(kOld, reporter)->findings.empty());
}

}  // namespace
}  // namespace summit::repository::packed
