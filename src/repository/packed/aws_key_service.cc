#include "repository/packed/aws_key_service.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/digest.h"
#include "repository/packed/base64.h"
#include "storage/s3_settings.h"

namespace summit::repository::packed {
namespace {

using nlohmann::json;

constexpr size_t kDataKeySize = 32;

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, type) != types.end();
}

// "com.amazonaws.kms#NotFoundException" or "NotFoundException".
std::string error_type(const json& body) {
  const json type = body.is_object() ? body.value("__type", json()) : json();
  if (!type.is_string()) return {};
  const auto& text = type.get_ref<const std::string&>();
  return text.substr(text.rfind('#') + 1);
}

std::string message_of(const json& body) {
  for (const char* name : {"message", "Message"}) {
    const json message = body.is_object() ? body.value(name, json()) : json();
    if (message.is_string()) return message.get<std::string>();
  }
  return {};
}

std::string host_of(std::string_view url) {
  const size_t scheme = url.find("://");
  const std::string_view rest = scheme == url.npos ? url : url.substr(scheme + 3);
  return std::string(rest.substr(0, rest.find('/')));
}

Result<std::string> decoded(const json& answer, const char* name) {
  const json value = answer.is_object() ? answer.value(name, json()) : json();
  auto bytes = value.is_string() ? from_base64(value.get_ref<const std::string&>()) : std::nullopt;
  if (!bytes || bytes->empty()) return Error(Code::kFailed, "the key service's answer has no {}", name);
  return *std::move(bytes);
}

// Out of the document, where it is wiped.
Result<Secret> take_plaintext(json& answer) {
  auto bytes = decoded(answer, "Plaintext");
  if (!bytes.ok()) return bytes.error();
  Secret plain(*std::move(bytes));
  auto& text = answer["Plaintext"].get_ref<std::string&>();
  ::OPENSSL_cleanse(text.data(), text.size());
  if (plain.reveal().size() != kDataKeySize)
    return Error(Code::kFailed, "the key service gave a data key of {} bytes", plain.reveal().size());
  return plain;
}

}  // namespace

struct AwsKeyService::Request {
  ServiceKey key;
  std::string action;  // "Decrypt"
  std::string body;
};

struct AwsKeyService::Answer {
  long status = 0;
  Secret body;       // may hold a key in the clear
  std::string type;  // of the error
  std::string message;

  bool ok() const { return status == 200; }
  bool worth_repeating() const {
    return status >= 500 || status == 429 ||
           is_one_of(type, {"ThrottlingException", "LimitExceededException", "KMSInternalException",
                            "DependencyTimeoutException"});
  }
  bool stale_credentials() const {
    return is_one_of(type, {"ExpiredTokenException", "UnrecognizedClientException", "ExpiredToken"});
  }
};

namespace {

// What a refusing answer means for whoever wanted the key.
Error refusal(const ServiceKey& key, std::string_view action, long status, const std::string& type,
              const std::string& message) {
  const std::string what = fmt::format("KMS refuses {} with {} in {}: {}{}{}", action, key.id, key.region,
                                       type.empty() ? fmt::format("status {}", status) : type,
                                       message.empty() ? "" : ": ", message);
  if (is_one_of(type, {"InvalidCiphertextException", "IncorrectKeyException"}))
    return Error(Code::kWrongKey, "{}", what)
        .hint("the slot was made with another key, or for another repository");
  if (is_one_of(type, {"NotFoundException"}))
    return Error(Code::kNotFound, "{}", what)
        .hint("look whether account and region are those of the key: `aws kms describe-key`");
  if (is_one_of(type, {"DisabledException", "KMSInvalidStateException", "KeyUnavailableException"}))
    return Error(Code::kDenied, "{}", what)
        .hint("enable the key, or cancel its deletion: `aws kms cancel-key-deletion`");
  if (is_one_of(type, {"InvalidSignatureException", "RequestExpired"}))
    return Error(Code::kDenied, "{}", what)
        .hint("look at AWS_SECRET_ACCESS_KEY, and whether this machine's clock is right");
  if (status == 400 || status == 401 || status == 403)
    return Error(Code::kDenied, "{}", what)
        .hint("allow this identity kms:GenerateDataKey and kms:Decrypt on the key");
  return Error(Code::kFailed, "{}", what);
}

}  // namespace

Result<AwsKeyServiceSettings> key_service_settings_from(const storage::VariableLookup& variables) {
  ASSIGN_OR_RETURN(const storage::S3Settings s3, storage::s3_settings_from(variables));
  AwsKeyServiceSettings settings;
  settings.region = s3.region;
  settings.transport = s3.transport;
  settings.retry = s3.retry;
  for (const char* name : {"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"}) {
    if (const auto value = variables(name); value && settings.endpoint_url.empty())
      settings.endpoint_url = *value;
  }
  while (settings.endpoint_url.ends_with('/')) settings.endpoint_url.pop_back();
  return settings;
}

AwsKeyService::AwsKeyService(AwsKeyServiceSettings settings, std::shared_ptr<storage::AwsIdentity> identity)
    : settings_(std::move(settings)),
      identity_(std::move(identity)),
      transport_(std::make_unique<storage::HttpTransport>(settings_.transport)) {}
AwsKeyService::~AwsKeyService() = default;

Result<AwsKeyService::Answer> AwsKeyService::send_once(const Request& request,
                                                       const storage::AwsCredentials& credentials,
                                                       const Cancellation& cancellation) {
  const std::string_view domain =
      request.key.region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const std::string url = settings_.endpoint_url.empty()
                              ? fmt::format("https://kms.{}.{}", request.key.region, domain)
                              : settings_.endpoint_url;
  storage::SignedParts parts;
  parts.method = "POST";
  parts.headers = {{"host", host_of(url)},
                   {"content-type", "application/x-amz-json-1.1"},
                   {"x-amz-target", "TrentService." + request.action}};
  parts.payload_sha256 = to_hex(sha256(as_bytes(request.body)));
  storage::sign(parts, credentials, {request.key.region, "kms"}, now());

  storage::WireRequest wire;
  wire.method = "POST";
  wire.url = url + "/";
  wire.headers = parts.headers;
  wire.body = as_bytes(request.body);
  ASSIGN_OR_RETURN(auto response, transport_->send(wire, cancellation), "while asking KMS");
  Answer answer{response.status, Secret(std::move(response.body)), {}, {}};
  if (answer.ok()) return answer;
  const json body = json::parse(answer.body.reveal(), nullptr, /*allow_exceptions=*/false);
  answer.type = error_type(body);
  answer.message = message_of(body);
  return answer;
}

Result<Secret> AwsKeyService::call(const Request& request, const Cancellation& cancellation) {
  Backoff backoff(settings_.retry);
  ASSIGN_OR_RETURN(storage::AwsCredentials credentials, identity_->credentials(cancellation),
                   "while asking KMS");
  bool renewed = false;
  while (true) {
    auto answer = send_once(request, credentials, cancellation);
    if (answer.ok() && answer->ok()) return std::move(answer->body);
    if (answer.ok() && answer->stale_credentials() && !renewed) {
      renewed = true;
      ASSIGN_OR_RETURN(credentials, identity_->renew(credentials, cancellation), "while asking KMS");
      continue;
    }
    const bool again =
        answer.ok() ? answer->worth_repeating()
                    : answer.error().code() == Code::kUnreachable || answer.error().code() == Code::kTimeout;
    Error error = answer.ok()
                      ? refusal(request.key, request.action, answer->status, answer->type, answer->message)
                      : std::move(answer).error();
    if (!again) return error;
    ASSIGN_OR_RETURN(const bool more, backoff.wait({}, cancellation));
    if (!more) return error;
  }
}

Result<DataKey> AwsKeyService::generate_data_key(const ServiceKey& key, const EncryptionContext& context,
                                                 const Cancellation& cancellation) {
  const json body = {{"KeyId", key.id}, {"KeySpec", "AES_256"}, {"EncryptionContext", context}};
  ASSIGN_OR_RETURN(const Secret answer, call({key, "GenerateDataKey", body.dump()}, cancellation));
  json document = json::parse(answer.reveal(), nullptr, /*allow_exceptions=*/false);
  ASSIGN_OR_RETURN(Secret plain, take_plaintext(document));
  ASSIGN_OR_RETURN(std::string encrypted, decoded(document, "CiphertextBlob"));
  const json key_id = document.value("KeyId", json());
  return DataKey{std::move(plain), std::move(encrypted),
                 key_id.is_string() ? key_id.get<std::string>() : std::string()};
}

Result<Secret> AwsKeyService::decrypt(const ServiceKey& key, const std::string& encrypted,
                                      const EncryptionContext& context, const Cancellation& cancellation) {
  const json body = {
      {"KeyId", key.id}, {"CiphertextBlob", to_base64(as_bytes(encrypted))}, {"EncryptionContext", context}};
  ASSIGN_OR_RETURN(const Secret answer, call({key, "Decrypt", body.dump()}, cancellation));
  json document = json::parse(answer.reveal(), nullptr, /*allow_exceptions=*/false);
  return take_plaintext(document);
}

}  // namespace summit::repository::packed
