#include "repository/packed/published_view.h"

#include "core/digest.h"
#include "repository/checksums.h"
#include "repository/plain_layout.h"

namespace summit::repository::packed {
namespace {

std::string key_of(std::string_view id, std::string_view name) { return fmt::format("{}/{}", id, name); }

Result<void> put_when_different(storage::ObjectStore& store, const std::string& key,
                                const std::string& content) {
  const auto present = storage::get_whole(store, key);
  if (present.ok() && *present == content) return {};
  return store.put(key, as_bytes(content));
}

}  // namespace

BackupMetadata without_digests(BackupMetadata metadata) {
  for (auto& component : metadata.components) {
    component.fingerprints.clear();
    for (auto& artifact : component.artifacts) artifact.sha256.clear();
  }
  return metadata;
}

Result<void> publish_backup(storage::ObjectStore& store, const BackupMetadata& metadata,
                            const std::vector<StoredPack>& packs) {
  const auto& id = metadata.id;
  const auto json = to_json(without_digests(metadata));
  std::vector<Checksum> checksums{{std::string(kMetadataFile), to_hex(sha256(as_bytes(json)))}};
  for (const auto& pack : packs) checksums.push_back({"../" + pack.name.key(), to_hex(pack.sha256)});
  RETURN_IF_ERROR(put_when_different(store, key_of(id, kMetadataFile), json), "while publishing {}", id);
  RETURN_IF_ERROR(put_when_different(store, key_of(id, kChecksumsFile), format_checksums(checksums)),
                  "while publishing {}", id);
  return put_when_different(store, key_of(id, id), {});
}

Result<void> unpublish_backup(storage::ObjectStore& store, const std::string& id) {
  for (const auto& name : {id, std::string(kChecksumsFile), std::string(kMetadataFile)})
    RETURN_IF_ERROR(store.remove(key_of(id, name)), "while removing the view of {}", id);
  return {};
}

std::vector<std::string> publish_newest_of(const fs::path& base) {
  return base.empty() ? std::vector<std::string>{} : publish_newest(base);
}

}  // namespace summit::repository::packed
