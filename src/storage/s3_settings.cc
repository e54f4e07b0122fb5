#include "storage/s3_settings.h"

#include "core/text.h"
#include "core/time.h"
#include "storage/aws_profile.h"

namespace summit::storage {

namespace {

Error unknown_value(const std::string& name, const std::string& value, std::string_view expected) {
  return Error(Code::kConfig, "{}={} makes no sense", name, value)
      .hint(fmt::format("set it to {}", expected));
}

// Sets `target` to the choice whose word the variable holds.
template <typename T>
Result<void> choose(const VariableLookup& variables, const std::string& name,
                    const std::vector<std::pair<std::string_view, T>>& choices, T& target) {
  const auto value = variables(name);
  if (!value) return {};
  std::string expected;
  for (const auto& [word, choice] : choices) {
    if (equals_ignoring_case(*value, word)) {
      target = choice;
      return {};
    }
    expected += fmt::format("{}{}", expected.empty() ? "" : " or ", word);
  }
  return unknown_value(name, *value, expected);
}

Result<void> read_choices(const VariableLookup& variables, S3Settings& settings) {
  RETURN_IF_ERROR(choose<Addressing>(
      variables, "S3_ADDRESSING_STYLE",
      {{"auto", Addressing::kAutomatic}, {"path", Addressing::kPath}, {"virtual", Addressing::kVirtualHost}},
      settings.addressing));
  RETURN_IF_ERROR(choose<ServerEncryption>(variables, "S3_SSE",
                                           {{"none", ServerEncryption::kNone},
                                            {"AES256", ServerEncryption::kS3},
                                            {"aws:kms", ServerEncryption::kKms}},
                                           settings.encryption));
  return choose<LockMode>(variables, "S3_LOCK_MODE",
                          {{"COMPLIANCE", LockMode::kCompliance}, {"GOVERNANCE", LockMode::kGovernance}},
                          settings.lock_mode);
}

Result<void> read_limits(const VariableLookup& variables, S3Settings& settings) {
  if (const auto value = variables("S3_BANDWIDTH_LIMIT")) {
    if (!parse_bytes(*value, settings.transport.bytes_per_second)) {
      return unknown_value("S3_BANDWIDTH_LIMIT", *value, "bytes a second, such as 20MB");
    }
  }
  if (const auto value = variables("S3_TIMEOUT")) {
    const auto duration = parse_duration(*value);
    if (!duration || duration->count() <= 0)
      return unknown_value("S3_TIMEOUT", *value, "a duration, such as 60s");
    settings.transport.stall_timeout = *duration;
  }
  if (const auto value = variables("AWS_MAX_ATTEMPTS")) {
    const int attempts = parse_number<int>(*value).value_or(0);
    if (attempts < 1 || attempts > 100) {
      return unknown_value("AWS_MAX_ATTEMPTS", *value, "a number from 1 to 100");
    }
    settings.retry.attempts = attempts;
  }
  return {};
}

Result<void> read_region(const VariableLookup& variables, S3Settings& settings) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const auto value = variables(name)) {
      settings.region = *value;
      return {};
    }
  }
  ASSIGN_OR_RETURN(const ProfileFiles files, read_profiles(variables));
  const auto profile = files.profiles.find(profile_name(variables));
  if (profile == files.profiles.end()) return {};
  const auto region = profile->second.find("region");
  if (region != profile->second.end() && !region->second.empty()) settings.region = region->second;
  return {};
}

}  // namespace

std::string_view name_of(LockMode mode) {
  return mode == LockMode::kCompliance ? "COMPLIANCE" : "GOVERNANCE";
}

Result<S3Settings> s3_settings_from(const VariableLookup& variables) {
  S3Settings settings;
  RETURN_IF_ERROR(read_region(variables, settings));
  RETURN_IF_ERROR(read_choices(variables, settings));
  RETURN_IF_ERROR(read_limits(variables, settings));
  settings.endpoint_url =
      variables("AWS_ENDPOINT_URL_S3").value_or(variables("AWS_ENDPOINT_URL").value_or(""));
  settings.transport.ca_bundle = variables("AWS_CA_BUNDLE").value_or("");
  settings.storage_class = variables("S3_STORAGE_CLASS").value_or("");
  settings.kms_key_id = variables("S3_SSE_KMS_KEY_ID").value_or("");
  if (!settings.kms_key_id.empty() && settings.encryption != ServerEncryption::kKms) {
    return Error(Code::kConfig, "S3_SSE_KMS_KEY_ID is set, but S3_SSE is not aws:kms")
        .hint("set S3_SSE=aws:kms");
  }
  return settings;
}

}  // namespace summit::storage
