#include "repository/packed/repository_id.h"

#include <algorithm>

namespace summit::repository::packed {

std::optional<RepositoryId> RepositoryId::from_hex(std::string_view hex) {
  RepositoryId id;
  std::string decoded;
  if (hex.size() != 2 * id.bytes.size() || !summit::from_hex(hex, decoded)) return std::nullopt;
  std::ranges::copy(as_bytes(decoded), id.bytes.begin());
  return id;
}

}  // namespace summit::repository::packed
