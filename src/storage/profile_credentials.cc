// Credentials of a named profile: keys, a program that prints some, or a role assumed by another profile.
#include "core/process.h"
#include "core/text.h"
#include "storage/aws_profile.h"
#include "storage/aws_sts.h"
#include "storage/credential_json.h"
#include "storage/credential_sources.h"

namespace summit::storage {

namespace {

using Found = std::optional<AwsCredentials>;

constexpr std::chrono::seconds kProgramPatience{60};
constexpr int kMaxChain = 5;  // profiles that name each other as their source

// Words of a command line as a POSIX shell splits them; nothing is expanded.
std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  char quote = '\0';
  bool in_word = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\0' && (c == ' ' || c == '\t')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else {
      words.back() += c;
    }
  }
  return words;
}

class ProfileCredentials final : public CredentialSource {
 public:
  ProfileCredentials(VariableLookup variables, std::shared_ptr<HttpTransport> transport)
      : variables_(std::move(variables)), transport_(std::move(transport)), name_(profile_name(variables_)) {}
  std::string describe() const override { return fmt::format("profile {}", name_); }

  Result<Found> find(const Cancellation& cancellation) override {
    ASSIGN_OR_RETURN(const ProfileFiles files, read_profiles(variables_));
    if (!files.profiles.contains(name_)) {
      if (!variables_("AWS_PROFILE")) return Found();
      return Error(Code::kConfig, "neither {} nor {} has a profile of that name",
                   files.credentials_file.string(), files.config_file.string())
          .hint("look at AWS_PROFILE, or list the profiles with `aws configure list-profiles`");
    }
    return find_in(files, name_, 1, cancellation);
  }

 private:
  Result<Found> find_in(const ProfileFiles& files, const std::string& name, int depth,
                        const Cancellation& cancellation) {
    const auto profile = files.profiles.find(name);
    if (profile == files.profiles.end()) return Error(Code::kConfig, "there is no profile {}", name);
    const ProfileSettings& settings = profile->second;
    const auto value = [&](const char* key) {
      const auto found = settings.find(key);
      return found == settings.end() ? std::string() : found->second;
    };
    // A profile may name itself as its source: then its own keys are meant.
    const bool keys_wanted = depth > 1 && value("source_profile") == name;
    if (!value("role_arn").empty() && !keys_wanted)
      return assume_role(files, name, settings, depth, cancellation);
    if (!value("aws_access_key_id").empty()) {
      return Found(AwsCredentials{value("aws_access_key_id"),
                                  Secret(value("aws_secret_access_key")),
                                  Secret(value("aws_session_token")),
                                  {}});
    }
    if (!value("credential_process").empty()) return run_program(value("credential_process"), cancellation);
    if (settings.contains("sso_session") || settings.contains("sso_start_url")) {
      return Error(Code::kUnsupported, "profile {} signs in through a browser", name)
          .hint(fmt::format("add to it: credential_process = aws configure export-credentials --profile {} "
                            "--format process",
                            name));
    }
    return Found();
  }

  Result<Found> run_program(const std::string& line, const Cancellation& cancellation) {
    const Command command{.argv = split_words(line)};
    if (command.argv.empty()) return Error(Code::kConfig, "credential_process is empty");
    ASSIGN_OR_RETURN(const std::string output, run(command, cancellation, kProgramPatience, 1 * MiB));
    ASSIGN_OR_RETURN(AwsCredentials credentials, credentials_from_json(output), "credential_process");
    return Found(std::move(credentials));
  }

  Result<Found> assume_role(const ProfileFiles& files, const std::string& name,
                            const ProfileSettings& settings, int depth, const Cancellation& cancellation) {
    if (depth > kMaxChain) return Error(Code::kConfig, "profile {} names itself as its source", name);
    const auto value = [&](const char* key) {
      const auto found = settings.find(key);
      return found == settings.end() ? std::string() : found->second;
    };
    AssumedRole role{.role_arn = value("role_arn"),
                     .session_name = value("role_session_name"),
                     .external_id = value("external_id"),
                     .region = value("region"),
                     .endpoint_url = variables_("AWS_ENDPOINT_URL_STS").value_or("")};
    if (role.region.empty()) role.region = variables_("AWS_REGION").value_or("");
    if (!value("web_identity_token_file").empty()) {
      ASSIGN_OR_RETURN(const std::string token, read_file(value("web_identity_token_file"), 64 * KiB));
      ASSIGN_OR_RETURN(
          AwsCredentials credentials,
          assume_with_token(*transport_, role, Secret(std::string(trimmed(token))), cancellation));
      return Found(std::move(credentials));
    }
    ASSIGN_OR_RETURN(const Found caller, find_caller(files, name, value("source_profile"),
                                                     value("credential_source"), depth, cancellation));
    if (!caller) {
      return Error(Code::kConfig, "profile {} has a role, but nobody who may assume it", name)
          .hint("give it a source_profile or a credential_source");
    }
    ASSIGN_OR_RETURN(AwsCredentials credentials,
                     assume_with_credentials(*transport_, role, *caller, cancellation));
    return Found(std::move(credentials));
  }

  Result<Found> find_caller(const ProfileFiles& files, const std::string& name, const std::string& profile,
                            const std::string& source, int depth, const Cancellation& cancellation) {
    if (!profile.empty()) return find_in(files, profile, depth + 1, cancellation);
    if (source == "Environment") return environment_credentials(variables_)->find(cancellation);
    if (source == "EcsContainer") return container_credentials(variables_, transport_)->find(cancellation);
    if (source == "Ec2InstanceMetadata")
      return machine_credentials(variables_, transport_)->find(cancellation);
    if (source.empty()) return Found();
    return Error(Code::kConfig, "profile {} has the unknown credential_source {}", name, source);
  }

  VariableLookup variables_;
  std::shared_ptr<HttpTransport> transport_;
  std::string name_;
};

}  // namespace

std::unique_ptr<CredentialSource> profile_credentials(const VariableLookup& variables,
                                                      std::shared_ptr<HttpTransport> transport) {
  return std::make_unique<ProfileCredentials>(variables, std::move(transport));
}

}  // namespace summit::storage
