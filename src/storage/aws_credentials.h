// Who we are for AWS: found where its own tools find it, kept until it expires, and found again before that.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/result.h"
#include "storage/aws_signer.h"
#include "storage/http_transport.h"
#include "storage/variable_lookup.h"

namespace summit::storage {

// One place where credentials may be. One thread at a time.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // "environment", "profile summit in /home/x/.aws/credentials": for messages.
  virtual std::string describe() const = 0;
  // Nothing when this place is not set up; an error when it is, but gives none.
  virtual Result<std::optional<AwsCredentials>> find(const Cancellation& cancellation) = 0;
};

// Thread-safe.
class AwsIdentity {
 public:
  // The first source that gives credentials counts.
  explicit AwsIdentity(std::vector<std::unique_ptr<CredentialSource>> sources);

  // Environment, web identity, profile files, container, machine: in that order, as AWS's own tools look.
  // `transport` settings are those for the requests that this takes.
  static std::shared_ptr<AwsIdentity> from_variables(const VariableLookup& variables,
                                                     const TransportSettings& transport);
  static std::shared_ptr<AwsIdentity> fixed(AwsCredentials credentials);

  // kDenied with a hint when no source gives any.
  Result<AwsCredentials> credentials(const Cancellation& cancellation);

  // Asks the sources anew, unless somebody has done so since `rejected` were given out.
  Result<AwsCredentials> renew(const AwsCredentials& rejected, const Cancellation& cancellation);

 private:
  Result<AwsCredentials> find_locked(const Cancellation& cancellation);

  std::vector<std::unique_ptr<CredentialSource>> sources_;
  std::mutex mutex_;
  std::optional<AwsCredentials> current_;
};

}  // namespace summit::storage
