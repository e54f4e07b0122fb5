// JSON documents as text: values at paths are replaced, everything else stays byte for byte (spaces, the
// order and repetition of keys, the digits of numbers).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/sanitization.h"
#include "masking/field.h"

namespace summit::masking {

inline bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// What becomes of a scalar at the path of this number: a string without its escapes, a number or a truth
// value as written, nothing for null. Appends to `out`.
using JsonTransform = std::function<Outcome(size_t path, Field value, std::string& out)>;

// Appends the document with the values at `paths` replaced. Where several paths fit, the first one counts.
// An object or array that is reached has each of its scalars replaced. A replaced value becomes a string, or
// null. kValue; kMalformed when the text is no JSON or is nested deeper than 200 (nothing may be used then);
// or what `transform` failed with.
Outcome rewrite_json(std::string_view document, const std::vector<config::JsonPath>& paths,
                     const JsonTransform& transform, std::string& out);

// Every key and every string of a document, for looking through it. False when it is no JSON.
using JsonVisitor = std::function<void(std::string_view key, std::string_view value)>;
bool visit_json(std::string_view document, const JsonVisitor& visit);

// "…" with what JSON wants escaped.
void append_json_string(std::string_view text, std::string& out);

}  // namespace summit::masking
