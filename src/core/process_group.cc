#include "core/process_group.h"

#include <signal.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/text.h"

namespace summit {

namespace {

struct ProcessStatus {
  char state = '\0';
  pid_t group = 0;
};

// From /proc/<pid>/stat: "<pid> (<name>) <state> <parent> <group> …". The name may hold blanks and brackets.
std::optional<ProcessStatus> parse_status(std::string_view line) {
  const size_t end_of_name = line.rfind(") ");
  if (end_of_name == std::string_view::npos) return std::nullopt;
  const std::string_view fields = line.substr(end_of_name + 2);
  const size_t parent = fields.find(' ');
  const size_t group = parent == std::string_view::npos ? parent : fields.find(' ', parent + 1);
  if (group == std::string_view::npos) return std::nullopt;
  ProcessStatus status{fields.front(), 0};
  std::from_chars(fields.data() + group + 1, fields.data() + fields.size(), status.group);
  return status;
}

}  // namespace

bool has_living_member(pid_t group) {
  if (::kill(-group, 0) != 0) return false;
  std::error_code unreadable;
  for (auto entry = fs::directory_iterator("/proc", unreadable);
       !unreadable && entry != fs::directory_iterator(); entry.increment(unreadable)) {
    if (!is_digit(entry->path().filename().native().front())) continue;
    // One that has vanished in between is not alive.
    const auto line = read_file(entry->path() / "stat");
    const auto status = line.ok() ? parse_status(*line) : std::nullopt;
    if (status && status->group == group && status->state != 'Z' && status->state != 'X') return true;
  }
  return false;
}

}  // namespace summit
