// The JSON in which metadata services and credential programs give keys. Internal to the credential sources.
#pragma once

#include "core/result.h"
#include "storage/aws_signer.h"

namespace summit::storage {

// kDenied when it holds none. Nothing of the text enters the message.
Result<AwsCredentials> credentials_from_json(std::string_view text);

}  // namespace summit::storage
