#include "storage/s3_client.h"

#include <openssl/evp.h>

#include <array>

#include "core/digest.h"
#include "core/text.h"

namespace summit::storage {

namespace {

// S3 refuses requests whose time is 15 minutes off; not every server says that this is why.
constexpr std::chrono::minutes kSkewSuspected{5};

bool is_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63 || name.front() == '.' || name.front() == '-') return false;
  for (const char c : name) {
    if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '.' && c != '-') return false;
  }
  return name.find("..") == std::string_view::npos;
}

std::string md5_base64(ByteView bytes) {
  std::array<std::byte, 16> digest{};
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_md5(),
             nullptr);
  return base64(digest);
}

bool is_network_failure(const Error& error) {
  return error.code() == Code::kUnreachable || error.code() == Code::kTimeout;
}

bool is_transient(const S3Response& response) {
  for (const char* code :
       {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted",
        "ConditionalRequestConflict", "Throttling", "ThrottlingException", "RequestLimitExceeded"}) {
    if (response.is(code)) return true;
  }
  const long status = response.status();
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool is_expired(const S3Response& response) {
  return response.is("ExpiredToken") || response.is("ExpiredTokenException") ||
         response.is("TokenRefreshRequired");
}

std::chrono::milliseconds retry_after(const S3Response& response) {
  const auto seconds = parse_number<int64_t>(response.wire.header("retry-after")).value_or(0);
  return seconds > 0 && seconds < 3600 ? std::chrono::seconds(seconds) : std::chrono::milliseconds(0);
}

std::optional<Instant> server_time(const S3Response& response) {
  if (const auto time = from_rfc3339(response.error.server_time)) return time;
  return parse_http_date(response.wire.header("date"));
}

}  // namespace

std::string base64(ByteView bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

S3Client::S3Client(const S3Settings& settings, std::shared_ptr<AwsIdentity> identity, std::string bucket)
    : settings_(settings),
      identity_(std::move(identity)),
      bucket_(std::move(bucket)),
      transport_(settings.transport) {}

Result<std::shared_ptr<S3Client>> S3Client::create(const S3Settings& settings,
                                                   std::shared_ptr<AwsIdentity> identity,
                                                   std::string bucket) {
  if (!is_bucket_name(bucket)) {
    return Error(Code::kUsage, "\"{}\" is no name of a bucket", bucket)
        .hint(
            "names have 3 to 63 lower-case letters, digits, points and hyphens, as in "
            "s3://summit-backups-prod/prefix");
  }
  std::shared_ptr<S3Client> client(new S3Client(settings, std::move(identity), std::move(bucket)));
  RETURN_IF_ERROR(client->locate());
  return client;
}

Result<void> S3Client::locate() {
  std::string endpoint = settings_.endpoint_url;
  if (endpoint.empty()) {
    endpoint = fmt::format("https://s3.{}.amazonaws.com{}", settings_.region,
                           settings_.region.starts_with("cn-") ? ".cn" : "");
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const size_t scheme_end = endpoint.find("://");
  const std::string scheme = endpoint.substr(0, std::min(scheme_end, endpoint.size()));
  if (scheme_end == std::string::npos || (scheme != "http" && scheme != "https")) {
    return Error(Code::kUsage, "the endpoint {} is no address", endpoint)
        .hint("set AWS_ENDPOINT_URL to one like https://s3.example.com");
  }
  std::string authority = endpoint.substr(scheme_end + 3);
  const size_t slash = authority.find('/');
  if (slash != std::string::npos) base_path_ = authority.substr(slash);
  authority.resize(std::min(slash, authority.size()));
  if (authority.empty() || authority.find('@') != std::string::npos) {
    return Error(Code::kUsage, "the endpoint must be a host, with a port where needed, and no user")
        .hint("set AWS_ENDPOINT_URL to one like https://s3.example.com");
  }

  const bool by_host = settings_.addressing == Addressing::kVirtualHost ||
                       (settings_.addressing == Addressing::kAutomatic && settings_.endpoint_url.empty() &&
                        bucket_.find('.') == std::string::npos);
  host_ = by_host ? fmt::format("{}.{}", bucket_, authority) : authority;
  if (!by_host) base_path_ += "/" + bucket_;
  base_url_ = fmt::format("{}://{}", scheme, host_);
  return {};
}

Result<S3Response> S3Client::send_once(const S3Request& request, const AwsCredentials& credentials,
                                       const Cancellation& cancellation) {
  SignedParts parts{
      .method = request.method, .path = base_path_, .query = request.query, .headers = request.headers};
  if (!request.key.empty()) parts.path += "/" + request.key;
  if (parts.path.empty()) parts.path = "/";
  const Sha256Digest digest = sha256(request.body);
  parts.payload_sha256 = to_hex(digest);
  parts.headers["host"] = host_;
  parts.headers["x-amz-content-sha256"] = parts.payload_sha256;
  // A document that joins parts is not the object whose checksum this would be taken for.
  if (!request.body.empty() && request.method == "PUT")
    parts.headers["x-amz-checksum-sha256"] = base64(digest);
  if (request.with_md5) parts.headers["content-md5"] = md5_base64(request.body);
  sign(parts, credentials, {settings_.region, "s3"}, now() + clock_offset());

  WireRequest wire;
  wire.method = request.method;
  wire.url = base_url_ + percent_encoded(parts.path, true);
  if (!request.query.empty()) wire.url += "?" + canonical_query(request.query);
  wire.headers = std::move(parts.headers);
  wire.body = request.body;
  wire.consume = request.consume;
  S3Response response;
  ASSIGN_OR_RETURN(response.wire, transport_.send(wire, cancellation));
  if (!response.ok() || request.method == "POST") response.error = parse_error(response.wire.body);
  // A long operation begins its answer before it knows how it will end.
  if (response.ok() && !response.error.code.empty()) {
    response.wire.status = response.is("PreconditionFailed") ? 412 : 500;
  }
  return response;
}

Result<S3Response> S3Client::send_explained(const S3Request& request, const AwsCredentials& credentials,
                                            const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(S3Response response, send_once(request, credentials, cancellation));
  const bool unexplained = request.method == "HEAD" && (response.status() == 400 || response.status() == 403);
  if (!unexplained) return response;
  S3Request question = request;
  question.method = "GET";
  question.headers["range"] = "bytes=0-0";
  ASSIGN_OR_RETURN(S3Response explained, send_once(question, credentials, cancellation));
  return explained.ok() ? std::move(response) : std::move(explained);
}

bool S3Client::follow_server_clock(const S3Response& response) {
  const auto theirs = server_time(response);
  if (response.status() != 403 || !theirs) return false;
  const auto offset = *theirs - now();
  const auto change = std::chrono::abs(offset - clock_offset());
  if (!response.is("RequestTimeTooSkewed") && change < kSkewSuspected) return false;
  clock_offset_.store(offset.count());
  return true;
}

S3Attempt S3Client::attempt(const S3Request& request, const Cancellation& cancellation) {
  auto credentials = identity_->credentials(cancellation);
  if (!credentials.ok()) return {std::move(credentials).error()};
  auto outcome = send_explained(request, *credentials, cancellation);

  if (outcome.ok() && follow_server_clock(*outcome)) outcome = send_once(request, *credentials, cancellation);
  if (outcome.ok() && is_expired(*outcome)) {
    auto renewed = identity_->renew(*credentials, cancellation);
    if (!renewed.ok()) return {std::move(renewed).error()};
    outcome = send_once(request, *renewed, cancellation);
  }

  if (!outcome.ok()) {
    const bool broken = is_network_failure(outcome.error());
    return {std::move(outcome), broken};
  }
  const bool transient = is_transient(*outcome);
  const auto wish = retry_after(*outcome);
  return {std::move(outcome), transient, wish};
}

Result<S3Response> S3Client::send(const S3Request& request, const Cancellation& cancellation) {
  Backoff backoff(settings_.retry);
  while (true) {
    S3Attempt attempt = this->attempt(request, cancellation);
    if (!attempt.worth_repeating) return std::move(attempt.outcome);
    ASSIGN_OR_RETURN(const bool again, backoff.wait(attempt.server_wish, cancellation));
    if (!again) return std::move(attempt.outcome);
  }
}

Result<S3Response> S3Client::require(const S3Request& request, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(S3Response response, send(request, cancellation));
  if (!response.ok()) return error_of(response, request);
  return response;
}

Error S3Client::denied(const S3Response& response, const S3Request& request) const {
  if (response.is("InvalidAccessKeyId")) {
    return Error(Code::kDenied, "the access key is not known to the server of bucket {}", bucket_)
        .hint("check AWS_ACCESS_KEY_ID or AWS_PROFILE, and AWS_ENDPOINT_URL");
  }
  if (response.is("SignatureDoesNotMatch")) {
    return Error(Code::kDenied, "the secret access key for bucket {} is wrong", bucket_)
        .hint("check AWS_SECRET_ACCESS_KEY or AWS_PROFILE");
  }
  if (is_expired(response) || response.is("InvalidToken")) {
    return Error(Code::kDenied, "the temporary credentials for bucket {} have expired", bucket_)
        .hint("sign in again (`aws sso login`), or renew AWS_SESSION_TOKEN and its keys");
  }
  if (response.is("RequestTimeTooSkewed")) {
    const auto theirs = server_time(response);
    return Error(Code::kDenied, "the clocks disagree: here it is {}, at the server of bucket {} it is {}",
                 to_rfc3339(now()), bucket_, theirs ? to_rfc3339(*theirs) : "another time")
        .hint("set this machine's clock (`timedatectl set-ntp true`)");
  }
  return Error(Code::kDenied, "access to {} of bucket {} is denied{}{}",
               request.key.empty() ? "the settings" : request.key, bucket_,
               response.error.message.empty() ? "" : ": ", response.error.message)
      .hint(
          "docs/storage.md lists the rights that are needed; a bucket policy or an object lock may forbid it "
          "too");
}

Error S3Client::error_of(const S3Response& response, const S3Request& request) const {
  const std::string what = fmt::format("{} {}/{}", request.method, bucket_, request.key);
  if (response.is("NoSuchBucket")) {
    return Error(Code::kRepositoryMissing, "there is no bucket {}", bucket_)
        .hint(
            "check S3_BUCKET, AWS_REGION and AWS_ENDPOINT_URL, or create it with `summit-dr repository "
            "init`");
  }
  if (response.status() == 301 || response.status() == 307 || response.is("AuthorizationHeaderMalformed")) {
    std::string region = response.wire.header("x-amz-bucket-region");
    if (region.empty()) region = response.error.region;
    return Error(Code::kConfig, "bucket {} is not in region {}", bucket_, settings_.region)
        .hint(region.empty() ? "set AWS_REGION to the bucket's" : fmt::format("set AWS_REGION={}", region));
  }
  if (response.status() == 404) return Error(Code::kNotFound, "{} is not in bucket {}", request.key, bucket_);
  if (response.status() == 412)
    return Error(Code::kAlreadyExists, "{} exists already in bucket {}", request.key, bucket_);
  if (response.status() == 401 || response.status() == 403 || is_expired(response) ||
      response.is("InvalidToken")) {
    return denied(response, request);
  }
  if (response.status() == 501 || response.status() == 405) {
    return Error(Code::kUnsupported, "the server of bucket {} cannot do it: {}", what,
                 response.error.message);
  }
  if (response.is("QuotaExceeded") || response.is("XMinioStorageFull") || response.status() == 507) {
    return Error(Code::kNoSpace, "the server of bucket {} is full", bucket_)
        .hint("remove old backups with `summit-dr prune`, or enlarge the server");
  }
  const Code code = response.status() >= 500 || response.status() == 429 ? Code::kUnreachable : Code::kFailed;
  return Error(code, "{}: status {} {} {}", what, response.status(), response.error.code,
               response.error.message);
}

}  // namespace summit::storage
