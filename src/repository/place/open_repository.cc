#include "repository/place/open_repository.h"

#include "repository/plain_objects.h"
#include "storage/open_store.h"

namespace summit::repository {
namespace {

using packed::PackedRepository;

Error no_key(const std::string& location) {
  return Error(Code::kKeyMissing, "the packed repository in {} needs a key, and none is set", location)
      .hint("set ENCRYPTION_KEY or BACKUP_ENCRYPTION_KEY_FILE, or run: summit-dr key init");
}

Result<std::unique_ptr<PackedRepository>> create_packed(std::shared_ptr<storage::ObjectStore> store,
                                                        const OpenOptions& options,
                                                        packed::PackedOptions packed) {
  if (options.secrets.empty()) return no_key(store->describe());
  return PackedRepository::create(std::move(store), {.secret = options.secrets.front(), .label = "first"},
                                  options.key_service, std::move(packed));
}

Result<std::unique_ptr<PackedRepository>> open_packed(const std::shared_ptr<storage::ObjectStore>& store,
                                                      const fs::path& base, const OpenOptions& options,
                                                      const Cancellation& cancellation) {
  packed::PackedOptions packed{.cache = options.cache,
                               .scratch = options.scratch,
                               .local_base = base,
                               .chunks = options.chunks,
                               .accept_other_history = options.accept_other_history,
                               .lock_time = options.lock_time};
  auto opened = PackedRepository::open(store, options.secrets, options.key_service, packed, cancellation);
  const bool missing = !opened.ok() && opened.error().code() == Code::kRepositoryMissing;
  if (!missing || !options.create || options.layout != Layout::kPacked) return opened;
  return create_packed(store, options, std::move(packed));
}

}  // namespace

bool is_s3(std::string_view location) { return location.starts_with("s3://"); }

Result<std::unique_ptr<CombinedRepository>> open_repository(const std::string& location,
                                                            const OpenOptions& options,
                                                            const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(
      auto opened,
      storage::open_store(
          location, {.variables = options.variable, .s3 = options.s3, .create_directory = options.create},
          cancellation));
  const std::shared_ptr<storage::ObjectStore> store = std::move(opened);
  const fs::path base = is_s3(location) ? fs::path() : fs::path(location);
  auto packed = open_packed(store, base, options, cancellation);
  std::optional<Error> packed_error;
  if (!packed.ok()) {
    if (options.layout == Layout::kPacked && options.create) return std::move(packed).error();
    if (packed.error().code() == Code::kCancelled) return std::move(packed).error();
    if (packed.error().code() != Code::kRepositoryMissing) packed_error = packed.error();
  }
  std::unique_ptr<BackupRepository> plain;
  if (base.empty()) {
    plain = std::make_unique<PlainObjects>(store, options.scratch, options.lock_time);
  } else {
    plain = std::make_unique<PlainRepository>(base);
  }
  return std::make_unique<CombinedRepository>(store, std::move(plain),
                                              packed.ok() ? *std::move(packed) : nullptr,
                                              std::move(packed_error), options.layout);
}

packed::SlotSecret slot_secret(const SealingKey& key) {
  const bool from_file = key.source.find('/') != std::string::npos || key.source.ends_with("_FILE");
  return {.kind = from_file ? packed::SlotKind::kKeyFile : packed::SlotKind::kPassphrase,
          .secret = key.passphrase,
          .source = key.source};
}

}  // namespace summit::repository
