// HKDF with SHA-256 (RFC 5869): many independent keys from one.
#pragma once

#include <string_view>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository::packed {

// 32 bytes. `key` must be hard to guess already; a passphrase goes through stretch() first.
Result<Secret> derive_key(const Secret& key, ByteView salt, std::string_view info);

}  // namespace summit::repository::packed
