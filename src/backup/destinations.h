// Where a backup is stored beside the place where it was made.
#pragma once

#include <string>
#include <vector>

#include "backup/plan.h"

namespace summit::backup {

// A bucket's prefix, and how it is to be reached where no variable says otherwise.
struct Destination {
  std::string location;      // "s3://summit-backups-prod/summit-backups"
  std::string region;        // empty: as the variables say
  std::string endpoint_url;  // empty: Amazon's
  std::string encryption;    // "none", "AES256", "KMS"
};

// What `--upload-s3` or a bucket's variable asks for; none when neither does. A set for disasters (`s3_dr`
// among its storage) goes to the bucket of the second region as well. kUsage when an upload is asked for and
// no bucket is configured.
Result<std::vector<Destination>> destinations_of(const BackupRequest& request, const config::BackupSet& set,
                                                 const config::Environment& environment);

// The same for a location that a user names: reached as the environment that has this bucket says, else as
// the variables do.
Destination destination_at(const config::Configuration& configuration, const std::string& location);

}  // namespace summit::backup
