// AWS KMS, and servers that speak its protocol, as a key service.
//
// https://docs.aws.amazon.com/kms/latest/APIReference: GenerateDataKey and Decrypt, as JSON, signed like all
// of AWS's requests.
#pragma once

#include <memory>
#include <string>

#include "core/backoff.h"
#include "repository/packed/key_service.h"
#include "storage/aws_credentials.h"
#include "storage/http_transport.h"
#include "storage/variable_lookup.h"

namespace summit::repository::packed {

struct AwsKeyServiceSettings {
  std::string endpoint_url{};  // empty: Amazon's in the key's region
  std::string region{};        // for keys that name none
  storage::TransportSettings transport{};
  RetrySettings retry{};
};

// From the variables that AWS's own tools read: AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL, and those of the
// region, certificates and attempts as in storage/s3_settings.h. kConfig names the variable whose value makes
// no sense.
Result<AwsKeyServiceSettings> key_service_settings_from(const storage::VariableLookup& variables);

// One thread at a time.
class AwsKeyService final : public KeyService {
 public:
  AwsKeyService(AwsKeyServiceSettings settings, std::shared_ptr<storage::AwsIdentity> identity);
  ~AwsKeyService() override;

  Result<DataKey> generate_data_key(const ServiceKey& key, const EncryptionContext& context,
                                    const Cancellation& cancellation) override;
  Result<Secret> decrypt(const ServiceKey& key, const std::string& encrypted,
                         const EncryptionContext& context, const Cancellation& cancellation) override;

 private:
  struct Request;
  struct Answer;
  Result<Secret> call(const Request& request, const Cancellation& cancellation);
  Result<Answer> send_once(const Request& request, const storage::AwsCredentials& credentials,
                           const Cancellation& cancellation);

  AwsKeyServiceSettings settings_;
  std::shared_ptr<storage::AwsIdentity> identity_;
  std::unique_ptr<storage::HttpTransport> transport_;
};

}  // namespace summit::repository::packed
