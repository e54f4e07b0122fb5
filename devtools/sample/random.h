// Numbers that are a function of the seed alone: the same seed makes the same data, in whatever order they
// are asked for.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace summit::sample {

// SplitMix64 (Steele, Lea, Flood 2014). One for each row, so that any row can be made again without the ones
// before.
class Random {
 public:
  Random(uint64_t seed, std::string_view purpose, uint64_t index) : state_(seed * 0x9e3779b97f4a7c15U) {
    for (const char c : purpose) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    state_ ^= index * 0xd1342543de82ef95U;
    next();
  }

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  // 0 … count-1; count > 0.
  uint64_t below(uint64_t count) { return next() % count; }
  // 0 ≤ x < 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }
  template <typename T>
  const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace summit::sample
