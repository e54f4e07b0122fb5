// What a replaced value says to whoever listens for replaced values.
#pragma once

#include <string_view>

#include "masking/field.h"
#include "masking/replaced.h"

namespace summit::masking {

// Reports `original`, which became `replacement` (nothing: it was removed). Of documents and arrays each text
// inside that is no longer there is reported, because elsewhere it would stand alone.
void report_replaced(ReplacedValues& listener, std::string_view original, Field replacement,
                     std::string_view place);

}  // namespace summit::masking
