// Feeds what the storage holds before any key is known to its parsers: the format object, key slots, and what
// a slot unseals to. The first byte says which; a slot's checksum is made to fit, since anybody can compute
// it.
#include <cstdlib>

#include "core/digest.h"
#include "repository/packed/aead.h"
#include "repository/packed/format_file.h"
#include "repository/packed/key_slot.h"
#include "repository/packed/keyring.h"

namespace summit::repository::packed {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void use_format(std::string_view text) {
  const auto format = parse_format(text);
  if (!format.ok()) return;
  const auto again = parse_format(to_json(*format));
  require(again.ok() && again->id == format->id && again->created == format->created);
}

void use_slot(std::string_view lines) {
  const std::string text = fmt::format("{}{}\n", lines, to_hex(sha256(as_bytes(lines))));
  const auto slot = parse_slot("0123456789abcdef", text);
  if (!slot.ok()) return;
  for (const char c : describe(slot->header)) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  require(check_label(slot->header.label).ok());
  require(!open_slot(*slot, Secret(std::string(kAeadKeySize, 'k'))).ok());
}

void use_keyring(std::string_view text) {
  const RepositoryId id{};
  const auto keyring = Keyring::from_json(id, Secret(std::string(text)));
  if (!keyring.ok()) return;
  require(keyring->subkey(keyring->newest_generation(), Purpose::kPack).ok());
  const auto again = Keyring::from_json(id, keyring->to_json());
  require(again.ok() && again->to_json().reveal() == keyring->to_json().reveal());
}

}  // namespace
}  // namespace summit::repository::packed

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  namespace packed = summit::repository::packed;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  if (bytes[0] == 'F') packed::use_format(text);
  if (bytes[0] == 'S') packed::use_slot(text);
  if (bytes[0] == 'K') packed::use_keyring(text);
  return 0;
}
