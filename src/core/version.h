// The program's version, as `summit-dr --version` and the metadata show it.
#pragma once

#include <string_view>

namespace summit {
inline constexpr std::string_view kVersion = SUMMIT_VERSION;
}  // namespace summit
