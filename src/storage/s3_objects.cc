#include "storage/s3_objects.h"

#include "storage/random_name.h"

namespace summit::storage {

namespace {

constexpr const char* kMarkHeader = "x-amz-meta-summit-dr-attempt";
constexpr const char* kKeyHeader = "x-amz-server-side-encryption-aws-kms-key-id";

// Ids and ARNs name the same key; what an alias stands for only the server knows.
bool is_same_key(std::string_view wanted, std::string_view given) {
  if (wanted.empty() || wanted.find("alias/") != std::string_view::npos) return true;
  const auto id_of = [](std::string_view key) { return key.substr(key.find_last_of("/:") + 1); };
  const bool both_in_full = wanted.starts_with("arn:") && given.starts_with("arn:");
  return both_in_full ? wanted == given : id_of(wanted) == id_of(given);
}

// Exactly the version that was just made, where there are versions.
Result<void> remove_unencrypted(S3Client& client, const NewObject& object, const WireResponse& response,
                                const Cancellation& cancellation) {
  S3Request request;
  request.method = "DELETE";
  request.key = object.key;
  const std::string version = response.header("x-amz-version-id");
  if (!version.empty() && version != "null") request.query = {{"versionId", version}};
  ASSIGN_OR_RETURN([[maybe_unused]] const S3Response removed, client.require(request, cancellation));
  return {};
}

Result<void> check_stored(S3Client& client, const NewObject& object, const WireResponse& response,
                          const Cancellation& cancellation) {
  auto encrypted = check_encryption(response, client.settings());
  if (encrypted.ok()) return {};
  const auto removed = remove_unencrypted(client, object, response, cancellation);
  if (removed.ok()) return encrypted;
  return Error(encrypted.error().code(), "{}; {} could not be removed again: {}", encrypted.error().message(),
               object.key, removed.error().message())
      .hint(encrypted.error().hint());
}

}  // namespace

NewObject::NewObject(std::string whole_key, const PutOptions& put_options)
    : key(std::move(whole_key)), options(put_options), mark(random_name()) {}

std::string lock_time(Instant until) {
  const std::string text = to_rfc3339(std::chrono::ceil<std::chrono::seconds>(until));
  return text.substr(0, text.find('.')) + "Z";
}

std::map<std::string, std::string> headers_of(const NewObject& object, const S3Settings& settings) {
  std::map<std::string, std::string> headers{{"content-type", "application/octet-stream"},
                                             {kMarkHeader, object.mark}};
  if (settings.encryption == ServerEncryption::kS3) headers[kEncryptionHeader] = "AES256";
  if (settings.encryption == ServerEncryption::kKms) {
    headers[kEncryptionHeader] = "aws:kms";
    if (!settings.kms_key_id.empty()) headers[kKeyHeader] = settings.kms_key_id;
  }
  if (!settings.storage_class.empty()) headers["x-amz-storage-class"] = settings.storage_class;
  if (object.options.locked_until) {
    headers["x-amz-object-lock-mode"] = name_of(settings.lock_mode);
    headers["x-amz-object-lock-retain-until-date"] = lock_time(*object.options.locked_until);
  }
  return headers;
}

Result<void> check_encryption(const WireResponse& response, const S3Settings& settings) {
  if (settings.encryption == ServerEncryption::kNone) return {};
  const std::string wanted = settings.encryption == ServerEncryption::kS3 ? "AES256" : "aws:kms";
  const std::string given = response.header(kEncryptionHeader);
  if (given != wanted) {
    return Error(Code::kUnsupported, "the server did not apply the requested encryption {}, but {}", wanted,
                 given.empty() ? "none" : given)
        .hint("set S3_SSE=none if the server's own protection is enough, or use a server that encrypts");
  }
  const std::string key = response.header(kKeyHeader);
  if (settings.encryption == ServerEncryption::kKms && !is_same_key(settings.kms_key_id, key)) {
    return Error(Code::kUnsupported, "the server encrypted with the key {} instead of {}",
                 key.empty() ? "that it did not name" : key, settings.kms_key_id)
        .hint("check S3_SSE_KMS_KEY_ID and the bucket's policy");
  }
  return {};
}

Result<void> settle(S3Client& client, const NewObject& object, const S3Request& request,
                    const S3Response& response, const Cancellation& cancellation) {
  const bool confirmed = client.settings().encryption == ServerEncryption::kNone ||
                         !response.wire.header(kEncryptionHeader).empty() || request.method == "PUT";
  if (response.ok() && confirmed) return check_stored(client, object, response.wire, cancellation);
  // 412: it is there, perhaps by an earlier attempt whose answer was lost (libcurl repeats some requests by
  // itself); 409: somebody was about to create it; NoSuchUpload: it may have been completed.
  const bool settled_by_looking =
      response.ok() || response.status() == 412 || response.status() == 409 || response.is("NoSuchUpload");
  if (!settled_by_looking) return client.error_of(response, request);

  S3Request look;
  look.method = "HEAD";
  look.key = object.key;
  ASSIGN_OR_RETURN(const S3Response found, client.send(look, cancellation));
  if (found.ok() && found.wire.header(kMarkHeader) == object.mark) {
    return check_stored(client, object, found.wire, cancellation);
  }
  // Somebody has replaced or removed it since: then there is nothing left to confirm.
  if (response.ok())
    return found.ok() || found.status() == 404 ? Result<void>() : client.error_of(found, look);
  if (found.ok() && object.options.condition == Condition::kAbsent) {
    return Error(Code::kAlreadyExists, "{} exists already in bucket {}", object.key, client.bucket());
  }
  return client.error_of(response, request);
}

Result<void> put_object(S3Client& client, const NewObject& object, ByteView content,
                        const Cancellation& cancellation) {
  S3Request request;
  request.method = "PUT";
  request.key = object.key;
  request.headers = headers_of(object, client.settings());
  request.body = content;
  request.with_md5 = object.options.locked_until.has_value();
  if (object.options.condition == Condition::kAbsent) request.headers["if-none-match"] = "*";
  ASSIGN_OR_RETURN(const S3Response response, client.send(request, cancellation));
  return settle(client, object, request, response, cancellation);
}

}  // namespace summit::storage
