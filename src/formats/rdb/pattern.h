// Key patterns.
#pragma once

#include <string_view>

namespace summit::rdb {

// Whether `text` matches a pattern as Redis' KEYS understands it: * ? [a-z] [^a] and \ before a literal. Time
// grows with the product of the two lengths at worst.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace summit::rdb
