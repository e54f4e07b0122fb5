// Restores what secrets.enc holds. Format: docs/formats/secrets.md.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/secret.h"
#include "masking/findings.h"
#include "recovery/component.h"

namespace summit::recovery {

// Puts the secret files back into their trees, as files_restore.h does for the others. A line ENCRYPTION_KEY=
// or BACKUP_ENCRYPTION_KEY= of a target's .env keeps its present value. Contributions are not applied here.
std::unique_ptr<RestoreComponent> make_secrets_restore(std::vector<config::FilesEndpoint> trees,
                                                       std::string name);

// What looks private in the secret files that a masked restore brings, and is not replaced, goes to
// `findings`. Needs the context's key and masking.
Result<void> look_through_secrets(const RestoreContext& context, const std::string& component,
                                  masking::Findings& findings);

// The contributions of the backup's component `component` by name
// ("postgresql/main/globals-with-passwords.sql"), for the stores that gave them. Empty when the backup has no
// such component; kKeyMissing, kWrongKey, kCorrupt.
Result<std::map<std::string, Secret>> read_secret_contributions(const RestoreContext& context,
                                                                const std::string& component = "secrets");

}  // namespace summit::recovery
