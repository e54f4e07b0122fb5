#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "core/process.h"
#include "core/program_path.h"

namespace summit {

namespace {

bool is_program(const fs::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<fs::path> find_program_in(std::string_view name, const std::vector<fs::path>& directories,
                                 std::string_view search_path) {
  if (name.find('/') != std::string_view::npos) {
    if (is_program(name)) return fs::path(name);
    return Error(Code::kMissingTool, "no program {}", name)
        .hint("`summit-dr doctor` shows which programs are missing");
  }
  for (const fs::path& directory : directories) {
    if (is_program(directory / name)) return directory / name;
  }
  while (!name.empty() && !search_path.empty()) {
    const size_t end = std::min(search_path.find(':'), search_path.size());
    const fs::path directory = end == 0 ? fs::path(".") : fs::path(search_path.substr(0, end));
    if (is_program(directory / name)) return directory / name;
    search_path.remove_prefix(std::min(end + 1, search_path.size()));
  }
  return Error(Code::kMissingTool, "the program {} is not installed", name)
      .hint(fmt::format(
          "install {} or add its directory to PATH; `summit-dr doctor` shows which programs are missing",
          name));
}

Result<fs::path> find_program(std::string_view name, const std::vector<fs::path>& directories) {
  const char* search_path = std::getenv("PATH");
  return find_program_in(name, directories,
                         search_path != nullptr ? search_path : "/usr/local/bin:/usr/bin:/bin");
}

}  // namespace summit
