#include "repository/packed/keyring.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "repository/packed/key_derivation.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kMasterSize = 32;
// More rotations than anybody makes; bounds what a slot can make us derive.
constexpr uint32_t kMostGenerations = 1000;
constexpr std::array<std::string_view, kPurposes> kPurposeNames = {"chunk-id", "chunker", "pack", "log",
                                                                   "cache"};

Error malformed(std::string_view what) { return Error(Code::kCorrupt, "the keyring is malformed: {}", what); }

// Takes the key out of a parsed document and wipes it there.
Result<Secret> take_key(nlohmann::json& entry) {
  const auto found = entry.find("key");
  if (found == entry.end() || !found->is_string()) return malformed("a generation has no key");
  std::string bytes;
  auto& hex = found->get_ref<std::string&>();
  const bool decoded = from_hex(hex, bytes);
  ::OPENSSL_cleanse(hex.data(), hex.size());
  Secret key(std::move(bytes));
  if (!decoded || key.reveal().size() != kMasterSize) return malformed("a key is not 64 hexadecimal digits");
  return key;
}

}  // namespace

Result<Keyring> Keyring::create(const RepositoryId& repository, Instant created) {
  Keyring keyring(repository);
  RETURN_IF_ERROR(keyring.append(1, created, random_key()));
  return keyring;
}

Result<Keyring> Keyring::with_new_generation(Instant created) const {
  Keyring keyring = *this;
  RETURN_IF_ERROR(keyring.append(newest_generation() + 1, created, random_key()));
  return keyring;
}

Result<void> Keyring::append(uint32_t number, Instant created, Secret master) {
  if (number == 0 || number > kMostGenerations) return malformed("a generation is numbered out of range");
  if (!generations_.empty() && number != newest_generation() + 1)
    return malformed("its generations have a gap");
  Generation generation{number, created, std::move(master), {}};
  for (const std::string_view purpose : kPurposeNames) {
    ASSIGN_OR_RETURN(Secret subkey, derive_key(generation.master, repository_.view(),
                                               fmt::format("summit-dr/1/{}", purpose)));
    generation.subkeys.push_back(std::move(subkey));
  }
  generations_.push_back(std::move(generation));
  return {};
}

uint32_t Keyring::newest_generation() const { return generations_.back().number; }

std::vector<uint32_t> Keyring::generations() const {
  std::vector<uint32_t> numbers;
  numbers.reserve(generations_.size());
  for (const Generation& generation : generations_) numbers.push_back(generation.number);
  return numbers;
}

Result<Secret> Keyring::subkey(uint32_t generation, Purpose purpose) const {
  const auto found = std::ranges::find(generations_, generation, &Generation::number);
  if (found != generations_.end()) return found->subkeys[static_cast<size_t>(purpose)];
  return Error(Code::kWrongKey,
               "generation {} of the repository's master key is not in this keyring, which ends at {}",
               generation, newest_generation())
      .hint(
          "if the keys were rotated just now, run the same command again; `summit-dr key list` shows the "
          "generations");
}

Secret Keyring::to_json() const {
  // By hand: a JSON library would leave copies of the keys behind in memory. Reserved, so that growth leaves
  // none either.
  std::string json;
  json.reserve(32 + generations_.size() * 192);
  json += R"({"keys": [)";
  for (const Generation& generation : generations_) {
    if (generation.number != generations_.front().number) json += ", ";
    const Secret hex(to_hex(as_bytes(generation.master.reveal())));
    json += fmt::format(R"({{"generation": {}, "key": ")", generation.number);
    json += hex.reveal();
    json += fmt::format(R"(", "created": "{}"}})", to_rfc3339(generation.created));
  }
  json += "]}";
  return Secret(std::move(json));
}

Result<Keyring> Keyring::from_json(const RepositoryId& repository, const Secret& json) {
  auto document = nlohmann::json::parse(json.reveal(), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return malformed("it is no JSON object");
  const auto keys = document.find("keys");
  if (keys == document.end() || !keys->is_array() || keys->empty()) return malformed("it has no keys");
  Keyring keyring(repository);
  for (auto& entry : *keys) {
    if (!entry.is_object()) return malformed("a generation is no object");
    ASSIGN_OR_RETURN(Secret key, take_key(entry));
    const auto number = entry.find("generation");
    if (number == entry.end() || !number->is_number_unsigned())
      return malformed("a generation has no number");
    const auto value = number->get<uint64_t>();
    if (value > kMostGenerations) return malformed("a generation is numbered out of range");
    const auto text = entry.find("created");
    const auto created =
        text != entry.end() && text->is_string() ? from_rfc3339(text->get<std::string>()) : std::nullopt;
    if (!created) return malformed("a generation has no time of creation");
    RETURN_IF_ERROR(keyring.append(static_cast<uint32_t>(value), *created, std::move(key)));
  }
  return keyring;
}

}  // namespace summit::repository::packed
