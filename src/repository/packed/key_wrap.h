// AES key wrap (RFC 3394): a 32-byte key under another, in 40 bytes, with its own integrity check and no
// nonce to get wrong.
#pragma once

#include <array>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository::packed {

inline constexpr size_t kWrappedKeySize = 40;
using WrappedKey = std::array<std::byte, kWrappedKeySize>;

// Both keys have 32 bytes.
Result<WrappedKey> wrap_key(const Secret& wrapping_key, const Secret& key);

// kCorrupt when `wrapped` is not what wrap_key() made under this wrapping key.
Result<Secret> unwrap_key(const Secret& wrapping_key, const WrappedKey& wrapped);

}  // namespace summit::repository::packed
