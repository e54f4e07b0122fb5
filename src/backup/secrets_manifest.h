// The last entry of the archive in secrets.enc. Format: docs/formats/secrets.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/result.h"

namespace summit::backup {

inline constexpr std::string_view kSecretsArtifact = "secrets.enc";
inline constexpr std::string_view kSecretTreesPrefix = "trees/";
inline constexpr std::string_view kContributionsPrefix = "contributions/";
inline constexpr std::string_view kManifestEntry = "manifest.json";

struct SecretsManifest {
  struct Tree {
    uint64_t count = 0;
    std::string hash;  // TreeFingerprint::hex()
  };
  std::string blind;  // 64 hexadecimal digits, random
  std::map<std::string, Tree> trees;
};

// With a fresh blind.
Result<SecretsManifest> make_secrets_manifest();

std::string to_json(const SecretsManifest& manifest);
Result<SecretsManifest> secrets_manifest_from_json(std::string_view text);

// What the public metadata have instead of a fingerprint: worthless for guessing without the blind.
std::string blinded(const SecretsManifest& manifest, const std::string& hash);

}  // namespace summit::backup
