#include "devtools/launcher/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace summit::platform {

namespace {

Result<void> keep_right_to_pass() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  constexpr unsigned kPass = 1U << CAP_DAC_OVERRIDE;
  data[0] = {kPass, kPass, kPass};
  if (::syscall(SYS_capset, &header, data) != 0 ||
      ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0) != 0) {
    return errno_error(errno, "cannot let the server's user pass closed directories");
  }
  return {};
}

}  // namespace

bool can_reach(const User& user, const std::filesystem::path& directory) {
  std::filesystem::path path;
  for (const auto& part : std::filesystem::absolute(directory)) {
    path /= part;
    struct stat status{};
    // What is not there yet is made for that user.
    if (::stat(path.c_str(), &status) != 0) return errno == ENOENT;
    const mode_t needed = status.st_uid == user.uid ? S_IXUSR : status.st_gid == user.gid ? S_IXGRP : S_IXOTH;
    if ((status.st_mode & needed) == 0) return false;
  }
  return true;
}

Result<void> become_user(const User& user, ClosedDirectories closed) {
  const bool keeps_right = closed == ClosedDirectories::kMayBePassed;
  // Else the change of user would drop the capability that is made ambient below.
  if (keeps_right) ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (::setgroups(0, nullptr) != 0 || ::setgid(user.gid) != 0 || ::setuid(user.uid) != 0) {
    return errno_error(errno, fmt::format("cannot run as user {}", user.uid));
  }
  return keeps_right ? keep_right_to_pass() : Result<void>();
}

}  // namespace summit::platform
