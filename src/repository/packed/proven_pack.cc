#include "repository/packed/proven_pack.h"

#include "core/digest.h"

namespace summit::repository::packed {

Result<std::string> proven_pack(storage::ObjectStore& store, const StoredPack& pack,
                                const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto content,
                   storage::get_whole(store, pack.name.key(), storage::kMaxWholeObject, cancellation));
  if (content.size() == pack.size && sha256(as_bytes(content)) == pack.sha256) return content;
  return Error(Code::kCorrupt, "{} in {} is damaged: its sha-256 differs", pack.name.key(), store.describe());
}

}  // namespace summit::repository::packed
