// Numbers that states give to persons, known by their form and their check digits.
#pragma once

#include <string_view>

namespace summit::masking {

// Whether the whole value has the form of one: of Norway, Sweden, Denmark, Finland, the United Kingdom
// (NINO), France (NIR), Italy, Spain (DNI, NIE) and Brazil (CPF), as people write them. Days and months in
// them exist, and check digits come out right, but for Denmark and the United Kingdom, which have none, and
// Italy. One value may be such a number by accident: a column of them is none. Any thread.
bool is_national_id(std::string_view value);

}  // namespace summit::masking
