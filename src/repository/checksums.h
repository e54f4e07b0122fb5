// Lists of SHA-256 digests in the format of `sha256sum`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace summit::repository {

struct Checksum {
  std::string name;    // relative to the directory from which the list is checked
  std::string sha256;  // 64 lower-case hexadecimal digits
};

// One line each, "<digest>  <name>"; names with a backslash, newline or carriage return are escaped as
// sha256sum does.
std::string format_checksums(const std::vector<Checksum>& checksums);

// kCorrupt with the line's number for anything that sha256sum would not accept, and for a name that occurs
// twice.
Result<std::vector<Checksum>> parse_checksums(std::string_view text);

}  // namespace summit::repository
