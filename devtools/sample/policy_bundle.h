// An OPA policy bundle: a gzipped tar archive, and its detached Ed25519 signature.
#pragma once

#include <map>
#include <string>

#include "core/result.h"

namespace summit::sample {

struct SignedBundle {
  std::string archive;     // .tar.gz; the same files give the same bytes
  std::string signature;   // 64 bytes
  std::string public_key;  // PEM
};

// The key is derived from `key_seed` and kept nowhere. `time` is in seconds since 1970.
Result<SignedBundle> make_bundle(const std::map<std::string, std::string>& files, const std::string& key_seed,
                                 int64_t time);

}  // namespace summit::sample
