// The files in which AWS's tools keep named profiles: ~/.aws/credentials and ~/.aws/config.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/result.h"
#include "storage/variable_lookup.h"

namespace summit::storage {

using ProfileSettings = std::map<std::string, std::string>;  // names in lower case

struct ProfileFiles {
  std::filesystem::path credentials_file;
  std::filesystem::path config_file;
  std::map<std::string, ProfileSettings> profiles{};  // the credentials file wins
};

// "[name]" or "[profile name]" sections of "name = value" lines; nested settings (indented lines) are
// skipped.
std::map<std::string, ProfileSettings> parse_profiles(std::string_view text);

// Files that are not there count as empty.
Result<ProfileFiles> read_profiles(const VariableLookup& variables);

// AWS_PROFILE, AWS_DEFAULT_PROFILE, or "default".
std::string profile_name(const VariableLookup& variables);

}  // namespace summit::storage
