// The machine we run on.
#pragma once

#include <string>

namespace summit {

// As the kernel knows it; "unknown" when it does not say.
std::string host_name();

}  // namespace summit
