// Copying files that somebody else is writing: by reflink where the file system can, else within the kernel.
#pragma once

#include <cstdint>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"

namespace summit::neo4j {

// Copies the first `size` bytes of `input` to the beginning of `output`, in rising order and steps of 1 MiB;
// fewer when the input ends before.
Result<void> copy_range(int input, const fs::path& input_path, int output, const fs::path& output_path,
                        uint64_t size, Phase& phase, const Cancellation& cancellation);

// Copies a file as long as it is when it is opened, creating directories as needed. False when it is not
// there (any more).
Result<bool> copy_file(const fs::path& from, const fs::path& to, Phase& phase,
                       const Cancellation& cancellation);

}  // namespace summit::neo4j
