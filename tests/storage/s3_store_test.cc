// The S3 store on a real server: what the conformance suite cannot ask of every store.
#include "storage/s3_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>
#include <random>

#include "core/digest.h"
#include "core/task_group.h"
#include "storage/probe.h"
#include "storage/s3_client.h"
#include "tests/storage/testing/s3_world.h"

namespace summit::storage {
namespace {

using testing::HasSubstr;

S3World& world() { return S3World::shared(); }

std::shared_ptr<S3Client> raw_client(const std::string& bucket) {
  return S3Client::create(world().settings(), world().identity(), bucket).value();
}

S3Response ask(const std::string& bucket, const S3Request& request) {
  auto response = raw_client(bucket)->send(request, {});
  EXPECT_TRUE(response.ok()) << response.error().to_string();
  return std::move(*response);
}

std::string header_of(const std::string& bucket, const std::string& key, const std::string& name) {
  S3Request request;
  request.method = "HEAD";
  request.key = key;
  return ask(bucket, request).wire.header(name);
}

class S3StoreTest : public testing::Test {
 protected:
  std::unique_ptr<S3Store> open(const S3Settings& settings) {
    return world().open(settings, bucket_, prefix_);
  }
  std::string whole(const std::string& key) const { return prefix_ + "/" + key; }
  size_t pending_uploads(const std::string& key) {
    S3Request request;
    request.query = {{"uploads", ""}, {"prefix", whole(key)}};
    return parse_pending_uploads(ask(bucket_, request).wire.body)->uploads.size();
  }

  std::string bucket_ = world().new_bucket(false);
  std::string prefix_ = world().new_prefix();
};

TEST_F(S3StoreTest, TheRealServerHonoursConditions) {
  const auto found = probe(*open(world().settings()));
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_TRUE(found->conditional_put);
  EXPECT_FALSE(found->object_lock);
}

TEST_F(S3StoreTest, ObjectsAreEncryptedAsRequested) {
  S3Settings settings = world().settings();
  settings.encryption = ServerEncryption::kS3;
  ASSERT_TRUE(open(settings)->put("a", as_bytes("x")).ok());
  EXPECT_EQ(header_of(bucket_, whole("a"), "x-amz-server-side-encryption"), "AES256");

  settings.encryption = ServerEncryption::kKms;
  settings.kms_key_id = "summit-key";
  const auto store = open(settings);
  const auto stored = store->put("b", as_bytes("x"));
  ASSERT_TRUE(stored.ok()) << stored.error().to_string();
  EXPECT_EQ(header_of(bucket_, whole("b"), "x-amz-server-side-encryption"), "aws:kms");
  auto upload = store->upload("c");
  ASSERT_TRUE(upload.ok() && (*upload)->write(as_bytes(std::string(20 * MiB, 'x'))).ok());
  const auto finished = (*upload)->finish();
  ASSERT_TRUE(finished.ok()) << finished.error().to_string();
  EXPECT_EQ(header_of(bucket_, whole("c"), "x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(get_whole(*store, "c").value(), std::string(20 * MiB, 'x'));
}

TEST_F(S3StoreTest, ABucketIsReachedByTheNameOfItsHost) {
  S3Settings settings = world().settings();
  settings.endpoint_url = fmt::format("http://localhost:{}", world().server().port());
  settings.addressing = Addressing::kVirtualHost;
  const auto store = open(settings);
  ASSERT_TRUE(store->put("a+b=c/d", as_bytes("x")).ok());
  EXPECT_EQ(get_whole(*open(world().settings()), "a+b=c/d").value(), "x");
  settings.addressing = Addressing::kPath;
  EXPECT_EQ(get_whole(*open(settings), "a+b=c/d").value(), "x");
}

TEST_F(S3StoreTest, TheStorageClassIsKept) {
  S3Settings settings = world().settings();
  settings.storage_class = "REDUCED_REDUNDANCY";
  ASSERT_TRUE(open(settings)->put("a", as_bytes("x")).ok());
  EXPECT_EQ(header_of(bucket_, whole("a"), "x-amz-storage-class"), "REDUCED_REDUNDANCY");
}

TEST_F(S3StoreTest, AnAbandonedUploadLeavesNoParts) {
  const auto store = open(world().settings());
  auto upload = store->upload("packs/large");
  ASSERT_TRUE(upload.ok() && (*upload)->write(as_bytes(std::string(30 * MiB, 'x'))).ok());
  EXPECT_EQ(pending_uploads("packs/large"), 1u);
  upload->reset();
  EXPECT_EQ(pending_uploads("packs/large"), 0u);
}

TEST_F(S3StoreTest, ACancelledUploadLeavesNoParts) {
  const auto store = open(world().settings());
  Cancellation cancellation;
  auto upload = store->upload("packs/large", {}, cancellation);
  ASSERT_TRUE(upload.ok() && (*upload)->write(as_bytes(std::string(30 * MiB, 'x'))).ok());
  cancellation.request();
  EXPECT_EQ((*upload)->finish().error().code(), Code::kCancelled);
  upload->reset();
  EXPECT_EQ(pending_uploads("packs/large"), 0u);
}

TEST_F(S3StoreTest, ALostConditionalUploadLeavesNoParts) {
  const auto store = open(world().settings());
  ASSERT_TRUE(store->put("packs/large", as_bytes("first")).ok());
  auto upload = store->upload("packs/large", {.condition = Condition::kAbsent});
  ASSERT_TRUE(upload.ok() && (*upload)->write(as_bytes(std::string(20 * MiB, 'x'))).ok());
  EXPECT_EQ((*upload)->finish().error().code(), Code::kAlreadyExists);
  upload->reset();
  EXPECT_EQ(pending_uploads("packs/large"), 0u);
  EXPECT_EQ(get_whole(*store, "packs/large").value(), "first");
}

TEST_F(S3StoreTest, WrongKeysAreDeniedEachWithItsMessage) {
  const auto with_keys = [&](const std::string& id, const Secret& secret) {
    return S3Store::open(world().settings(), AwsIdentity::fixed({id, secret}), bucket_, "");
  };
  const auto unknown = with_keys("nobody", Secret("some-secret-key"));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code(), Code::kDenied);
  EXPECT_THAT(unknown.error().message(), HasSubstr("access key is not known"));
  const auto wrong = with_keys(world().server().access_key(), Secret("some-secret-key"));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code(), Code::kDenied);
  EXPECT_THAT(wrong.error().message(), HasSubstr("secret access key for bucket"));
}

TEST_F(S3StoreTest, AMissingBucketIsAMissingRepository) {
  const auto store = S3Store::open(world().settings(), world().identity(), "no-such-bucket", "");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), Code::kRepositoryMissing);
}

TEST_F(S3StoreTest, ABucketThatVanishesIsSaidSoByEveryCall) {
  const auto store = open(world().settings());
  S3Request remove;
  remove.method = "DELETE";
  ASSERT_TRUE(ask(bucket_, remove).ok());
  EXPECT_EQ(store->put("a", {}).error().code(), Code::kRepositoryMissing);
  EXPECT_EQ(get_whole(*store, "a").error().code(), Code::kRepositoryMissing);
  EXPECT_EQ(store->list("", "", [](const ObjectInfo&) -> Result<bool> { return true; }).error().code(),
            Code::kRepositoryMissing);
}

TEST_F(S3StoreTest, AServerThatComesBackIsWaitedFor) {
  S3Settings settings = world().settings();
  settings.retry = {
      .attempts = 40, .base = std::chrono::milliseconds(100), .longest = std::chrono::milliseconds(500)};
  const auto store = open(settings);
  auto upload = store->upload("packs/large");
  ASSERT_TRUE(upload.ok() && (*upload)->write(as_bytes(std::string(9 * MiB, 'x'))).ok());
  ASSERT_TRUE(world().server().kill().ok());
  TaskGroup repair;
  repair.spawn([] { return world().server().start(); });
  const auto written = (*upload)->write(as_bytes(std::string(9 * MiB, 'x')));
  const auto finished = (*upload)->finish();
  const auto repaired = repair.join();
  ASSERT_TRUE(repaired.ok()) << repaired.error().to_string();
  EXPECT_TRUE(written.ok() && finished.ok()) << finished.error().to_string();
  EXPECT_EQ(store->head("packs/large")->value().size, 18 * MiB);
}

uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * KiB;
  }
  return 0;
}

TEST_F(S3StoreTest, AnUploadNeedsLittleMemoryWhateverItsSize) {
  const auto store = open(world().settings());
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  const uint64_t before = peak_memory();

  std::string block(1 * MiB, '\0');
  std::mt19937_64 random(1);
  Sha256 written;
  auto upload = store->upload("packs/huge");
  ASSERT_TRUE(upload.ok());
  for (int i = 0; i < 200; ++i) {
    for (size_t at = 0; at < block.size(); at += 512) block[at] = static_cast<char>(random());
    written.update(block);
    ASSERT_TRUE((*upload)->write(as_bytes(block)).ok());
  }
  ASSERT_TRUE((*upload)->finish().ok());
  Sha256 read;
  const auto hash = [&](ByteView bytes) -> Result<void> {
    read.update(bytes);
    return {};
  };
  ASSERT_TRUE(store->get("packs/huge", {}, hash).ok());
  EXPECT_EQ(to_hex(read.finish()), to_hex(written.finish()));
  EXPECT_LT(peak_memory() - before, 100 * MiB);
  ASSERT_GT(before, 0u);
}

class LockedBucketTest : public testing::Test {
 protected:
  // Tries to delete every version of the object; true when one went.
  bool can_be_destroyed(const std::string& key) {
    S3Request head;
    head.method = "HEAD";
    head.key = key;
    const std::string version = ask(bucket_, head).wire.header("x-amz-version-id");
    EXPECT_FALSE(version.empty());
    S3Request remove;
    remove.method = "DELETE";
    remove.key = key;
    remove.query = {{"versionId", version}};
    return ask(bucket_, remove).ok();
  }
  std::string locked_until(const std::string& key) {
    return header_of(bucket_, key, "x-amz-object-lock-retain-until-date");
  }

  std::string bucket_ = world().new_bucket(true);
  std::unique_ptr<S3Store> store_ = world().open(world().settings(), bucket_, "");
  Instant tomorrow_ = now() + std::chrono::hours(24);
};

TEST_F(LockedBucketTest, ALockedObjectCannotBeDestroyed) {
  EXPECT_TRUE(store_->capabilities().object_lock);
  ASSERT_TRUE(store_->put("free", as_bytes("x")).ok());
  const auto stored = store_->put("locked", as_bytes("x"), {.locked_until = tomorrow_});
  ASSERT_TRUE(stored.ok()) << stored.error().to_string();
  EXPECT_TRUE(can_be_destroyed("free"));
  EXPECT_FALSE(can_be_destroyed("locked"));

  auto upload = store_->upload("large", {.condition = Condition::kAbsent, .locked_until = tomorrow_});
  ASSERT_TRUE(upload.ok() && (*upload)->write(as_bytes(std::string(10 * MiB, 'x'))).ok());
  ASSERT_TRUE((*upload)->finish().ok());
  EXPECT_FALSE(can_be_destroyed("large"));
}

TEST_F(LockedBucketTest, ALockIsExtendedAndNeverShortened) {
  ASSERT_TRUE(store_->put("pack", as_bytes("x")).ok());
  EXPECT_EQ(locked_until("pack"), "");
  const auto locked = store_->lock_until("pack", tomorrow_);
  ASSERT_TRUE(locked.ok()) << locked.error().to_string();
  const auto first = from_rfc3339(locked_until("pack"));
  ASSERT_TRUE(first.has_value());
  EXPECT_GE(*first, tomorrow_);
  EXPECT_FALSE(can_be_destroyed("pack"));

  ASSERT_TRUE(store_->lock_until("pack", tomorrow_ + std::chrono::hours(48)).ok());
  const auto second = from_rfc3339(locked_until("pack"));
  EXPECT_GE(*second, tomorrow_ + std::chrono::hours(48));
  ASSERT_TRUE(store_->lock_until("pack", tomorrow_).ok());
  EXPECT_EQ(from_rfc3339(locked_until("pack")), second);
  EXPECT_EQ(store_->lock_until("absent", tomorrow_).error().code(), Code::kNotFound);
}

TEST_F(LockedBucketTest, ARemovedNameIsFreeThoughItsOldVersionStays) {
  ASSERT_TRUE(store_->put("latest", as_bytes("old"), {.locked_until = tomorrow_}).ok());
  ASSERT_TRUE(store_->remove("latest").ok());
  EXPECT_FALSE(store_->head("latest")->has_value());
  EXPECT_TRUE(store_->put("latest", as_bytes("new"), {.condition = Condition::kAbsent}).ok());
  EXPECT_EQ(get_whole(*store_, "latest").value(), "new");
}

}  // namespace
}  // namespace summit::storage
