// What every new object of an S3 store gets, and how its creation is confirmed. Internal to the S3 store.
#pragma once

#include "storage/s3_client.h"

namespace summit::storage {

inline constexpr const char* kEncryptionHeader = "x-amz-server-side-encryption";

// An object to be made: its whole key, and a mark by which a repeated request knows its own earlier attempt.
struct NewObject {
  NewObject(std::string key, const PutOptions& options);

  std::string key;
  PutOptions options;
  std::string mark;
};

// Encryption, storage class, lock and mark: of a put, or of the beginning of a multipart upload.
std::map<std::string, std::string> headers_of(const NewObject& object, const S3Settings& settings);

// Fails unless the answer says that the requested encryption was applied.
Result<void> check_encryption(const WireResponse& response, const S3Settings& settings);

// In one request. An object that was stored without its encryption is removed again.
Result<void> put_object(S3Client& client, const NewObject& object, ByteView content,
                        const Cancellation& cancellation);

// What became of a creating request that ended with `response`, a success or not: settles whether a conflict
// was with its own earlier attempt, and checks the encryption.
Result<void> settle(S3Client& client, const NewObject& object, const S3Request& request,
                    const S3Response& response, const Cancellation& cancellation);

// "2026-11-21T03:10:49Z", rounded up: a lock is never shorter than asked for.
std::string lock_time(Instant until);

}  // namespace summit::storage
