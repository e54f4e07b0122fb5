// AWS Signature Version 4: proves who sends a request, and that nobody changed it on the way.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/secret.h"
#include "core/time.h"

namespace summit::storage {

struct AwsCredentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token{};            // empty for keys that last
  std::optional<Instant> expires{};  // never when absent
};

struct SigningScope {
  std::string region;   // "us-west-2"
  std::string service;  // "s3", "kms", "sts"
};

// The parts of a request that a signature covers. All headers given are signed.
struct SignedParts {
  std::string method;
  std::string path = "/";                                    // not percent-encoded
  std::vector<std::pair<std::string, std::string>> query{};  // not percent-encoded
  std::map<std::string, std::string> headers{};              // names in lower case; "host" must be there
  std::string payload_sha256{};                              // lower-case hexadecimal, or "UNSIGNED-PAYLOAD"
};

// Adds `x-amz-date`, for temporary credentials `x-amz-security-token`, and `authorization` to the headers.
void sign(SignedParts& request, const AwsCredentials& credentials, const SigningScope& scope, Instant when);

// Everything but letters, digits and `-._~` as %XX; `/` too, unless it is kept.
std::string percent_encoded(std::string_view text, bool keep_slashes);

// "a=1&b=%2F": in the order that the signature wants.
std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace summit::storage
