// Numbers that states give to persons, found in texts by their form and their check digits.
#pragma once

#include <string_view>

namespace summit::masking {

// Whether one stands anywhere in the text, by itself: of the United States (SSN), Norway, Sweden, Denmark,
// Finland, the United Kingdom (NINO), France (NIR), Italy, Spain (DNI, NIE) and Brazil (CPF), as people write
// them. Dates in them must exist and check digits come out right, where there are any; bare numbers of other
// states, which look like any other number, are left to the name of the place. Any thread.
bool has_national_id(std::string_view text);

}  // namespace summit::masking
