// Credentials from services beside us: containers' endpoints, the metadata service of EC2, and web
// identities.
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "core/text.h"
#include "storage/aws_sts.h"
#include "storage/credential_json.h"
#include "storage/credential_sources.h"

namespace summit::storage {

namespace {

using Found = std::optional<AwsCredentials>;

Result<WireResponse> ask(HttpTransport& transport, const WireRequest& request,
                         const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(WireResponse response, transport.send(request, cancellation));
  if (response.status == 200) return response;
  return Error(Code::kDenied, "{} answers with status {}", request.url, response.status);
}

class WebIdentityCredentials final : public CredentialSource {
 public:
  WebIdentityCredentials(VariableLookup variables, std::shared_ptr<HttpTransport> transport)
      : variables_(std::move(variables)), transport_(std::move(transport)) {}
  std::string describe() const override { return "AWS_WEB_IDENTITY_TOKEN_FILE"; }

  Result<Found> find(const Cancellation& cancellation) override {
    const auto file = variables_("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto role_arn = variables_("AWS_ROLE_ARN");
    if (!file || !role_arn) return Found();
    AssumedRole role{.role_arn = *role_arn};
    role.session_name = variables_("AWS_ROLE_SESSION_NAME").value_or("");
    role.region = variables_("AWS_REGION").value_or(variables_("AWS_DEFAULT_REGION").value_or(""));
    role.endpoint_url = variables_("AWS_ENDPOINT_URL_STS").value_or("");
    ASSIGN_OR_RETURN(const std::string token, read_file(*file, 64 * KiB));
    ASSIGN_OR_RETURN(AwsCredentials credentials,
                     assume_with_token(*transport_, role, Secret(std::string(trimmed(token))), cancellation));
    return Found(std::move(credentials));
  }

 private:
  VariableLookup variables_;
  std::shared_ptr<HttpTransport> transport_;
};

class ContainerCredentials final : public CredentialSource {
 public:
  ContainerCredentials(VariableLookup variables, std::shared_ptr<HttpTransport> transport)
      : variables_(std::move(variables)), transport_(std::move(transport)) {}
  std::string describe() const override { return "the container's endpoint"; }

  Result<Found> find(const Cancellation& cancellation) override {
    WireRequest request;
    if (const auto relative = variables_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
      request.url = "http://169.254.170.2" + *relative;
    } else if (const auto full = variables_("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
      request.url = *full;
    } else {
      return Found();
    }
    std::string authorization = variables_("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
    if (const auto file = variables_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
      ASSIGN_OR_RETURN(authorization, read_file(*file, 64 * KiB));
    }
    if (!trimmed(authorization).empty()) request.headers["authorization"] = trimmed(authorization);
    ASSIGN_OR_RETURN(const WireResponse response, ask(*transport_, request, cancellation));
    ASSIGN_OR_RETURN(AwsCredentials credentials, credentials_from_json(response.body));
    return Found(std::move(credentials));
  }

 private:
  VariableLookup variables_;
  std::shared_ptr<HttpTransport> transport_;
};

class MachineCredentials final : public CredentialSource {
 public:
  MachineCredentials(VariableLookup variables, std::shared_ptr<HttpTransport> transport)
      : variables_(std::move(variables)), transport_(std::move(transport)) {}
  std::string describe() const override { return "the instance's metadata service"; }

  Result<Found> find(const Cancellation& cancellation) override {
    if (equals_ignoring_case(variables_("AWS_EC2_METADATA_DISABLED").value_or(""), "true")) return Found();
    std::string endpoint = variables_("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
    while (endpoint.ends_with('/')) endpoint.pop_back();

    WireRequest request;
    request.method = "PUT";
    request.url = endpoint + "/latest/api/token";
    request.headers["x-aws-ec2-metadata-token-ttl-seconds"] = "21600";
    const auto token = transport_->send(request, cancellation);
    RETURN_IF_ERROR(cancellation.check());
    // Most machines have no such service.
    if (!token.ok() || token->status != 200) return Found();

    request.method = "GET";
    request.headers = {{"x-aws-ec2-metadata-token", token->body}};
    request.url = endpoint + "/latest/meta-data/iam/security-credentials/";
    ASSIGN_OR_RETURN(const WireResponse roles, transport_->send(request, cancellation));
    const std::string_view listed = trimmed(roles.body);
    const std::string role(listed.substr(0, listed.find('\n')));
    if (roles.status != 200 || role.empty()) return Found();
    request.url += role;
    ASSIGN_OR_RETURN(const WireResponse response, ask(*transport_, request, cancellation));
    ASSIGN_OR_RETURN(AwsCredentials credentials, credentials_from_json(response.body));
    return Found(std::move(credentials));
  }

 private:
  VariableLookup variables_;
  std::shared_ptr<HttpTransport> transport_;
};

}  // namespace

Result<AwsCredentials> credentials_from_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto field = [&](const char* name) {
    return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>()
                                                                             : std::string();
  };
  // The metadata services say Token where programs say SessionToken.
  const std::string token = field("SessionToken").empty() ? field("Token") : field("SessionToken");
  AwsCredentials credentials{field("AccessKeyId"), Secret(field("SecretAccessKey")), Secret(token),
                             from_rfc3339(field("Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Error(Code::kDenied, "the answer holds no credentials");
  }
  return credentials;
}

std::unique_ptr<CredentialSource> web_identity_credentials(const VariableLookup& variables,
                                                           std::shared_ptr<HttpTransport> transport) {
  return std::make_unique<WebIdentityCredentials>(variables, std::move(transport));
}

std::unique_ptr<CredentialSource> container_credentials(const VariableLookup& variables,
                                                        std::shared_ptr<HttpTransport> transport) {
  return std::make_unique<ContainerCredentials>(variables, std::move(transport));
}

std::unique_ptr<CredentialSource> machine_credentials(const VariableLookup& variables,
                                                      std::shared_ptr<HttpTransport> transport) {
  return std::make_unique<MachineCredentials>(variables, std::move(transport));
}

}  // namespace summit::storage
