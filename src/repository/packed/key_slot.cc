#include "repository/packed/key_slot.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/digest.h"
#include "repository/packed/aead.h"
#include "repository/packed/base64.h"
#include "repository/packed/key_derivation.h"

namespace summit::repository::packed {
namespace {

using nlohmann::json;

constexpr uint64_t kVersion = 1;
constexpr size_t kLongestText = 200;
constexpr size_t kLongestDataKey = 8 * KiB;

Error damaged(std::string_view name, std::string_view what) {
  return Error(Code::kCorrupt, "key slot {} is damaged: {}", name, what);
}

// Without control characters, C1 in UTF-8 included: it is shown on terminals, and the storage is not trusted.
bool is_printable(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
  }
  return true;
}

// One line, since JSON escapes line ends inside strings. What is no UTF-8 is replaced.
template <typename Json>
std::string to_line(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

json kind_fields(const SlotHeader& header) {
  if (header.kind == SlotKind::kKms)
    return {{"key_id", header.service_key.id},
            {"region", header.service_key.region},
            {"encrypted_data_key", to_base64(as_bytes(header.encrypted_data_key))}};
  return {
      {"passes", header.cost.passes}, {"memory_kib", header.cost.memory_kib}, {"lanes", header.cost.lanes}};
}

std::string header_line(const SlotHeader& header) {
  nlohmann::ordered_json document;
  document["version"] = kVersion;
  document["repository"] = header.repository.to_hex();
  document["slot"] = header.name;
  document["kind"] = name_of(header.kind);
  document["label"] = header.label;
  document["created"] = to_rfc3339(header.created);
  document["generation"] = header.generation;
  document["salt"] = to_hex(ByteView(header.salt));
  const json fields = kind_fields(header);
  for (const auto& [name, value] : fields.items()) document[name] = value;
  return to_line(document);
}

// Reads the fields of one header; the first that does not fit is remembered, so that a reader may read on.
class Fields {
 public:
  explicit Fields(const json& document) : document_(document) {}

  std::string text(const char* name, size_t longest) {
    const json value = document_.value(name, json());
    if (value.is_string() && value.get_ref<const std::string&>().size() <= longest &&
        is_printable(value.get_ref<const std::string&>()))
      return value.get<std::string>();
    return refuse(name), std::string();
  }
  uint32_t number(const char* name) {
    const json value = document_.value(name, json());
    if (value.is_number_unsigned() && value.get<uint64_t>() <= UINT32_MAX) return value.get<uint32_t>();
    return refuse(name), 0;
  }
  void refuse(const char* name) {
    if (wrong_.empty()) wrong_ = name;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const json& document_;
  std::string wrong_;
};

void read_kind(Fields& fields, SlotHeader& header) {
  const std::string kind = fields.text("kind", kLongestText);
  if (kind == name_of(SlotKind::kKms)) {
    header.kind = SlotKind::kKms;
    header.service_key = {fields.text("key_id", 2048), fields.text("region", kLongestText)};
    const auto decoded = from_base64(fields.text("encrypted_data_key", kLongestDataKey));
    if (decoded) header.encrypted_data_key = *decoded;
    if (header.encrypted_data_key.empty()) fields.refuse("encrypted_data_key");
    return;
  }
  header.kind = kind == name_of(SlotKind::kKeyFile) ? SlotKind::kKeyFile : SlotKind::kPassphrase;
  if (kind != name_of(header.kind)) fields.refuse("kind");
  header.cost = {fields.number("passes"), fields.number("memory_kib"), fields.number("lanes")};
}

Result<SlotHeader> parse_header(std::string_view name, std::string_view line) {
  const json document = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return damaged(name, "its header is no JSON");
  Fields fields(document);
  if (fields.number("version") > kVersion)
    return Error(Code::kUnsupported, "key slot {} was written by a newer version of this program", name)
        .hint("use that version, or give the key of another slot");
  SlotHeader header;
  const auto repository = RepositoryId::from_hex(fields.text("repository", kLongestText));
  if (repository)
    header.repository = *repository;
  else
    fields.refuse("repository");
  header.name = fields.text("slot", kLongestText);
  header.label = fields.text("label", kLongestText);
  const auto created = from_rfc3339(fields.text("created", kLongestText));
  if (created)
    header.created = *created;
  else
    fields.refuse("created");
  header.generation = fields.number("generation");
  std::string salt;
  if (from_hex(fields.text("salt", kLongestText), salt) && salt.size() == header.salt.size())
    std::ranges::copy(as_bytes(salt), header.salt.begin());
  else
    fields.refuse("salt");
  read_kind(fields, header);
  if (!fields.wrong().empty())
    return damaged(name, fmt::format("its header has no valid \"{}\"", fields.wrong()));
  if (header.name != name) return damaged(name, fmt::format("it was written as {}", header.name));
  return header;
}

}  // namespace

std::string_view name_of(SlotKind kind) {
  switch (kind) {
    case SlotKind::kPassphrase:
      return "passphrase";
    case SlotKind::kKeyFile:
      return "key_file";
    case SlotKind::kKms:
      return "kms";
  }
  return "passphrase";
}

std::string describe(const SlotHeader& header) {
  std::string text = fmt::format("{} {}", name_of(header.kind), header.name);
  if (!header.label.empty()) text += fmt::format(" ({})", header.label);
  if (header.kind == SlotKind::kKms)
    text += fmt::format(" with {} in {}", header.service_key.id, header.service_key.region);
  return text;
}

Result<void> check_label(std::string_view label) {
  const json value(std::string{label});
  if (label.size() <= kLongestText && is_printable(label) && json::parse(to_line(value)) == value) return {};
  return Error(Code::kUsage, "a label is at most {} bytes of UTF-8 without control characters", kLongestText);
}

Result<Secret> slot_key_of_passphrase(const SlotHeader& header, const Secret& passphrase) {
  return stretch(passphrase, header.salt, header.cost);
}

Result<Secret> slot_key_of_data_key(const SlotHeader& header, const Secret& data_key) {
  return derive_key(data_key, header.salt, "summit-dr/1/slot");
}

Result<std::string> write_slot(const SlotHeader& header, const Secret& slot_key, const Keyring& keyring) {
  RETURN_IF_ERROR(check_label(header.label));
  const std::string line = header_line(header);
  const Secret plain = keyring.to_json();
  ASSIGN_OR_RETURN(Aead aead, Aead::create(slot_key));
  std::vector<std::byte> sealed(plain.reveal().size() + kAeadTagSize);
  RETURN_IF_ERROR(aead.seal(nonce_of(0), as_bytes(line), as_bytes(plain.reveal()), sealed));
  const std::string lines = fmt::format("{}\n{}\n", line, to_base64(sealed));
  return fmt::format("{}{}\n", lines, to_hex(sha256(as_bytes(lines))));
}

Result<KeySlot> parse_slot(std::string_view name, std::string_view text) {
  const size_t first = text.find('\n');
  const size_t second = first == text.npos ? text.npos : text.find('\n', first + 1);
  if (second == text.npos) return damaged(name, "it is cut off");
  if (text.substr(second + 1) != fmt::format("{}\n", to_hex(sha256(as_bytes(text.substr(0, second + 1))))))
    return damaged(name, "its checksum does not fit");
  const std::string_view line = text.substr(0, first);
  ASSIGN_OR_RETURN(SlotHeader header, parse_header(name, line));
  auto sealed = from_base64(text.substr(first + 1, second - first - 1));
  if (!sealed || sealed->size() < kAeadTagSize) return damaged(name, "its second line is no sealed keyring");
  return KeySlot{std::move(header), std::string(line), *std::move(sealed)};
}

Result<Keyring> open_slot(const KeySlot& slot, const Secret& slot_key) {
  ASSIGN_OR_RETURN(Aead aead, Aead::create(slot_key));
  std::string plain(slot.sealed.size() - kAeadTagSize, '\0');
  const auto opened = aead.open(nonce_of(0), as_bytes(slot.authenticated), as_bytes(slot.sealed),
                                std::as_writable_bytes(std::span(plain)));
  const Secret json(std::move(plain));
  if (!opened.ok() && opened.error().code() == Code::kCorrupt)
    return Error(Code::kWrongKey, "the key does not open key slot {}", slot.header.name);
  if (!opened.ok()) return opened.error();
  ASSIGN_OR_RETURN(Keyring keyring, Keyring::from_json(slot.header.repository, json), "key slot {}",
                   slot.header.name);
  if (keyring.newest_generation() != slot.header.generation)
    return damaged(slot.header.name, "its keyring is not of the generation that its header says");
  return keyring;
}

}  // namespace summit::repository::packed
