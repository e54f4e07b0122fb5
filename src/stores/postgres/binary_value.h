// Values in the binary form that a type's receive function reads, made of the text that its output function
// prints.
//
// Only the one spelling that a dump has is understood, with ISO dates, hexadecimal bytea and the shortest
// digits of floating-point numbers: what is refused here is the server's to read as text. Forms: the receive
// functions of PostgreSQL 16 (src/backend/utils/adt/) and of pgvector; they are the same in all versions that
// still live.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace summit::postgres {

struct BinaryType {
  enum class Form {
    kText,  // and what is sent like it: varchar, char, json, citext, enumerations
    kJsonb,
    kBoolean,
    kInteger2,
    kInteger4,
    kInteger8,
    kFloat4,
    kFloat8,
    kNumeric,
    kDate,
    kTime,
    kTimestamp,
    kTimestampWithZone,
    kUuid,
    kBytea,
    kVector,
  };
  Form form = Form::kText;
  uint32_t array_of = 0;  // the OID of an array's elements, whose form is `form`; 0: no array
};

// Of a type whose functions for text and for bytes have these symbols (pg_proc.prosrc); nothing for a pair
// that is not known: a type that takes its bytes as text does may read its text in a way of its own.
std::optional<BinaryType::Form> binary_form(std::string_view input, std::string_view receive);

// Appends the length in 32 bits and the value. False for a text that is not as described above; what was
// appended then must not be used.
[[nodiscard]] bool append_binary(const BinaryType& type, std::string_view text, std::string& out);

}  // namespace summit::postgres
