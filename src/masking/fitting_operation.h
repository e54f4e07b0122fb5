// Which operation a rule to paste proposes for what looks private.
#pragma once

#include <string>
#include <string_view>

#include "masking/detectors.h"

namespace summit::masking {

// What PostgreSQL takes in a column.
struct ColumnTraits {
  std::string type{};        // as it is written: "character varying(20)", "text[]"; empty: any text
  bool required = false;     // it refuses NULL
  std::string number_key{};  // a column whose number tells rows apart and fits into this one; empty: none
};

// "{pseudonym: email}", as YAML: one that the column takes, written as the server writes it. Empty where a
// value is required and none is known that the type takes.
std::string fitting_operation(Suspicion suspicion, const ColumnTraits& column);

}  // namespace summit::masking
