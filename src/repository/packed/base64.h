// Base64 with padding and without line ends (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace summit::repository::packed {

std::string to_base64(ByteView bytes);
// Nothing unless `text` is exactly what to_base64() writes for some bytes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace summit::repository::packed
