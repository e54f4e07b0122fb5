// The documents of a bucket's settings. Internal to S3Bucket.
#pragma once

#include "storage/s3_bucket_admin.h"

namespace summit::storage {

std::string lifecycle_document(const std::vector<LifecycleRule>& rules);
Result<std::vector<LifecycleRule>> parse_lifecycle(std::string_view document);

std::string replication_document(const Replication& replication);
Result<Replication> parse_replication(std::string_view document);

std::string object_lock_document(const ObjectLock& lock);
Result<ObjectLock> parse_object_lock(std::string_view document);

}  // namespace summit::storage
