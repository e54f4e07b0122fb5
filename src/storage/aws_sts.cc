#include "storage/aws_sts.h"

#include <tinyxml2.h>

#include "core/backoff.h"
#include "core/digest.h"

namespace summit::storage {

namespace {

using Form = std::vector<std::pair<std::string, std::string>>;

std::string endpoint_of(const AssumedRole& role) {
  if (!role.endpoint_url.empty()) {
    return role.endpoint_url.ends_with('/') ? role.endpoint_url.substr(0, role.endpoint_url.size() - 1)
                                            : role.endpoint_url;
  }
  const std::string region = role.region.empty() ? "us-east-1" : role.region;
  return fmt::format("https://sts.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

std::string host_of(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

Form form_for(std::string_view action, const AssumedRole& role) {
  Form form = {{"Action", std::string(action)},
               {"Version", "2011-06-15"},
               {"RoleArn", role.role_arn},
               {"RoleSessionName", role.session_name.empty() ? "summit-dr" : role.session_name}};
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  return form;
}

std::string text_of(const tinyxml2::XMLElement* parent, const char* name) {
  const auto* element = parent == nullptr ? nullptr : parent->FirstChildElement(name);
  const char* text = element == nullptr ? nullptr : element->GetText();
  return text == nullptr ? std::string() : text;
}

const tinyxml2::XMLElement* child(const tinyxml2::XMLElement* parent, const char* name) {
  return parent == nullptr ? nullptr : parent->FirstChildElement(name);
}

Result<AwsCredentials> parse_answer(const WireResponse& response, std::string_view action,
                                    const AssumedRole& role) {
  tinyxml2::XMLDocument document;
  document.Parse(response.body.data(), response.body.size());
  const auto* root = document.RootElement();
  if (response.status != 200) {
    const auto* error = child(root, "Error");
    return Error(Code::kDenied, "the role {} is not given: {} {}", role.role_arn, text_of(error, "Code"),
                 text_of(error, "Message"))
        .hint("check the role's trust policy, and AWS_ROLE_ARN or the profile that names it");
  }
  const std::string result = std::string(action) + "Result";
  const auto* found = child(child(root, result.c_str()), "Credentials");
  AwsCredentials credentials{text_of(found, "AccessKeyId"), Secret(text_of(found, "SecretAccessKey")),
                             Secret(text_of(found, "SessionToken")),
                             from_rfc3339(text_of(found, "Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Error(Code::kFailed, "the token service answers without credentials");
  }
  return credentials;
}

Result<AwsCredentials> ask(HttpTransport& transport, std::string_view action, const AssumedRole& role,
                           const Form& form, const AwsCredentials* caller, const Cancellation& cancellation) {
  const std::string endpoint = endpoint_of(role);
  const Secret body(canonical_query(form));
  WireRequest request;
  request.method = "POST";
  request.url = endpoint + "/";
  request.body = as_bytes(body.reveal());
  Backoff backoff(RetrySettings{.attempts = 4});
  while (true) {
    SignedParts parts{.method = "POST", .payload_sha256 = to_hex(sha256(request.body))};
    parts.headers = {{"host", host_of(endpoint)}, {"content-type", "application/x-www-form-urlencoded"}};
    const SigningScope scope{role.region.empty() ? "us-east-1" : role.region, "sts"};
    if (caller != nullptr) sign(parts, *caller, scope, now());
    request.headers = std::move(parts.headers);

    const auto response = transport.send(request, cancellation);
    const bool transient = response.ok() ? response->status == 429 || response->status >= 500
                                         : response.error().code() == Code::kUnreachable ||
                                               response.error().code() == Code::kTimeout;
    if (response.ok() && !transient) return parse_answer(*response, action, role);
    if (!transient) return Error(response.error());
    ASSIGN_OR_RETURN(const bool again, backoff.wait({}, cancellation));
    if (again) continue;
    if (response.ok()) return parse_answer(*response, action, role);
    return Error(response.error());
  }
}

}  // namespace

Result<AwsCredentials> assume_with_token(HttpTransport& transport, const AssumedRole& role,
                                         const Secret& token, const Cancellation& cancellation) {
  Form form = form_for("AssumeRoleWithWebIdentity", role);
  form.emplace_back("WebIdentityToken", token.reveal());
  return ask(transport, "AssumeRoleWithWebIdentity", role, form, nullptr, cancellation);
}

Result<AwsCredentials> assume_with_credentials(HttpTransport& transport, const AssumedRole& role,
                                               const AwsCredentials& caller,
                                               const Cancellation& cancellation) {
  return ask(transport, "AssumeRole", role, form_for("AssumeRole", role), &caller, cancellation);
}

}  // namespace summit::storage
