// What all tests of the developer tools need.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>

#include "core/result.h"

namespace summit::platform {

// The value, or the end of the test: for the steps that build a test's world.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().to_string();
    throw std::runtime_error("the world of this test could not be built");
  }
  return std::move(result).value();
}

}  // namespace summit::platform

#define EXPECT_OK(expression)                                                          \
  do {                                                                                 \
    const auto expected = (expression);                                                \
    EXPECT_TRUE(expected.ok()) << (expected.ok() ? "" : expected.error().to_string()); \
  } while (false)
