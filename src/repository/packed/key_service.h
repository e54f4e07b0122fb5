// A service that keeps a key which never leaves it, and encrypts small keys under it: AWS KMS and what speaks
// like it.
#pragma once

#include <map>
#include <string>

#include "core/cancellation.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository::packed {

struct ServiceKey {
  std::string id;      // "alias/summit-backups", an ARN or a key's id
  std::string region;  // "us-west-2"
};

struct DataKey {
  Secret plain;           // 32 bytes
  std::string encrypted;  // opaque: only the service can open it
  std::string key_id;     // the full name of the key that encrypted it
};

// Bound to the encrypted key: it opens under the same context only.
using EncryptionContext = std::map<std::string, std::string>;

class KeyService {
 public:
  virtual ~KeyService() = default;
  // kDenied when the caller may not, kNotFound when there is no such key, kUnreachable, kTimeout.
  virtual Result<DataKey> generate_data_key(const ServiceKey& key, const EncryptionContext& context,
                                            const Cancellation& cancellation) = 0;
  // As above; kWrongKey when `encrypted` was not made by this key under this context.
  virtual Result<Secret> decrypt(const ServiceKey& key, const std::string& encrypted,
                                 const EncryptionContext& context, const Cancellation& cancellation) = 0;
};

}  // namespace summit::repository::packed
