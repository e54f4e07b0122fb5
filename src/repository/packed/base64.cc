#include "repository/packed/base64.h"

#include "repository/packed/openssl_handles.h"

namespace summit::repository::packed {

std::string to_base64(ByteView bytes) {
  // OpenSSL ends the text with a zero.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  ::EVP_EncodeBlock(raw(text.data()), raw(bytes.data()), static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > 64 * MiB) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (!text.empty() &&
      ::EVP_DecodeBlock(raw(bytes.data()), raw(as_bytes(text).data()), static_cast<int>(text.size())) < 0)
    return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(bytes.size() - padding);
  // OpenSSL lets blanks around the text and padding inside it pass.
  if (to_base64(as_bytes(bytes)) != text) return std::nullopt;
  return bytes;
}

}  // namespace summit::repository::packed
