#include "storage/random_name.h"

#include <array>
#include <random>

#include "core/bytes.h"

namespace summit::storage {

std::string random_name() {
  std::random_device kernel;
  std::array<uint32_t, 4> words{};
  for (uint32_t& word : words) word = kernel();
  return to_hex(std::as_bytes(std::span(words)));
}

}  // namespace summit::storage
