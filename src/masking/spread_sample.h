// Some values of a stream whose length nobody knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace summit::masking {

// At least half of `most`, and no more, spread evenly over all that came: every value at first, then every
// second, every fourth… The same stream gives the same sample. One thread at a time.
class SpreadSample {
 public:
  // `most` is even.
  explicit SpreadSample(size_t most) : most_(most) {}

  // Once for each value: whether it is to be added.
  bool wants_next() { return seen_++ % stride_ == 0; }
  void add(std::string value) {
    // It is number most_ * stride_ then, and most_ is even: one of those that the doubled stride takes.
    if (values_.size() == most_) halve();
    values_.push_back(std::move(value));
  }

  const std::vector<std::string>& values() const { return values_; }

 private:
  void halve() {
    for (size_t i = 1; i < values_.size() / 2; ++i) values_[i] = std::move(values_[2 * i]);
    values_.resize(values_.size() / 2);
    stride_ *= 2;
  }

  size_t most_;
  uint64_t seen_ = 0;
  uint64_t stride_ = 1;
  std::vector<std::string> values_;
};

}  // namespace summit::masking
