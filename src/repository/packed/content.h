// What a finished content consists of.
#pragma once

#include <cstdint>
#include <vector>

#include "repository/packed/reference.h"

namespace summit::repository::packed {

struct Content {
  uint64_t size = 0;
  std::vector<Reference> blocks{};  // manifest blocks, in order
  std::vector<PackName> packs{};    // all that hold a chunk or a block of it, in the order of their names
};

}  // namespace summit::repository::packed
