// A value of a row, and what masking made of it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace summit::masking {

// Decoded text; nothing is NULL, or a property that is not there.
using Field = std::optional<std::string_view>;
// The fields that the rules of a table read, in the order that they were compiled for.
using Row = std::span<const Field>;

enum class Outcome {
  kKept,       // the value stays as it is
  kValue,      // a new value was appended
  kNull,       // NULL; the property, field or entry goes
  kMisfit,     // the value does not fit into the template: `otherwise` takes over
  kMalformed,  // no JSON, no array, no date: nothing may be let through
  kFailed,     // the cryptographic library failed
};

}  // namespace summit::masking
