// NAME=value lines of a text, as .env files and simple settings have them: values are replaced, everything
// else stays byte for byte.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "masking/named_values.h"

namespace summit::masking {

// A piece of a text: an assignment, which a quoted value may stretch over several lines, or any other line.
struct EntryLine {
  std::string_view text;  // with its newline
  std::string_view name;  // empty: no assignment
  std::string_view head;  // of an assignment: up to and with the `=` and the blanks behind it
  std::string value;      // … without quotes and escapes, blanks around, or a comment behind
};

// Calls `visit` for each piece, in order; joined they are the text.
Result<void> for_each_entry_line(std::string_view text,
                                 const std::function<Result<void>(const EntryLine&)>& visit);

// The text with what the rules of `mask` make of each entry. A replaced value stands in double quotes where
// it needs them; a removed one takes its line along.
Result<std::string> mask_entry_lines(std::string_view text, NamedMask& mask);

}  // namespace summit::masking
