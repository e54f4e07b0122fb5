#include "storage/open_store.h"

#include "storage/aws_credentials.h"
#include "storage/local_store.h"
#include "storage/s3_store.h"

namespace summit::storage {

namespace {

Result<std::unique_ptr<ObjectStore>> open_s3(const S3Location& location, const OpenOptions& options,
                                             const Cancellation& cancellation) {
  S3Settings settings;
  if (options.s3) {
    settings = *options.s3;
  } else {
    ASSIGN_OR_RETURN(settings, s3_settings_from(options.variables));
  }
  const auto identity = AwsIdentity::from_variables(options.variables, settings.transport);
  ASSIGN_OR_RETURN(std::unique_ptr<ObjectStore> store,
                   S3Store::open(settings, identity, location.bucket, location.prefix, cancellation));
  return store;
}

}  // namespace

std::optional<S3Location> parse_s3_location(std::string_view location) {
  constexpr std::string_view kScheme = "s3://";
  if (!location.starts_with(kScheme)) return std::nullopt;
  location.remove_prefix(kScheme.size());
  const size_t slash = std::min(location.find('/'), location.size());
  std::string_view prefix = location.substr(slash);
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return S3Location{std::string(location.substr(0, slash)), std::string(prefix)};
}

Result<std::unique_ptr<ObjectStore>> open_store(std::string_view location, const OpenOptions& options,
                                                const Cancellation& cancellation) {
  if (const auto s3 = parse_s3_location(location)) return open_s3(*s3, options, cancellation);
  if (location.empty() || location.find("://") != std::string_view::npos) {
    return Error(Code::kUsage, "\"{}\" is no place for backups", location)
        .hint("name a directory, or a bucket as in s3://summit-backups-prod/summit-backups");
  }
  const auto if_missing =
      options.create_directory ? LocalStore::IfMissing::kCreate : LocalStore::IfMissing::kFail;
  ASSIGN_OR_RETURN(std::unique_ptr<ObjectStore> store, LocalStore::open(fs::path(location), if_missing));
  return store;
}

}  // namespace summit::storage
