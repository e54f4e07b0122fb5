#include "tests/storage/testing/s3_world.h"

#include <stdexcept>

namespace summit::storage {

namespace {

template <typename T>
T required(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  return std::move(result).value();
}

}  // namespace

S3World::S3World() {
  platform::S3Server::Options options;
  options.settings["MINIO_KMS_SECRET_KEY"] = "summit-key:IyqsU3kMFloCNup4BsZtf/rmfHVcTgznO2F25CkEH1g=";
  // Buckets as the first part of the host's name, beside those in the path.
  options.settings["MINIO_DOMAIN"] = "localhost";
  server_ = required(platform::S3Server::create(std::move(options)));
  common_bucket_ = new_bucket(false);
}

S3World& S3World::shared() {
  static S3World world;
  return world;
}

S3Settings S3World::settings() const {
  S3Settings settings;
  settings.region = server_->region();
  settings.endpoint_url = server_->url();
  settings.retry = {
      .attempts = 4, .base = std::chrono::milliseconds(10), .longest = std::chrono::milliseconds(100)};
  return settings;
}

std::shared_ptr<AwsIdentity> S3World::identity() const {
  return AwsIdentity::fixed({server_->access_key(), server_->secret_key()});
}

std::unique_ptr<S3Bucket> S3World::bucket(const std::string& name) const {
  return required(S3Bucket::connect(settings(), identity(), name));
}

std::string S3World::new_bucket(bool with_object_lock) {
  const std::string name = fmt::format("summit-backups-test-{}", ++names_);
  const auto created = bucket(name)->create(with_object_lock);
  if (!created.ok()) throw std::runtime_error(created.error().to_string());
  return name;
}

std::string S3World::new_prefix() { return fmt::format("summit-backups/test-{}", ++names_); }

std::unique_ptr<S3Store> S3World::new_store() { return open(settings(), common_bucket_, new_prefix()); }

std::unique_ptr<S3Store> S3World::open(const S3Settings& settings, const std::string& bucket,
                                       const std::string& prefix) const {
  return required(S3Store::open(settings, identity(), bucket, prefix));
}

}  // namespace summit::storage
