// Roles assumed at AWS's Security Token Service. Internal to the credential sources.
#pragma once

#include "storage/aws_credentials.h"

namespace summit::storage {

struct AssumedRole {
  std::string role_arn;
  std::string session_name{};  // empty: "summit-dr"
  std::string external_id{};
  std::string region{};        // empty: us-east-1
  std::string endpoint_url{};  // empty: Amazon's in that region
};

// As whom the role is assumed: by a token that an identity provider signed, or by other credentials.
Result<AwsCredentials> assume_with_token(HttpTransport& transport, const AssumedRole& role,
                                         const Secret& token, const Cancellation& cancellation);
Result<AwsCredentials> assume_with_credentials(HttpTransport& transport, const AssumedRole& role,
                                               const AwsCredentials& caller,
                                               const Cancellation& cancellation);

}  // namespace summit::storage
