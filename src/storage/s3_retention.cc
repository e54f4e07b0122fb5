#include "storage/s3_retention.h"

#include "storage/s3_objects.h"

namespace summit::storage {

namespace {

struct Retention {
  std::string mode;
  std::optional<Instant> until;  // nothing: not locked
};

Result<Retention> retention_of(S3Client& client, const std::string& key, const Cancellation& cancellation) {
  S3Request request;
  request.key = key;
  request.query = {{"retention", ""}};
  ASSIGN_OR_RETURN(const S3Response response, client.send(request, cancellation));
  if (response.is("NoSuchObjectLockConfiguration")) return Retention();
  if (!response.ok()) return client.error_of(response, request);
  return Retention{xml_text(response.wire.body, "Mode"),
                   from_rfc3339(xml_text(response.wire.body, "RetainUntilDate"))};
}

}  // namespace

Result<void> extend_retention(S3Client& client, const std::string& key, Instant until,
                              const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const Retention current, retention_of(client, key, cancellation));
  if (current.until && *current.until >= until) return {};
  const std::string mode =
      current.mode.empty() ? std::string(name_of(client.settings().lock_mode)) : current.mode;
  const std::string document = fmt::format(
      "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>{}</Mode>"
      "<RetainUntilDate>{}</RetainUntilDate></Retention>",
      xml_escaped(mode), lock_time(until));
  S3Request request;
  request.method = "PUT";
  request.key = key;
  request.query = {{"retention", ""}};
  request.headers["content-type"] = "application/xml";
  request.body = as_bytes(document);
  request.with_md5 = true;
  ASSIGN_OR_RETURN(const S3Response response, client.send(request, cancellation));
  if (response.ok()) return {};
  // Somebody else may have locked it for longer since we asked, and nobody may shorten that.
  const auto newer = retention_of(client, key, cancellation);
  if (newer.ok() && newer->until.value_or(Instant::min()) >= until) return {};
  return client.error_of(response, request);
}

}  // namespace summit::storage
