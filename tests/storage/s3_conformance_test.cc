#include "tests/storage/conformance.h"
#include "tests/storage/testing/s3_world.h"

namespace summit::storage {
namespace {

class BucketWorld final : public StoreWorld {
 public:
  explicit BucketWorld(std::unique_ptr<S3Store> store) : store_(std::move(store)) {}
  ObjectStore& store() override { return *store_; }

 private:
  std::unique_ptr<S3Store> store_;
};

const Implementation kBucket{"Bucket",
                             [] { return std::make_unique<BucketWorld>(S3World::shared().new_store()); }};

// With versions, object lock and encryption: the bucket that docs/storage.md recommends.
const Implementation kLockedBucket{
    "LockedBucket", [] {
      S3World& world = S3World::shared();
      static const std::string bucket = world.new_bucket(true);
      S3Settings settings = world.settings();
      settings.encryption = ServerEncryption::kS3;
      return std::make_unique<BucketWorld>(world.open(settings, bucket, world.new_prefix()));
    }};

INSTANTIATE_TEST_SUITE_P(S3, Conformance, testing::Values(kBucket, kLockedBucket, wrapped(kBucket)),
                         name_of_case);

}  // namespace
}  // namespace summit::storage
