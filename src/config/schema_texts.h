// The files of docs/schemas, as text in the program. Private to src/config.
#pragma once

#include <string_view>

namespace summit::config {

std::string_view backup_sets_schema();
std::string_view environments_schema();
std::string_view smoke_schema();
std::string_view sanitization_schema();

}  // namespace summit::config
