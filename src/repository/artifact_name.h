// Which names an artifact may have.
#pragma once

#include <string_view>

namespace summit::repository {

// Letters, digits, `.`, `_`, `-`, `+`; no leading dot; at most 200 bytes; none of the layout's own names.
// Such a name cannot leave its directory and needs no quoting in CHECKSUMS.
bool is_artifact_name(std::string_view name);

}  // namespace summit::repository
