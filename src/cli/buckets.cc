#include "cli/buckets.h"

#include <algorithm>

#include "cli/repositories.h"
#include "repository/packed/format_file.h"
#include "storage/aws_credentials.h"
#include "storage/open_store.h"

namespace summit::cli {

Result<std::unique_ptr<storage::S3Bucket>> open_bucket(Session& session, const std::string& location) {
  const auto place = storage::parse_s3_location(location);
  if (!place)
    return Error(Code::kUsage, "{} is no bucket", location).hint("name one as in s3://summit-backups-prod");
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  const auto& variables = configuration->variables;
  ASSIGN_OR_RETURN(const auto settings,
                   settings_for(backup::destination_at(*configuration, location), variables));
  const auto identity = storage::AwsIdentity::from_variables(
      [&variables](const std::string& name) { return variables.get(name); }, settings.transport);
  return storage::S3Bucket::connect(settings, identity, place->bucket);
}

Result<void> look_into(backup::BucketLayout& layout, Session& session) {
  for (auto& place : layout.prefixes) {
    const auto slash = place.prefix.empty() ? "" : "/";
    const auto location = fmt::format("s3://{}{}{}", layout.bucket, slash, place.prefix);
    ASSIGN_OR_RETURN(const auto there, open_place(session, location, IfMissing::kFail), "looking into {}",
                     location);
    ASSIGN_OR_RETURN(const auto format,
                     there->store().head(repository::packed::kFormatKey, session.cancellation()));
    place.holds_packed = format.has_value();
    ASSIGN_OR_RETURN(const auto backups, there->plain().list());
    place.holds_plain =
        std::ranges::any_of(backups, [](const auto& backup) { return backup.metadata.layout == "plain"; });
  }
  return {};
}

}  // namespace summit::cli
