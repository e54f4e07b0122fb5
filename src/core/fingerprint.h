// Count and order-independent content hash of a set of rows, nodes or keys. Format:
// docs/formats/fingerprint.md.
//
// Equal data give equal fingerprints whatever server, physical order or engine they came from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/digest.h"

namespace summit {

// The sum modulo 2^256 of the SHA-256 digests of all elements (little-endian limbs). Adding is commutative,
// so ranges may be hashed by several threads and merged in any order; duplicates count, unlike with XOR.
class SetHash {
 public:
  void add(ByteView element);
  void add(const Sha256Digest& digest);
  void merge(const SetHash& other);

  uint64_t count() const { return count_; }
  // 64 hexadecimal digits.
  std::string hex() const;

  friend bool operator==(const SetHash&, const SetHash&) = default;

 private:
  std::array<uint64_t, 4> sum_{};
  uint64_t count_ = 0;
};

// One recorded fingerprint. Ordered and compared by (store, kind, name).
struct Fingerprint {
  std::string store;  // the endpoint's name in the metadata: "postgresql", "neo4j", "redis"
  std::string
      kind;  // "table", "sequence", "large_objects", "label", "relationship_type", "key_space", "index", …
  std::string name;  // "public.users", "Person", "db0"
  uint64_t count = 0;
  std::string hash;  // SetHash::hex()

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

}  // namespace summit
