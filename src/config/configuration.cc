#include "config/configuration.h"

#include <algorithm>
#include <set>

#include "config/backup_set_reader.h"
#include "config/environment_reader.h"
#include "config/suggestion.h"
#include "core/files.h"

namespace summit::config {
namespace {

constexpr std::string_view kSetsFile = "backup-sets.yaml";
constexpr std::string_view kEnvironmentsFile = "environments.yaml";
constexpr uint64_t kLargestFile = 4 * MiB;

bool holds_configuration(const fs::path& directory) {
  std::error_code error;
  return fs::exists(directory / kEnvironmentsFile, error) && fs::exists(directory / kSetsFile, error);
}

// <prefix>/bin/summit-dr finds <prefix>/share/summit-dr/config.
fs::path installed_defaults() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share" / "summit-dr" / "config";
}

std::string shown_name(const fs::path& file, const fs::path& project) {
  const auto relative = file.lexically_relative(project);
  return relative.empty() || *relative.begin() == ".." ? file.string() : relative.string();
}

// Hooks and commands of the configuration run with our rights: what everybody may write is not trusted.
Result<void> check_writers(const fs::path& file) {
  std::error_code error;
  const auto permissions = fs::status(file, error).permissions();
  if (!error && (permissions & fs::perms::others_write) != fs::perms::none) {
    return Error(Code::kRefused, "{} may be written by everybody", file.string())
        .hint("chmod o-w " + file.string());
  }
  return {};
}

class FileReader {
 public:
  FileReader(const fs::path& directory, const fs::path& project, const Variables& variables)
      : directory_(directory), project_(project), variables_(variables) {}

  // Parses `name` and gives its tree to `read(root, context)`; findings are collected for result().
  template <typename Read>
  Result<void> with(std::string_view name, Read read) {
    const auto file = directory_ / name;
    RETURN_IF_ERROR(check_writers(file));
    ASSIGN_OR_RETURN(const auto content, read_file(file, kLargestFile), "while reading the configuration");
    const auto shown = shown_name(file, project_);
    std::vector<Finding> findings;
    ReadContext context{.file = shown,
                        .project = project_,
                        .variables = &variables_,
                        .findings = &findings,
                        .deferred = nullptr};
    try {
      read(YAML::Load(content), context);
    } catch (const YAML::Exception& error) {
      findings.push_back(
          {error.mark.line + 1,
           fmt::format("this is no YAML: {} (look at indentation, quotes and colons here)", error.msg)});
    }
    std::multimap<int, std::string> by_line;
    for (auto& finding : findings) by_line.emplace(finding.line, std::move(finding.text));
    for (const auto& [line, text] : by_line) findings_.push_back(fmt::format("{}:{}: {}", shown, line, text));
    return {};
  }

  Result<void> result() const {
    if (findings_.empty()) return {};
    return Error(Code::kConfig, "{} in the configuration\n{}",
                 findings_.size() == 1 ? "one finding" : fmt::format("{} findings", findings_.size()),
                 join(findings_, "\n"))
        .hint("mend the lines above, then run `summit-dr config validate`");
  }

 private:
  const fs::path& directory_;
  const fs::path& project_;
  const Variables& variables_;
  std::vector<std::string> findings_;
};

template <typename Endpoint>
void read_passwords(std::vector<Endpoint>& endpoints, const Variables& variables,
                    std::vector<std::string>& problems) {
  for (auto& endpoint : endpoints) {
    auto secret = read_secret(endpoint.password_source, variables);
    if (secret.ok()) {
      endpoint.password = std::move(secret).value();
    } else {
      const auto& error = secret.error();
      problems.push_back(error.hint().empty() ? error.message()
                                              : fmt::format("{} ({})", error.message(), error.hint()));
    }
  }
}

// Leaves out what will not be used, so that nothing half-configured can be connected to by accident.
void keep_only(const std::vector<std::string>& kinds, Environment& environment) {
  const auto unused = [&](std::string_view kind) {
    return !kinds.empty() && std::find(kinds.begin(), kinds.end(), kind) == kinds.end();
  };
  if (unused("postgresql")) environment.postgresql.clear();
  if (unused("neo4j")) environment.neo4j.clear();
  if (unused("redis")) environment.redis.clear();
  if (unused("elasticsearch")) environment.elasticsearch.clear();
  std::erase_if(environment.problems, [&](const auto& entry) {
    return !entry.first.empty() && entry.first != "files" && unused(entry.first);
  });
}

}  // namespace

Result<const BackupSet*> Configuration::set(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& candidate : sets) {
    if (candidate.name == name) return &candidate;
    names.push_back(candidate.name);
  }
  return Error(Code::kNotFound, "there is no backup set `{}`", name).hint(suggestion(name, names));
}

Result<const Environment*> Configuration::environment(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& candidate : environments) {
    if (candidate.name == name) return &candidate;
    names.push_back(candidate.name);
    for (const auto& alias : candidate.aliases) {
      if (alias == name) return &candidate;
    }
  }
  return Error(Code::kNotFound, "there is no environment `{}`", name).hint(suggestion(name, names));
}

Result<Environment> Configuration::resolve(std::string_view name,
                                           const std::vector<std::string>& kinds) const {
  ASSIGN_OR_RETURN(const auto* declared, environment(name));
  Environment resolved = *declared;
  keep_only(kinds, resolved);
  std::vector<std::string> problems;
  for (const auto& entry : resolved.problems)
    problems.insert(problems.end(), entry.second.begin(), entry.second.end());
  // Nothing is executed for an environment that cannot be used anyway.
  if (problems.empty()) {
    const auto found = environment_variables.find(declared->name);
    const Variables& own = found == environment_variables.end() ? variables : found->second;
    read_passwords(resolved.postgresql, own, problems);
    read_passwords(resolved.neo4j, own, problems);
    read_passwords(resolved.redis, own, problems);
    read_passwords(resolved.elasticsearch, own, problems);
  }
  if (problems.empty()) return resolved;
  return Error(Code::kConfig, "environment `{}` cannot be used\n{}", declared->name, join(problems, "\n"))
      .hint("set what is missing, then look at it with `summit-dr config show`");
}

fs::path project_of(const fs::path& directory) {
  std::error_code error;
  if (directory == installed_defaults()) return fs::current_path(error);
  return directory.filename() == "config" ? directory.parent_path() : directory;
}

std::vector<std::string> values_not_executed(const Configuration& configuration,
                                             std::string_view environment) {
  std::set<std::string> found;
  const auto add = [&](const Variables& variables) {
    found.insert(variables.not_executed().begin(), variables.not_executed().end());
  };
  add(configuration.variables);
  for (const auto& [name, variables] : configuration.environment_variables) {
    if (environment.empty() || environment == name) add(variables);
  }
  return {found.begin(), found.end()};
}

bool bucket_is_asked_for(const Variables& variables) {
  return variables.get("S3_BUCKET").has_value() || variables.get("BACKUP_BUCKET").has_value();
}

Result<fs::path> find_configuration(const std::optional<fs::path>& explicit_directory) {
  std::error_code error;
  const auto given =
      explicit_directory ? *explicit_directory : fs::path(Variables::from_process("SUMMIT_DR_CONFIG"));
  if (!given.empty()) {
    const auto directory = fs::weakly_canonical(given, error);
    if (holds_configuration(directory)) return directory;
    return Error(Code::kNotFound, "{} holds no {} and {}", given.string(), kEnvironmentsFile, kSetsFile)
        .hint("set SUMMIT_DR_CONFIG to the directory that holds both files");
  }
  for (auto directory = fs::current_path(error); !error; directory = directory.parent_path()) {
    if (holds_configuration(directory / "config")) return directory / "config";
    if (directory == directory.parent_path()) break;
  }
  if (const auto installed = installed_defaults(); holds_configuration(installed)) return installed;
  return Error(Code::kNotFound, "no configuration was found: no config/{} here or above", kEnvironmentsFile)
      .hint("change into the project's directory, or set SUMMIT_DR_CONFIG to the directory of the two files");
}

Result<Configuration> load_configuration(const fs::path& directory) {
  std::error_code error;
  Configuration configuration;
  configuration.directory = fs::weakly_canonical(directory, error);
  configuration.project = project_of(configuration.directory);
  ASSIGN_OR_RETURN(configuration.variables, Variables::load(configuration.project));

  FileReader reader(configuration.directory, configuration.project, configuration.variables);
  RETURN_IF_ERROR(reader.with(kEnvironmentsFile, [&](const YAML::Node& root, ReadContext& context) {
    configuration.environments = read_environments(root, context, configuration.environment_variables);
  }));
  RETURN_IF_ERROR(reader.with(kSetsFile, [&](const YAML::Node& root, ReadContext& context) {
    configuration.sets = read_backup_sets(root, context, configuration.environments);
  }));
  RETURN_IF_ERROR(reader.result());
  return configuration;
}

}  // namespace summit::config
