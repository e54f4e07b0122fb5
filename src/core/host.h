// The machine we run on.
#pragma once

#include <cstdint>
#include <string>

namespace summit {

// As the kernel knows it; "unknown" when it does not say.
std::string host_name();

// Bytes of memory that programs can have without others losing theirs; 0 when the kernel does not say.
uint64_t available_memory();

}  // namespace summit
