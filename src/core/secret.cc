#include "core/secret.h"

#include <openssl/crypto.h>

namespace summit {

Secret& Secret::operator=(const Secret& other) {
  if (this == &other) return *this;
  wipe();
  value_ = other.value_;
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  value_.swap(other.value_);
  return *this;
}

void Secret::wipe() noexcept {
  // The whole capacity: a short string leaves its old characters behind its end when it is moved or
  // shortened.
  value_.resize(value_.capacity());
  OPENSSL_cleanse(value_.data(), value_.size());
  value_.clear();
}

}  // namespace summit
