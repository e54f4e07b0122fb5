// The XML that S3 speaks: read with a parser that expands no entities, written by hand. Internal to the S3
// store.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "storage/object_store.h"

namespace summit::storage {

struct S3ErrorBody {
  std::string code;  // "NoSuchKey"; empty when the body is no such document
  std::string message;
  std::string region;       // where the bucket is, when that is what was wrong
  std::string server_time;  // RFC 3339, when the clocks disagree
};
S3ErrorBody parse_error(std::string_view body);

struct S3Listing {
  std::vector<ObjectInfo> objects;  // keys as the bucket has them
  bool truncated = false;
};
// Of ListObjectsV2 with encoding-type=url.
Result<S3Listing> parse_listing(std::string_view body);

struct S3PendingUpload {
  std::string key;
  std::string id;
  Instant begun{};
};
struct S3PendingUploads {
  std::vector<S3PendingUpload> uploads;
  bool truncated = false;
  std::string next_key;
  std::string next_id;
};
Result<S3PendingUploads> parse_pending_uploads(std::string_view body);

// The text of the element that `path` ("Rule/DefaultRetention/Mode") leads to below the root; empty when
// there is none.
std::string xml_text(std::string_view body, std::string_view path);

// "a &amp; b".
std::string xml_escaped(std::string_view text);

}  // namespace summit::storage
