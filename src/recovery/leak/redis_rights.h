// What users of a Redis server may do. Internal to this folder.
#pragma once

#include <map>
#include <string>

#include "core/result.h"
#include "stores/redis/connection.h"

namespace summit::recovery {

// Who fills a server while it is closed (target_doors.h).
inline constexpr const char* kRestoringUser = "summit-dr-masked-restore";

// By user, keys, channels, commands and selectors as ACL LIST words them. Passwords stay in the server.
Result<std::map<std::string, std::string>> read_rights(redis::Connection& connection);
// Nothing is left but to sign in, PING, and ACL.
Result<void> take_rights(redis::Connection& connection, const std::string& user);
Result<void> give_rights(redis::Connection& connection, const std::string& user, const std::string& rights);

}  // namespace summit::recovery
