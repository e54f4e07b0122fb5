#include "backup/secrets_manifest.h"

#include <openssl/rand.h>

#include <array>
#include <nlohmann/json.hpp>

#include "core/digest.h"

namespace summit::backup {
namespace {
constexpr int kVersion = 1;
}

Result<SecretsManifest> make_secrets_manifest() {
  std::array<std::byte, 32> random{};
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), random.size()) != 1)
    return Error(Code::kFailed, "OpenSSL cannot give random bytes");
  return SecretsManifest{to_hex(ByteView(random)), {}};
}

std::string to_json(const SecretsManifest& manifest) {
  nlohmann::json trees = nlohmann::json::object();
  for (const auto& [name, tree] : manifest.trees) trees[name] = {{"count", tree.count}, {"hash", tree.hash}};
  return nlohmann::json{{"version", kVersion}, {"blind", manifest.blind}, {"trees", trees}}.dump();
}

Result<SecretsManifest> secrets_manifest_from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.at("version").get<int>() != kVersion)
      return Error(Code::kUnsupported, "the secrets were written by a newer summit-dr")
          .hint("read this backup with the summit-dr that made it");
    SecretsManifest manifest;
    manifest.blind = json.at("blind").get<std::string>();
    for (const auto& [name, tree] : json.at("trees").items())
      manifest.trees[name] = {tree.at("count").get<uint64_t>(), tree.at("hash").get<std::string>()};
    return manifest;
  } catch (const std::exception& error) {
    return Error(Code::kCorrupt, "the manifest of the secrets cannot be read: {}", error.what());
  }
}

std::string blinded(const SecretsManifest& manifest, const std::string& hash) {
  std::string bytes;
  Sha256 digest;
  for (const auto& hex : {manifest.blind, hash}) {
    bytes.clear();
    from_hex(hex, bytes);
    digest.update(bytes);
  }
  return to_hex(digest.finish());
}

}  // namespace summit::backup
