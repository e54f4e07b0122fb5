// A part of a file, in blocks.
#pragma once

#include <cstdint>
#include <functional>

#include "core/bytes.h"
#include "core/files.h"
#include "core/result.h"

namespace summit {

// Gives the `size` bytes from `offset` on, in views of at most `block` bytes that are valid during the call;
// an error of `consume` ends it. Moves the file's position. Returns how many of them the file lacks.
Result<uint64_t> read_file_range(int fd, const fs::path& path, uint64_t offset, uint64_t size, size_t block,
                                 const std::function<Result<void>(ByteView)>& consume);

}  // namespace summit
