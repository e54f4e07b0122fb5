// Feeds the readers of what S3 and its neighbours answer anything: listings, errors, settings of buckets,
// profile files.
#include "storage/aws_profile.h"
#include "storage/s3_bucket_xml.h"
#include "storage/s3_xml.h"

namespace summit::storage {
namespace {

void use(std::string_view text) {
  static_cast<void>(parse_error(text));
  static_cast<void>(parse_listing(text).ok());
  static_cast<void>(parse_pending_uploads(text).ok());
  static_cast<void>(xml_text(text, "Rule/DefaultRetention/Mode"));
  static_cast<void>(parse_replication(text).ok());
  static_cast<void>(parse_object_lock(text).ok());
  static_cast<void>(parse_profiles(text));
  const auto rules = parse_lifecycle(text);
  // What was read is written back, and must be readable again.
  if (rules.ok() && !parse_lifecycle(lifecycle_document(*rules)).ok()) __builtin_trap();
}

}  // namespace
}  // namespace summit::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  summit::storage::use({reinterpret_cast<const char*>(data), size});
  return 0;
}
