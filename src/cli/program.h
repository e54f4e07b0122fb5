// The program: parses the command line, fills options, runs one command, says how it ended.
#pragma once

#include "core/cancellation.h"

namespace summit::cli {

// Never throws; the exit code is one of exit_code.h.
int run_program(int argc, char** argv, const Cancellation& cancellation);

}  // namespace summit::cli
