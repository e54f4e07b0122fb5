#include "storage/aws_profile.h"

#include "core/files.h"
#include "core/text.h"

namespace summit::storage {

namespace {

std::string_view section_name(std::string_view line) {
  std::string_view name = trimmed(line.substr(1, line.find(']') - 1));
  if (name.starts_with("profile ") || name.starts_with("profile\t")) name = trimmed(name.substr(8));
  return name;
}

Result<void> merge_file(const fs::path& path, std::map<std::string, ProfileSettings>& profiles) {
  if (path.empty()) return {};
  const auto text = read_file(path, 1 * MiB);
  if (!text.ok() && text.error().code() == Code::kNotFound) return {};
  if (!text.ok()) return Error(text.error());
  for (const auto& [name, settings] : parse_profiles(*text)) {
    for (const auto& [key, value] : settings) profiles[name].insert_or_assign(key, value);
    profiles[name];
  }
  return {};
}

}  // namespace

std::map<std::string, ProfileSettings> parse_profiles(std::string_view text) {
  std::map<std::string, ProfileSettings> profiles;
  ProfileSettings* current = nullptr;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[') {
      current = &profiles[std::string(section_name(content))];
      continue;
    }
    const size_t equals = content.find('=');
    if (current == nullptr || equals == std::string_view::npos || line.front() == ' ' || line.front() == '\t')
      continue;
    std::string_view value = trimmed(content.substr(equals + 1));
    // A comment begins after a blank; a key may hold a `#`.
    if (const size_t comment = value.find(" #"); comment != std::string_view::npos)
      value = trimmed(value.substr(0, comment));
    (*current)[to_lower(trimmed(content.substr(0, equals)))] = std::string(value);
  }
  return profiles;
}

Result<ProfileFiles> read_profiles(const VariableLookup& variables) {
  const auto home = variables("HOME");
  const fs::path directory = home ? fs::path(*home) / ".aws" : fs::path();
  const auto file = [&](const char* variable, const char* name) -> fs::path {
    if (const auto path = variables(variable)) return *path;
    return directory.empty() ? fs::path() : directory / name;
  };
  ProfileFiles files{file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), file("AWS_CONFIG_FILE", "config")};
  RETURN_IF_ERROR(merge_file(files.config_file, files.profiles));
  RETURN_IF_ERROR(merge_file(files.credentials_file, files.profiles));
  return files;
}

std::string profile_name(const VariableLookup& variables) {
  if (const auto name = variables("AWS_PROFILE")) return *name;
  return variables("AWS_DEFAULT_PROFILE").value_or("default");
}

}  // namespace summit::storage
