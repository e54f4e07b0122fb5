// A password, key or token. It is wiped when it goes out of scope and cannot be printed by accident.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace summit {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept { value_.swap(other.value_); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  bool empty() const { return value_.empty(); }

  // The only way to the bytes: the name is long so that every use is seen in review.
  const std::string& reveal() const { return value_; }

 private:
  void wipe() noexcept;
  std::string value_;
};

}  // namespace summit
