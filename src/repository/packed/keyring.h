// The master keys of one repository, and the sub-keys that everything is sealed with.
//
// New objects use the newest generation; older ones stay, so that what they sealed can be read. Immutable
// once made, so any number of threads may use one. Format: docs/formats/repository.md, "Keys".
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "core/secret.h"
#include "core/time.h"
#include "repository/packed/repository_id.h"

namespace summit::repository::packed {

enum class Purpose { kChunkId, kChunker, kPack, kLog, kCache };
inline constexpr size_t kPurposes = 5;

class Keyring {
 public:
  // One new random master key: generation 1.
  static Result<Keyring> create(const RepositoryId& repository, Instant created = now());
  // The same and one more generation, for everything that is written from then on.
  Result<Keyring> with_new_generation(Instant created = now()) const;

  const RepositoryId& repository() const { return repository_; }
  uint32_t newest_generation() const;
  // The oldest first.
  std::vector<uint32_t> generations() const;

  // 32 bytes. kWrongKey for a generation that is not in this keyring: keys were rotated after it was opened,
  // or the number is damaged.
  Result<Secret> subkey(uint32_t generation, Purpose purpose) const;

  // The JSON of a key slot's plain text, and back: kCorrupt when it is none.
  Secret to_json() const;
  static Result<Keyring> from_json(const RepositoryId& repository, const Secret& json);

 private:
  struct Generation {
    uint32_t number = 0;
    Instant created{};
    Secret master;
    std::vector<Secret> subkeys;  // by Purpose
  };

  explicit Keyring(const RepositoryId& repository) : repository_(repository) {}
  Result<void> append(uint32_t number, Instant created, Secret master);

  RepositoryId repository_;
  std::vector<Generation> generations_;  // ascending, at least one
};

}  // namespace summit::repository::packed
