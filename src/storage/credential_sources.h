// The places where AWS's own tools look for credentials. Internal to AwsIdentity; see there.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
#pragma once

#include "storage/aws_credentials.h"

namespace summit::storage {

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
std::unique_ptr<CredentialSource> environment_credentials(const VariableLookup& variables);

// AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN (Kubernetes service accounts): the token is read anew and
// exchanged at STS each time.
std::unique_ptr<CredentialSource> web_identity_credentials(const VariableLookup& variables,
                                                           std::shared_ptr<HttpTransport> transport);

// AWS_PROFILE in AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials) and AWS_CONFIG_FILE (~/.aws/config): keys,
// credential_process, or a role assumed by source_profile, credential_source or web_identity_token_file.
std::unique_ptr<CredentialSource> profile_credentials(const VariableLookup& variables,
                                                      std::shared_ptr<HttpTransport> transport);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS pod identity).
std::unique_ptr<CredentialSource> container_credentials(const VariableLookup& variables,
                                                        std::shared_ptr<HttpTransport> transport);

// The EC2 instance's role, by version 2 of the metadata service. AWS_EC2_METADATA_DISABLED=true skips it.
std::unique_ptr<CredentialSource> machine_credentials(const VariableLookup& variables,
                                                      std::shared_ptr<HttpTransport> transport);

}  // namespace summit::storage
