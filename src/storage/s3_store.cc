#include "storage/s3_store.h"

#include "storage/s3_download.h"
#include "storage/s3_retention.h"
#include "storage/s3_upload.h"

namespace summit::storage {

S3Store::S3Store(std::shared_ptr<S3Client> client, std::string prefix)
    : client_(std::move(client)), prefix_(std::move(prefix)) {}

Result<std::unique_ptr<S3Store>> S3Store::open(const S3Settings& settings,
                                               std::shared_ptr<AwsIdentity> identity,
                                               const std::string& bucket, const std::string& prefix,
                                               const Cancellation& cancellation) {
  if (!prefix.empty()) RETURN_IF_ERROR(check_key(prefix), "in s3://{}/{}", bucket, prefix);
  ASSIGN_OR_RETURN(auto client, S3Client::create(settings, std::move(identity), bucket));
  std::unique_ptr<S3Store> store(new S3Store(std::move(client), prefix.empty() ? "" : prefix + "/"));
  RETURN_IF_ERROR(store->ask_bucket(cancellation));
  return store;
}

Result<void> S3Store::ask_bucket(const Cancellation& cancellation) {
  S3Request request;
  request.query = {{"object-lock", ""}};
  ASSIGN_OR_RETURN(const S3Response response, client_->send(request, cancellation));
  if (response.ok()) {
    object_lock_ = xml_text(response.wire.body, "ObjectLockEnabled") == "Enabled";
    return {};
  }
  // The right to ask for this is not needed for anything else, and not every server knows the question.
  const bool without = (response.status() == 404 && !response.is("NoSuchBucket")) ||
                       response.is("AccessDenied") || response.is("NotImplemented") ||
                       response.is("MethodNotAllowed") || response.is("InvalidBucketState") ||
                       response.status() == 501;
  if (!without) return client_->error_of(response, request);
  // Some say so of buckets that are not there.
  request.query = {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", prefix_}};
  ASSIGN_OR_RETURN([[maybe_unused]] const S3Response listed, client_->require(request, cancellation));
  return {};
}

std::chrono::microseconds S3Store::clock_offset() const { return client_->clock_offset(); }

std::string S3Store::describe() const {
  const std::string path = prefix_.empty() ? "" : "/" + prefix_.substr(0, prefix_.size() - 1);
  return fmt::format("s3://{}{}", client_->bucket(), path);
}

Capabilities S3Store::capabilities() const { return {.conditional_put = true, .object_lock = object_lock_}; }

Error S3Store::no_lock() const {
  return Error(Code::kUnsupported, "bucket {} has no object lock", client_->bucket())
      .hint(
          "object lock is chosen when a bucket is created; or leave the lock out of the retention settings");
}

Result<void> S3Store::check_new(std::string_view key, const PutOptions& options) const {
  RETURN_IF_ERROR(check_key(key));
  if (options.locked_until && !object_lock_) return no_lock();
  return {};
}

Result<void> S3Store::put(std::string_view key, ByteView content, const PutOptions& options,
                          const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_new(key, options));
  if (content.size() > kMaxWholeObject) {
    return Error(Code::kUsage, "{} of {} is too large to be stored in one piece", key,
                 human_bytes(content.size()));
  }
  return put_object(*client_, NewObject(whole(key), options), content, cancellation);
}

Result<std::unique_ptr<ObjectUpload>> S3Store::upload(std::string_view key, const PutOptions& options,
                                                      const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_new(key, options));
  RETURN_IF_ERROR(cancellation.check());
  return std::unique_ptr<ObjectUpload>(
      std::make_unique<S3Upload>(client_, NewObject(whole(key), options), cancellation));
}

Result<void> S3Store::get(std::string_view key, ByteRange range,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  return download(*client_, whole(key), range, consume, cancellation);
}

Result<std::optional<ObjectInfo>> S3Store::head(std::string_view key, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  ASSIGN_OR_RETURN(auto info, head_object(*client_, whole(key), cancellation));
  if (info) info->key = key;
  return info;
}

Result<void> S3Store::list(std::string_view prefix, std::string_view after,
                           const std::function<Result<bool>(const ObjectInfo&)>& visit,
                           const Cancellation& cancellation) {
  // Servers answer to such prefixes each in its own way.
  if (!may_begin_key(prefix)) return {};
  std::string last(after);
  while (true) {
    S3Request request;
    request.query = {
        {"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", "1000"}, {"prefix", whole(prefix)}};
    // Not the server's continuation token: a page that is asked for again must be the same.
    if (!last.empty()) request.query.emplace_back("start-after", whole(last));
    ASSIGN_OR_RETURN(const S3Response response, client_->require(request, cancellation), "listing {}",
                     describe());
    ASSIGN_OR_RETURN(S3Listing page, parse_listing(response.wire.body), "listing {}", describe());
    if (page.truncated && page.objects.empty())
      return Error(Code::kFailed, "the listing of {} does not go on", describe());
    for (ObjectInfo& info : page.objects) {
      if (!info.key.starts_with(prefix_) || info.key.substr(prefix_.size()) <= last) {
        return Error(Code::kUnsupported, "the server does not list {} in order", describe())
            .hint("use a general purpose bucket");
      }
      info.key.erase(0, prefix_.size());
      last = info.key;
      if (!check_key(info.key).ok()) continue;
      ASSIGN_OR_RETURN(const bool more, visit(info));
      if (!more) return {};
    }
    if (!page.truncated) return {};
  }
}

Result<void> S3Store::remove(std::string_view key, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  S3Request request;
  request.method = "DELETE";
  request.key = whole(key);
  ASSIGN_OR_RETURN(const S3Response response, client_->send(request, cancellation));
  if (response.ok() || response.is("NoSuchKey")) return {};
  return client_->error_of(response, request);
}

Result<void> S3Store::lock_until(std::string_view key, Instant until, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  if (!object_lock_) return no_lock();
  return extend_retention(*client_, whole(key), until, cancellation);
}

Result<size_t> S3Store::remove_leftovers(std::chrono::seconds age, const Cancellation& cancellation) {
  const Instant limit = now() + clock_offset() - age;
  size_t removed = 0;
  S3PendingUploads page;
  do {
    S3Request request;
    request.query = {{"uploads", ""}, {"prefix", prefix_}};
    if (!page.next_key.empty()) request.query.emplace_back("key-marker", page.next_key);
    if (!page.next_id.empty()) request.query.emplace_back("upload-id-marker", page.next_id);
    ASSIGN_OR_RETURN(const S3Response response, client_->require(request, cancellation));
    ASSIGN_OR_RETURN(page, parse_pending_uploads(response.wire.body));
    for (const S3PendingUpload& upload : page.uploads) {
      if (upload.begun > limit || !upload.key.starts_with(prefix_)) continue;
      S3Request abort;
      abort.method = "DELETE";
      abort.key = upload.key;
      abort.query = {{"uploadId", upload.id}};
      ASSIGN_OR_RETURN(const S3Response aborted, client_->send(abort, cancellation));
      if (!aborted.ok() && aborted.status() != 404) return client_->error_of(aborted, abort);
      ++removed;
    }
  } while (page.truncated && !page.next_key.empty());
  return removed;
}

}  // namespace summit::storage
