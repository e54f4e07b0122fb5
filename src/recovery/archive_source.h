// Opens the archives of a backup, plain or sealed, as streams to read from.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "recovery/component.h"
#include "stores/files/archive.h"

namespace summit::recovery {

// The artifact's SHA-256 is compared before the first byte is given. kCorrupt.
Result<std::unique_ptr<files::ArchiveReader>> open_archive(const RestoreContext& context,
                                                           const std::string& artifact);

// The same for a sealed artifact, opened with the context's key: kKeyMissing, kWrongKey. Plain bytes only
// pass through memory. The end of the archive is reached only if the seal's end was authentic.
Result<std::unique_ptr<files::ArchiveReader>> open_sealed_archive(const RestoreContext& context,
                                                                  const std::string& artifact);

}  // namespace summit::recovery
