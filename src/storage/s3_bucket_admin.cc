#include "storage/s3_bucket_admin.h"

#include "storage/s3_bucket_xml.h"
#include "storage/s3_client.h"

namespace summit::storage {

Result<std::unique_ptr<S3Bucket>> S3Bucket::connect(const S3Settings& settings,
                                                    std::shared_ptr<AwsIdentity> identity,
                                                    const std::string& bucket) {
  ASSIGN_OR_RETURN(auto client, S3Client::create(settings, std::move(identity), bucket));
  return std::unique_ptr<S3Bucket>(new S3Bucket(std::move(client)));
}

Result<std::optional<std::string>> S3Bucket::read(const char* setting, std::string_view none,
                                                  const Cancellation& cancellation) {
  S3Request request;
  request.query = {{setting, ""}};
  ASSIGN_OR_RETURN(S3Response response, client_->send(request, cancellation));
  if (!response.ok() && response.is(none)) return std::optional<std::string>();
  if (!response.ok()) return client_->error_of(response, request).at(fmt::format("reading the {}", setting));
  return std::optional(std::move(response.wire.body));
}

Result<void> S3Bucket::write(const char* setting, const std::string& document,
                             const Cancellation& cancellation) {
  S3Request request;
  request.method = "PUT";
  request.query = {{setting, ""}};
  request.headers["content-type"] = "application/xml";
  request.body = as_bytes(document);
  request.with_md5 = true;
  const auto response = client_->require(request, cancellation);
  if (!response.ok()) return Error(response.error()).at(fmt::format("setting the {}", setting));
  return {};
}

Result<bool> S3Bucket::exists(const Cancellation& cancellation) {
  S3Request request;
  request.query = {{"location", ""}};
  ASSIGN_OR_RETURN(const S3Response response, client_->send(request, cancellation));
  if (response.ok()) return true;
  if (response.is("NoSuchBucket")) return false;
  return client_->error_of(response, request);
}

Result<void> S3Bucket::create(bool with_object_lock, const Cancellation& cancellation) {
  S3Request request;
  request.method = "PUT";
  if (with_object_lock) request.headers["x-amz-bucket-object-lock-enabled"] = "true";
  const std::string& region = client_->settings().region;
  std::string document;
  // The one region that must not be named.
  if (region != "us-east-1") {
    document = fmt::format(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        region);
  }
  request.body = as_bytes(document);
  ASSIGN_OR_RETURN(const S3Response response, client_->send(request, cancellation));
  if (response.ok()) return {};
  if (response.is("BucketAlreadyOwnedByYou") || response.is("BucketAlreadyExists")) {
    return Error(Code::kAlreadyExists, "there is a bucket {} already", client_->bucket())
        .hint("names of buckets are shared by all accounts: choose another if this one is not yours");
  }
  return client_->error_of(response, request);
}

Result<bool> S3Bucket::versioning(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto document, read("versioning", "", cancellation));
  return xml_text(document.value_or(""), "Status") == "Enabled";
}

Result<void> S3Bucket::set_versioning(bool enabled, const Cancellation& cancellation) {
  return write("versioning",
               fmt::format("<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                           "<Status>{}</Status></VersioningConfiguration>",
                           enabled ? "Enabled" : "Suspended"),
               cancellation);
}

Result<std::vector<LifecycleRule>> S3Bucket::lifecycle(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto document, read("lifecycle", "NoSuchLifecycleConfiguration", cancellation));
  if (!document) return std::vector<LifecycleRule>();
  return parse_lifecycle(*document);
}

Result<void> S3Bucket::set_lifecycle(const std::vector<LifecycleRule>& rules,
                                     const Cancellation& cancellation) {
  if (!rules.empty()) return write("lifecycle", lifecycle_document(rules), cancellation);
  S3Request request;
  request.method = "DELETE";
  request.query = {{"lifecycle", ""}};
  const auto response = client_->require(request, cancellation);
  if (!response.ok()) return Error(response.error()).at("removing the lifecycle");
  return {};
}

Result<std::optional<Replication>> S3Bucket::replication(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto document,
                   read("replication", "ReplicationConfigurationNotFoundError", cancellation));
  if (!document) return std::optional<Replication>();
  ASSIGN_OR_RETURN(Replication replication, parse_replication(*document));
  return std::optional(std::move(replication));
}

Result<void> S3Bucket::set_replication(const Replication& replication, const Cancellation& cancellation) {
  return write("replication", replication_document(replication), cancellation);
}

Result<ObjectLock> S3Bucket::object_lock(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto document,
                   read("object-lock", "ObjectLockConfigurationNotFoundError", cancellation));
  if (!document) return ObjectLock();
  return parse_object_lock(*document);
}

Result<void> S3Bucket::set_object_lock(const ObjectLock& lock, const Cancellation& cancellation) {
  return write("object-lock", object_lock_document(lock), cancellation);
}

}  // namespace summit::storage
