// Dates at the front of texts: "2026-11-21", "2026-11-21 03:10:48+00", "2026-11-21T03:10:48Z".
#pragma once

#include <string>
#include <string_view>

#include "masking/field.h"

namespace summit::masking {

// Appends `text` with its date moved by `days`; what follows the date stays. `infinity` and `-infinity` stay.
// kMalformed for anything else, for years before 1 and after 9999, and for dates BC.
Outcome shift_date(std::string_view text, int days, std::string& out);

}  // namespace summit::masking
