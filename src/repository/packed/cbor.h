// Reading CBOR that may be damaged: every access checked, no exception, bounded depth. For .cc files only.
#pragma once

#include <cmath>
#include <concepts>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "core/bytes.h"
#include "core/error.h"
#include "core/result.h"

namespace summit::repository::packed {

using Cbor = nlohmann::json;

// kCorrupt when the bytes are no CBOR, or nested deeper than anything we write.
Result<Cbor> parse_cbor(ByteView bytes);
std::string write_cbor(const Cbor& value);

inline Cbor cbor_bytes(ByteView bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  return Cbor::binary(std::vector<uint8_t>(data, data + bytes.size()));
}

// One map. The first field that is missing or of another type makes it failed(); all reads after that give
// empty values.
class CborMap {
 public:
  explicit CborMap(const Cbor& value) : value_(&value) {
    if (!value.is_object()) fail("map");
  }

  uint64_t integer(const char* name) {
    const Cbor* field = find(name);
    if (field == nullptr || !field->is_number_integer()) return fail(name), 0;
    if (!field->is_number_unsigned()) return fail(name), 0;
    return field->get<uint64_t>();
  }
  double number(const char* name) {
    const Cbor* field = find(name);
    if (field == nullptr || !field->is_number()) return fail(name), 0;
    return field->get<double>();
  }
  std::string text(const char* name) {
    const Cbor* field = find(name);
    if (field == nullptr || !field->is_string()) return fail(name), std::string();
    return field->get<std::string>();
  }
  // Valid as long as the value.
  ByteView bytes(const char* name) {
    const Cbor* field = find(name);
    if (field == nullptr || !field->is_binary()) return fail(name), ByteView();
    const auto& binary = field->get_binary();
    return std::as_bytes(std::span(binary.data(), binary.size()));
  }
  // Of exactly that many bytes.
  template <typename Array>
  Array array(const char* name) {
    Array result{};
    const ByteView content = bytes(name);
    if (content.size() != result.size()) return fail(name), result;
    std::ranges::copy(content, result.begin());
    return result;
  }
  const Cbor::array_t& list(const char* name) {
    static const Cbor::array_t kNone;
    const Cbor* field = find(name);
    if (field == nullptr || !field->is_array()) return fail(name), kNone;
    return field->get_ref<const Cbor::array_t&>();
  }
  // Nothing when the field is null.
  bool is_null(const char* name) {
    const Cbor* field = find(name);
    if (field == nullptr) return fail(name), true;
    return field->is_null();
  }

  void fail(std::string_view name) {
    if (failed_.empty()) failed_ = name;
  }
  bool failed() const { return !failed_.empty(); }
  // Of the first field that failed.
  Error error() const { return {Code::kCorrupt, "\"{}\" is missing or not as it should be", failed_}; }

 private:
  const Cbor* find(const char* name) {
    if (!value_->is_object()) return nullptr;
    const auto found = value_->find(name);
    return found == value_->end() ? nullptr : &*found;
  }

  const Cbor* value_;
  std::string failed_;
};

}  // namespace summit::repository::packed
