// How a bucket is reached and what its objects get: plain values, filled from variables or by hand.
#pragma once

#include <string>

#include "core/backoff.h"
#include "core/result.h"
#include "storage/http_transport.h"
#include "storage/variable_lookup.h"

namespace summit::storage {

enum class Addressing {
  kAutomatic,    // by path at an endpoint of one's own, or when the bucket's name has dots; else by host
  kPath,         // https://endpoint/bucket/key
  kVirtualHost,  // https://bucket.endpoint/key
};

enum class ServerEncryption { kNone, kS3, kKms };

enum class LockMode {
  kCompliance,  // nobody can shorten it, not even the account's root
  kGovernance,  // who has s3:BypassGovernanceRetention can
};

// "COMPLIANCE" or "GOVERNANCE".
std::string_view name_of(LockMode mode);

struct S3Settings {
  std::string region = "us-east-1";
  std::string endpoint_url{};  // empty: Amazon's in that region
  Addressing addressing = Addressing::kAutomatic;

  ServerEncryption encryption = ServerEncryption::kNone;
  std::string kms_key_id{};  // id, ARN or alias; empty: the account's own key for S3
  std::string storage_class{};
  LockMode lock_mode = LockMode::kCompliance;

  // Of uploads of unknown length: the size of the first parts (it doubles every 1000 parts, since S3 permits
  // 10000), and how many bytes of parts may be on their way at once.
  size_t part_size = 8 * MiB;
  size_t bytes_in_flight = 32 * MiB;

  TransportSettings transport{};
  RetrySettings retry{};
};

// From the variables that AWS's own tools read (AWS_REGION, AWS_DEFAULT_REGION, the profile's region,
// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, AWS_MAX_ATTEMPTS), and ours: S3_ADDRESSING_STYLE
// (auto, path, virtual), S3_SSE (none, AES256, aws:kms), S3_SSE_KMS_KEY_ID, S3_STORAGE_CLASS, S3_LOCK_MODE
// (COMPLIANCE, GOVERNANCE), S3_BANDWIDTH_LIMIT ("20MB" a second), S3_TIMEOUT ("60 s" without a byte). kConfig
// names the variable whose value makes no sense.
Result<S3Settings> s3_settings_from(const VariableLookup& variables);

}  // namespace summit::storage
