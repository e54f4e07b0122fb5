#include "backup/destinations.h"

#include <algorithm>

namespace summit::backup {
namespace {

std::string location_of(const std::string& bucket, std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix.empty() ? fmt::format("s3://{}", bucket) : fmt::format("s3://{}/{}", bucket, prefix);
}

}  // namespace

Result<std::vector<Destination>> destinations_of(const BackupRequest& request, const config::BackupSet& set,
                                                 const config::Environment& environment) {
  std::vector<Destination> destinations;
  if (!request.upload_s3 && request.s3_bucket.empty()) return destinations;
  const auto& storage = environment.storage;
  const bool of_databases = request.database_id_form && !storage.database_bucket.empty();
  const auto& configured = of_databases ? storage.database_bucket : storage.s3_bucket;
  const auto bucket = request.s3_bucket.empty() ? configured : request.s3_bucket;
  if (bucket.empty()) {
    return Error(Code::kUsage, "no bucket is configured for `{}`", environment.name)
        .hint("set S3_BUCKET, or `storage.bucket` of the environment in environments.yaml");
  }
  const auto& of_environment = of_databases ? storage.database_prefix : storage.s3_prefix;
  const auto& prefix = set.s3_prefix.empty() ? of_environment : set.s3_prefix;
  destinations.push_back({.location = location_of(bucket, prefix),
                          .region = storage.region,
                          .endpoint_url = storage.endpoint_url,
                          .encryption = storage.encryption});
  const bool second_region = std::ranges::find(set.storage, "s3_dr") != set.storage.end();
  if (second_region && !storage.dr_bucket.empty()) {
    destinations.push_back(
        {.location = location_of(storage.dr_bucket, storage.dr_prefix.empty() ? prefix : storage.dr_prefix),
         .region = storage.dr_region,
         .endpoint_url = storage.endpoint_url,
         .encryption = storage.encryption});
  }
  return destinations;
}

Destination destination_at(const config::Configuration& configuration, const std::string& location) {
  Destination destination{.location = location, .region = {}, .endpoint_url = {}, .encryption = {}};
  const auto is_in = [&](const std::string& bucket) {
    const auto whole = "s3://" + bucket;
    return !bucket.empty() && (location == whole || location.starts_with(whole + "/"));
  };
  for (const auto& environment : configuration.environments) {
    const auto& storage = environment.storage;
    const bool second = is_in(storage.dr_bucket);
    if (!second && !is_in(storage.s3_bucket) && !is_in(storage.database_bucket)) continue;
    destination.region = second ? storage.dr_region : storage.region;
    destination.endpoint_url = storage.endpoint_url;
    destination.encryption = storage.encryption;
    break;
  }
  return destination;
}

}  // namespace summit::backup
