// Words for the sample data: ordinary ones, and those that break careless programs.
#pragma once

#include <string>
#include <vector>

#include "devtools/sample/random.h"

namespace summit::sample {

std::string person_name(Random& random);
std::string organisation_name(Random& random);
std::string sentence(Random& random);
// About that many bytes.
std::string paragraph(Random& random, size_t bytes);
std::string street_address(Random& random);
std::string phone_number(Random& random);
std::string ip_address(Random& random);
// 32 hexadecimal digits in the form of a UUID.
std::string uuid(Random& random);
std::string hex(Random& random, size_t digits);
std::string bytes(Random& random, size_t count);

// UTF-8 texts: empty, quotes, tabs, newlines, backslashes, emoji, right-to-left, combining marks, `\N`,
// `NULL`, SQL, JSON, 20 KB in one line, … No zero byte.
const std::vector<std::string>& awkward_texts();

// Ordinary most of the time, awkward now and then.
std::string some_text(Random& random);

// RFC 3339 with microseconds; `at` in microseconds since 1970.
std::string timestamp(int64_t at);
// "2026-05-01".
std::string date(int64_t at);

// A JSON string literal.
std::string json_string(const std::string& text);

}  // namespace summit::sample
