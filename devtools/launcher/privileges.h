// Running a server as somebody else: PostgreSQL and Elasticsearch refuse to run as root.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "core/result.h"

namespace summit::platform {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

// May that user pass through `directory` and all directories above it, by their modes alone?
bool can_reach(const User& user, const std::filesystem::path& directory);

// What root's right to pass closed directories (CAP_DAC_OVERRIDE) becomes.
enum class ClosedDirectories { kStayClosed, kMayBePassed };

// This process takes the user's identity for good. With kMayBePassed it keeps that one right of root over
// exec, so that a server's data may lie in a clone below /root.
Result<void> become_user(const User& user, ClosedDirectories closed);

}  // namespace summit::platform
