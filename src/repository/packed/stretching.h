// Argon2id (RFC 9106): turns a passphrase into a key at a cost that whoever guesses pays for every guess.
#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository::packed {

// The default, which is also the least that `summit-dr key` accepts, takes about a tenth of a second.
struct Argon2Cost {
  uint32_t passes = 3;
  uint32_t memory_kib = 64 * 1024;
  uint32_t lanes = 1;
  bool operator==(const Argon2Cost&) const = default;
};

// kRefused for what no honest writer asks for: over 4 GiB, 64 passes or 64 lanes, or less than Argon2 can
// work with. The storage is not trusted, and must not make its reader's machine run out of memory or time.
Result<void> check_cost(const Argon2Cost& cost);

// 32 bytes. White space at the end of the passphrase does not count, so that a file with a line's end and a
// variable without it hold the same one. kKeyMissing when nothing is left; check_cost()'s error; kFailed when
// the memory is not there.
Result<Secret> stretch(const Secret& passphrase, ByteView salt, const Argon2Cost& cost);

}  // namespace summit::repository::packed
