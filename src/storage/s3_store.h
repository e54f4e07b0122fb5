// Objects in a bucket of Amazon S3, or of any server that speaks its protocol.
//
// Requests that fail in passing are repeated (retry.h); each carries a SHA-256 of its body, which the server
// checks. What an object must have besides its bytes (encryption, lock, storage class) is in the settings; an
// answer that does not confirm the encryption is an error. How to set up a bucket: docs/storage.md.
#pragma once

#include "storage/object_store.h"
#include "storage/s3_settings.h"

namespace summit::storage {

class AwsIdentity;
class S3Client;

class S3Store final : public ObjectStore {
 public:
  // `prefix` is empty or a key, below which all objects lie. Asks the bucket whether it has object lock,
  // which also shows that it is there (else kRepositoryMissing) and lets us in (else kDenied).
  static Result<std::unique_ptr<S3Store>> open(const S3Settings& settings,
                                               std::shared_ptr<AwsIdentity> identity,
                                               const std::string& bucket, const std::string& prefix,
                                               const Cancellation& cancellation = {});

  // How far the server's clock is ahead of ours; nothing unless it made a difference.
  std::chrono::microseconds clock_offset() const;

  std::string describe() const override;
  Capabilities capabilities() const override;
  Result<void> put(std::string_view key, ByteView content, const PutOptions& options = {},
                   const Cancellation& cancellation = {}) override;
  Result<std::unique_ptr<ObjectUpload>> upload(std::string_view key, const PutOptions& options = {},
                                               const Cancellation& cancellation = {}) override;
  Result<void> get(std::string_view key, ByteRange range,
                   const std::function<Result<void>(ByteView)>& consume,
                   const Cancellation& cancellation = {}) override;
  Result<std::optional<ObjectInfo>> head(std::string_view key,
                                         const Cancellation& cancellation = {}) override;
  Result<void> list(std::string_view prefix, std::string_view after,
                    const std::function<Result<bool>(const ObjectInfo&)>& visit,
                    const Cancellation& cancellation = {}) override;
  Result<void> remove(std::string_view key, const Cancellation& cancellation = {}) override;
  Result<void> lock_until(std::string_view key, Instant until,
                          const Cancellation& cancellation = {}) override;
  Result<size_t> remove_leftovers(std::chrono::seconds age, const Cancellation& cancellation = {}) override;

 private:
  S3Store(std::shared_ptr<S3Client> client, std::string prefix);
  Result<void> ask_bucket(const Cancellation& cancellation);
  Result<void> check_new(std::string_view key, const PutOptions& options) const;
  std::string whole(std::string_view key) const { return prefix_ + std::string(key); }
  Error no_lock() const;

  std::shared_ptr<S3Client> client_;  // shared with the uploads
  std::string prefix_;                // empty, or with its `/`
  bool object_lock_ = false;
};

}  // namespace summit::storage
