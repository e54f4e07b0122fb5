// The commands of summit-dr-dev, the developer's tool for platforms of real servers on this machine.
#pragma once

namespace summit::platform {

// The exit code. Nothing is thrown.
int run_program(int count, char** words);

}  // namespace summit::platform
