#include "stores/neo4j/vendor_command.h"

#include <algorithm>
#include <utility>

namespace summit::neo4j {

namespace {

std::string_view key_of(VendorStep step) {
  return step == VendorStep::kBackup ? "backup_command" : "restore_command";
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

// One pass: what is filled in is not looked at again.
std::string filled_in(std::string_view word, const fs::path& directory, const fs::path& file,
                      const std::string& database) {
  std::string text;
  while (!word.empty()) {
    const auto take = [&](std::string_view placeholder, const std::string& value) {
      if (!word.starts_with(placeholder)) return false;
      text += value;
      word.remove_prefix(placeholder.size());
      return true;
    };
    if (take("{directory}", directory.native()) || take("{file}", file.native()) ||
        take("{database}", database))
      continue;
    text += word.front();
    word.remove_prefix(1);
  }
  return text;
}

// The one `.backup` there. No directory: only asked what the command is.
Result<fs::path> only_backup_in(const fs::path& directory) {
  if (directory.empty()) return fs::path();
  ASSIGN_OR_RETURN(auto files, vendor_files(directory));
  std::erase_if(files, [](const VendorFile& file) { return !file.path.ends_with(".backup"); });
  if (files.size() == 1) return directory / files.front().path;
  return Error(Code::kConfig, "the backup has {} files called *.backup, and {{file}} stands for one",
               files.size())
      .hint("give the restore_command {directory}, and let it choose");
}

// A password that came from a file or a command is in no variable that the redactor knows.
Error without_secrets(const Error& error, const config::Neo4jEndpoint& endpoint,
                      const config::Redactor& redactor) {
  const auto hide = [&](std::string text) {
    const auto& password = endpoint.password.reveal();
    if (!password.empty()) replace_all(text, password, config::Redactor::kHidden);
    return redactor.redacted(std::move(text));
  };
  return Error(error.code(), "{}", hide(error.message())).hint(hide(error.hint()));
}

}  // namespace

Result<Command> vendor_command(const config::Neo4jEndpoint& endpoint, VendorStep step,
                               const fs::path& directory) {
  const bool backs_up = step == VendorStep::kBackup;
  const auto& words = backs_up ? endpoint.backup_command : endpoint.restore_command;
  if (words.empty()) {
    return Error(Code::kConfig, "endpoint `{}` has no {}", endpoint.name, key_of(step))
        .hint(backs_up ? "add `backup_command: neo4j-admin database backup --include-metadata=none "
                         "--to-path={directory} {database}` in config/environments.yaml"
                       : "add `restore_command: neo4j-admin database restore --from-path={file} "
                         "--overwrite-destination=true {database}` in config/environments.yaml");
  }
  const bool names_file =
      std::ranges::any_of(words, [](const auto& word) { return word.find("{file}") != std::string::npos; });
  fs::path file;
  if (!backs_up && names_file) {
    ASSIGN_OR_RETURN(file, only_backup_in(directory));
  }
  Command command;
  for (const auto& word : words) command.argv.push_back(filled_in(word, directory, file, endpoint.database));
  command.env = {{"NEO4J_URI", endpoint.bolt_uri},
                 {"NEO4J_USERNAME", endpoint.user},
                 {"NEO4J_PASSWORD", endpoint.password.reveal()}};
  return command;
}

Result<void> check_vendor_command(const config::Neo4jEndpoint& endpoint, VendorStep step) {
  ASSIGN_OR_RETURN(const auto command, vendor_command(endpoint, step, {}));
  ASSIGN_OR_RETURN([[maybe_unused]] const auto program, find_program(command.argv.front()),
                   "in the {} of endpoint `{}`", key_of(step), endpoint.name);
  return {};
}

Result<void> run_vendor_command(const config::Neo4jEndpoint& endpoint, VendorStep step,
                                const fs::path& directory, const fs::path& log,
                                const config::Redactor& redactor, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto command, vendor_command(endpoint, step, directory));
  const auto run_it = [&]() -> Result<void> {
    ASSIGN_OR_RETURN(auto process, Process::start(command, {.output_file = log}));
    ASSIGN_OR_RETURN(const auto status, process.wait(cancellation, endpoint.command_timeout));
    return require_success(command, status);
  };
  const auto done = run_it();
  if (done.ok()) return {};
  auto error = without_secrets(done.error(), endpoint, redactor)
                   .at(fmt::format("in the {} of endpoint `{}`", key_of(step), endpoint.name));
  if (error.code() != Code::kTimeout) return error;
  return std::move(error).hint(
      fmt::format("raise `command_timeout` of endpoint `{}`, if it only needs longer", endpoint.name));
}

Result<std::vector<VendorFile>> vendor_files(const fs::path& directory) {
  const auto no_backup = [](std::string what) {
    return Error(Code::kFailed, "the backup_command ended well, but {}", std::move(what))
        .hint("it must leave the files of the backup in {directory}: run it by hand and look there");
  };
  std::vector<VendorFile> files;
  uint64_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto status = entry->symlink_status(error);
    if (error) break;
    const std::string path = entry->path().lexically_relative(directory).native();
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) return no_backup(fmt::format("left {}, which is no file", path));
    const uint64_t size = entry->file_size(error);
    if (error) break;
    if (size == 0 && path.ends_with(".backup")) return no_backup(fmt::format("{} is empty", path));
    total += size;
    files.push_back({path, size});
  }
  if (error) return errno_error(error.value(), fmt::format("cannot list {}", directory.native()));
  if (files.empty()) return no_backup("left no file");
  if (total == 0) return no_backup("left only empty files");
  std::ranges::sort(files, {}, &VendorFile::path);
  return files;
}

}  // namespace summit::neo4j
