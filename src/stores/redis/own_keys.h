// The keys that this program keeps in a store. They are no data: never in a backup, a fingerprint or a count
// of ours.
#pragma once

#include <string_view>

#include "formats/rdb/reader.h"

namespace summit::redis {

// Both in database 0.
inline constexpr std::string_view kEnvironmentKey = "summit-dr:environment";
inline constexpr std::string_view kIncompleteKey = "summit-dr:restore-incomplete";

inline bool is_own_key(uint32_t db, std::string_view key) {
  return db == 0 && (key == kEnvironmentKey || key == kIncompleteKey);
}
inline bool is_own_key(const rdb::Record& entry) { return is_own_key(entry.db, entry.key); }

}  // namespace summit::redis
