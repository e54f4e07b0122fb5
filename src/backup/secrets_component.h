// Backs up all that is secret into one sealed artifact, secrets.enc. Format: docs/formats/secrets.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backup/component.h"

namespace summit::backup {

// Something secret that is no file, such as the roles of a server with their passwords.
struct SecretContribution {
  std::string name;  // a relative path: "postgresql/main/globals-with-passwords.sql"
  std::function<Result<std::string>()> read;
};

// Takes the secret files of all `trees`, and the contributions. Without a sealing key prepare() fails with
// kKeyMissing and nothing is written. The sealing key itself is left out wherever it stands in them. Cut kind
// kNone.
std::unique_ptr<Component> make_secrets_component(const config::ComponentSpec& spec,
                                                  std::vector<config::FilesEndpoint> trees,
                                                  std::vector<SecretContribution> contributions,
                                                  std::string name);

}  // namespace summit::backup
