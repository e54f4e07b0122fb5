// Reading one object, across as many connections as it takes. Internal to the S3 store.
#pragma once

#include "storage/s3_client.h"

namespace summit::storage {

// As ObjectStore::get(); `key` is the whole key. A connection that breaks is taken up where it broke, at the
// same version of the object: its ETag must match.
Result<void> download(S3Client& client, const std::string& key, ByteRange range,
                      const std::function<Result<void>(ByteView)>& consume, const Cancellation& cancellation);

// Nothing when there is no such object. `key` in the result is the whole key.
Result<std::optional<ObjectInfo>> head_object(S3Client& client, const std::string& key,
                                              const Cancellation& cancellation);

}  // namespace summit::storage
