#include "repository/packed/cbor.h"

#include <exception>

namespace summit::repository::packed {
namespace {

constexpr int kMaxDepth = 16;

// The parser calls itself for each level, so bytes that only nest would use up the stack.
class DepthCheck final : public nlohmann::json_sax<Cbor> {
 public:
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(size_t /*size*/) override { return ++depth_ < kMaxDepth; }
  bool key(string_t& /*value*/) override { return true; }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(size_t /*size*/) override { return ++depth_ < kMaxDepth; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  int depth_ = 0;
};

}  // namespace

Result<Cbor> parse_cbor(ByteView bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  try {
    DepthCheck check;
    if (!Cbor::sax_parse(data, data + bytes.size(), &check, Cbor::input_format_t::cbor))
      return Error(Code::kCorrupt, "it is no CBOR of ours");
    Cbor value = Cbor::from_cbor(data, data + bytes.size(), true, false);
    if (value.is_discarded()) return Error(Code::kCorrupt, "it is no CBOR");
    return value;
  } catch (const std::exception&) {
    return Error(Code::kCorrupt, "it is no CBOR that can be read");
  }
}

std::string write_cbor(const Cbor& value) {
  std::string bytes;
  Cbor::to_cbor(value, bytes);
  return bytes;
}

}  // namespace summit::repository::packed
