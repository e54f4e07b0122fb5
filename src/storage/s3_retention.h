// Locks of objects against deletion. Internal to the S3 store.
#pragma once

#include "storage/s3_client.h"

namespace summit::storage {

// As ObjectStore::lock_until(); `key` is the whole key.
Result<void> extend_retention(S3Client& client, const std::string& key, Instant until,
                              const Cancellation& cancellation);

}  // namespace summit::storage
