// PostgreSQL's arrays as text: {a,"b c",NULL,{d}}, perhaps after bounds as in [0:1]={a,b}.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "masking/field.h"

namespace summit::masking {

// Makes of each element, at any depth, what `element` makes of it. `element` appends to its second argument.
using ElementTransform = std::function<Outcome(Field element, std::string& out)>;

// Appends the array with its elements replaced; the braces, bounds and commas stay. kValue, kMalformed when
// the text is no array (nothing may be used then), or what `element` failed with.
Outcome rewrite_array(std::string_view array, const ElementTransform& element, std::string& out);

}  // namespace summit::masking
