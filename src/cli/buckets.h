// Buckets as `summit-dr repository` sees them.
#pragma once

#include <memory>
#include <string>

#include "backup/bucket_rules.h"
#include "cli/session.h"
#include "storage/s3_bucket_admin.h"

namespace summit::cli {

// The bucket of a location "s3://bucket/prefix", reached in its region.
Result<std::unique_ptr<storage::S3Bucket>> open_bucket(Session& session, const std::string& location);

// Finds what lies at each prefix.
Result<void> look_into(backup::BucketLayout& layout, Session& session);

}  // namespace summit::cli
