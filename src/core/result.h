// A value, or the error that prevented it.
//
//   Result<Manifest> read_manifest(...);
//   ASSIGN_OR_RETURN(auto manifest, read_manifest(store, id), "while planning the restore of {}", id);
//   RETURN_IF_ERROR(write_manifest(manifest));
#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

#include "core/error.h"

namespace summit {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only when ok().
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T value_or(T fallback) && { return ok() ? std::get<0>(std::move(state_)) : std::move(fallback); }

  // Only when !ok().
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  // Only when !ok().
  const Error& error() const& { return *error_; }    // NOLINT(bugprone-unchecked-optional-access)
  Error&& error() && { return *std::move(error_); }  // NOLINT(bugprone-unchecked-optional-access)

 private:
  std::optional<Error> error_;
};

namespace detail {
inline Error located(Error error) { return error; }
template <typename... Args>
Error located(Error error, fmt::format_string<Args...> where, Args&&... args) {
  return std::move(error).at(fmt::format(where, std::forward<Args>(args)...));
}
}  // namespace detail

}  // namespace summit

#define SUMMIT_CONCAT_INNER(a, b) a##b
#define SUMMIT_CONCAT(a, b) SUMMIT_CONCAT_INNER(a, b)

// RETURN_IF_ERROR(expression [, "where {}", args...])
#define RETURN_IF_ERROR(expression, ...)                                                             \
  do {                                                                                               \
    if (auto summit_result = (expression); !summit_result.ok())                                      \
      return ::summit::detail::located(std::move(summit_result).error() __VA_OPT__(, ) __VA_ARGS__); \
  } while (false)

// ASSIGN_OR_RETURN(auto name, expression [, "where {}", args...])
#define ASSIGN_OR_RETURN(target, expression, ...)                         \
  ASSIGN_OR_RETURN_INNER(SUMMIT_CONCAT(summit_result_, __LINE__), target, \
                         expression __VA_OPT__(, ) __VA_ARGS__)
#define ASSIGN_OR_RETURN_INNER(result, target, expression, ...)                                             \
  auto result = (expression);                                                                               \
  if (!result.ok()) return ::summit::detail::located(std::move(result).error() __VA_OPT__(, ) __VA_ARGS__); \
  target = std::move(result).value()
