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

// Whether everybody who reaches the server may sign in as `user`.
Result<bool> is_passwordless(redis::Connection& connection, const std::string& user);

enum class Remains {
  kNothing,  // but to sign in and PING
  kAcl,      // and ACL, which is enough to get everything back
};
// Ends the user's sessions, too: one that waits for a key, or watches all commands, would still be told.
Result<void> take_rights(redis::Connection& connection, const std::string& user, Remains remains);
Result<void> give_rights(redis::Connection& connection, const std::string& user, const std::string& rights);

// Writes the rights to the server's ACL file, so that a new start knows them. False when it has none.
Result<bool> save_rights(redis::Connection& connection);

}  // namespace summit::recovery
