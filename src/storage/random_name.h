// Names that nobody else has chosen or will choose.
#pragma once

#include <string>

namespace summit::storage {

// 32 hexadecimal digits from the kernel's random numbers.
std::string random_name();

}  // namespace summit::storage
