// YAML documents as text: values at paths are replaced, everything else stays byte for byte (comments, order,
// anchors, the style of what is kept).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "masking/json_text.h"

namespace summit::masking {

// As rewrite_json(), for every document of a stream. A replaced value becomes a text in double quotes, or
// null; a null stays. Of a value that is known by several names (an alias) the first place counts. The result
// is read back and compared before it is given. kMalformed when the text is no YAML, or holds a value at a
// path that is written so that its end cannot be told for certain (a plain text over several lines), or
// aliases that multiply it beyond a million values.
Outcome rewrite_yaml(std::string_view text, const std::vector<config::JsonPath>& paths,
                     const JsonTransform& transform, std::string& out);

}  // namespace summit::masking
