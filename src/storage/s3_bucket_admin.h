// The settings of a bucket: versions, lifecycle, replication, object lock. For `summit-dr repository`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/object_store.h"
#include "storage/s3_settings.h"

namespace summit::storage {

class AwsIdentity;
class S3Client;

struct LifecycleRule {
  std::string id;
  std::string prefix{};  // of whole keys; empty: the whole bucket
  bool enabled = true;
  std::optional<int> transition_days{};  // to transition_class
  std::string transition_class{};        // "GLACIER"
  std::optional<int> expire_days{};      // the current version
  std::optional<int> expire_old_versions_days{};
  std::optional<int> abort_uploads_days{};  // unfinished multipart uploads
  // Of a rule that was read, as the server wrote it. When set it is written back unchanged, so that rules of
  // others survive, whatever they contain.
  std::string xml{};
};

struct ReplicationRule {
  std::string id;
  std::string prefix{};
  int priority = 1;
  std::string destination_bucket_arn;  // "arn:aws:s3:::summit-backups-dr"
  std::string storage_class{};
  bool delete_markers = false;  // replicate removals too
};

struct Replication {
  std::string role_arn;
  std::vector<ReplicationRule> rules;
};

struct ObjectLock {
  bool enabled = false;
  // What objects get that are stored without a lock of their own.
  std::optional<LockMode> default_mode{};
  int default_days = 0;
};

// Thread-safe. Errors are those of S3Store; kUnsupported where a server does not know the setting.
class S3Bucket {
 public:
  static Result<std::unique_ptr<S3Bucket>> connect(const S3Settings& settings,
                                                   std::shared_ptr<AwsIdentity> identity,
                                                   const std::string& bucket);

  Result<bool> exists(const Cancellation& cancellation = {});
  // In the region of the settings. kAlreadyExists when there is one of that name, ours or another's. With
  // object lock it has versions too; that cannot be chosen later everywhere.
  Result<void> create(bool with_object_lock, const Cancellation& cancellation = {});

  Result<bool> versioning(const Cancellation& cancellation = {});
  Result<void> set_versioning(bool enabled, const Cancellation& cancellation = {});

  Result<std::vector<LifecycleRule>> lifecycle(const Cancellation& cancellation = {});
  // Replaces all rules; without any the bucket has no lifecycle.
  Result<void> set_lifecycle(const std::vector<LifecycleRule>& rules, const Cancellation& cancellation = {});

  // Nothing when the bucket is not replicated.
  Result<std::optional<Replication>> replication(const Cancellation& cancellation = {});
  Result<void> set_replication(const Replication& replication, const Cancellation& cancellation = {});

  Result<ObjectLock> object_lock(const Cancellation& cancellation = {});
  Result<void> set_object_lock(const ObjectLock& lock, const Cancellation& cancellation = {});

 private:
  explicit S3Bucket(std::shared_ptr<S3Client> client) : client_(std::move(client)) {}
  // The document of a setting; nothing when the bucket has none, which the server says with `none`.
  Result<std::optional<std::string>> read(const char* setting, std::string_view none,
                                          const Cancellation& cancellation);
  Result<void> write(const char* setting, const std::string& document, const Cancellation& cancellation);

  std::shared_ptr<S3Client> client_;
};

}  // namespace summit::storage
