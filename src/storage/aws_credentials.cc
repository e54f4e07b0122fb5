#include "storage/aws_credentials.h"

#include <cstdlib>

#include "storage/credential_sources.h"

namespace summit::storage {

namespace {

// Temporary credentials are renewed when they have less than this left.
constexpr std::chrono::minutes kRenewBefore{5};

class FixedCredentials final : public CredentialSource {
 public:
  explicit FixedCredentials(AwsCredentials credentials) : credentials_(std::move(credentials)) {}
  std::string describe() const override { return "fixed keys"; }
  Result<std::optional<AwsCredentials>> find(const Cancellation&) override {
    return std::optional(credentials_);
  }

 private:
  AwsCredentials credentials_;
};

class EnvironmentCredentials final : public CredentialSource {
 public:
  explicit EnvironmentCredentials(VariableLookup variables) : variables_(std::move(variables)) {}
  std::string describe() const override { return "AWS_ACCESS_KEY_ID"; }

  Result<std::optional<AwsCredentials>> find(const Cancellation&) override {
    const auto id = variables_("AWS_ACCESS_KEY_ID");
    const auto key = variables_("AWS_SECRET_ACCESS_KEY");
    if (!id && !key) return std::optional<AwsCredentials>();
    if (!id || !key) {
      return Error(Code::kConfig, "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set")
          .hint("set both, or neither");
    }
    return std::optional(
        AwsCredentials{*id, Secret(*key), Secret(variables_("AWS_SESSION_TOKEN").value_or("")), {}});
  }

 private:
  VariableLookup variables_;
};

}  // namespace

VariableLookup process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

std::unique_ptr<CredentialSource> environment_credentials(const VariableLookup& variables) {
  return std::make_unique<EnvironmentCredentials>(variables);
}

AwsIdentity::AwsIdentity(std::vector<std::unique_ptr<CredentialSource>> sources)
    : sources_(std::move(sources)) {}

std::shared_ptr<AwsIdentity> AwsIdentity::fixed(AwsCredentials credentials) {
  std::vector<std::unique_ptr<CredentialSource>> sources;
  sources.push_back(std::make_unique<FixedCredentials>(std::move(credentials)));
  return std::make_shared<AwsIdentity>(std::move(sources));
}

std::shared_ptr<AwsIdentity> AwsIdentity::from_variables(const VariableLookup& variables,
                                                         const TransportSettings& transport) {
  const auto remote = std::make_shared<HttpTransport>(transport);
  TransportSettings quick;
  // The metadata service is one hop away or not there at all.
  quick.connect_timeout = std::chrono::seconds(1);
  quick.stall_timeout = std::chrono::seconds(5);
  const auto nearby = std::make_shared<HttpTransport>(quick);

  std::vector<std::unique_ptr<CredentialSource>> sources;
  sources.push_back(environment_credentials(variables));
  sources.push_back(web_identity_credentials(variables, remote));
  sources.push_back(profile_credentials(variables, remote));
  sources.push_back(container_credentials(variables, nearby));
  sources.push_back(machine_credentials(variables, nearby));
  return std::make_shared<AwsIdentity>(std::move(sources));
}

Result<AwsCredentials> AwsIdentity::credentials(const Cancellation& cancellation) {
  const std::lock_guard lock(mutex_);
  if (!current_) return find_locked(cancellation);
  if (!current_->expires || *current_->expires - now() > kRenewBefore) return *current_;
  auto renewed = find_locked(cancellation);
  // What still holds is better than nothing: the next request tries again.
  if (!renewed.ok() && *current_->expires > now()) return *current_;
  return renewed;
}

Result<AwsCredentials> AwsIdentity::renew(const AwsCredentials& rejected, const Cancellation& cancellation) {
  const std::lock_guard lock(mutex_);
  const bool renewed_already =
      current_ && (current_->access_key_id != rejected.access_key_id ||
                   current_->session_token.reveal() != rejected.session_token.reveal());
  if (renewed_already) return *current_;
  return find_locked(cancellation);
}

Result<AwsCredentials> AwsIdentity::find_locked(const Cancellation& cancellation) {
  for (const auto& source : sources_) {
    RETURN_IF_ERROR(cancellation.check());
    ASSIGN_OR_RETURN(auto found, source->find(cancellation), "credentials from {}", source->describe());
    if (!found) continue;
    current_ = std::move(*found);
    return *current_;
  }
  return Error(Code::kDenied, "no credentials for s3 were found")
      .hint(
          "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (docs/storage.md lists all ways)");
}

}  // namespace summit::storage
