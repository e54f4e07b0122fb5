#include "repository/packed/format_file.h"

#include <nlohmann/json.hpp>

namespace summit::repository::packed {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "summit-dr repository";
constexpr uint64_t kVersion = 1;
constexpr uint64_t kLargestFormat = 64 * KiB;

Error malformed(std::string_view what) {
  return Error(Code::kCorrupt, "{} is malformed: {}", kFormatKey, what)
      .hint(
          "bring this object back from a replica or from an older version of the bucket; all else in the "
          "repository is as it was");
}

Result<uint64_t> version_of(const json& document) {
  if (!document.is_object() || document.value("magic", json()) != json(kMagic))
    return malformed("it is no repository's");
  const json version = document.value("version", json());
  if (!version.is_number_unsigned() || version == 0) return malformed("it has no version");
  return version.get<uint64_t>();
}

}  // namespace

std::string to_json(const Format& format) {
  nlohmann::ordered_json document;
  document["magic"] = kMagic;
  document["version"] = kVersion;
  document["id"] = format.id.to_hex();
  document["created"] = to_rfc3339(format.created);
  document["conditional_put"] = format.conditional_put;
  return document.dump() + "\n";
}

Result<Format> parse_format(std::string_view text) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  ASSIGN_OR_RETURN(const uint64_t version, version_of(document));
  if (version > kVersion)
    return Error(Code::kUnsupported, "the repository has format {}, and this program reads up to {}", version,
                 kVersion)
        .hint("use the version of summit-dr that made the repository, or a newer one");
  const json id = document.value("id", json());
  const json created = document.value("created", json());
  const json conditional_put = document.value("conditional_put", json());
  const auto known_id =
      id.is_string() ? RepositoryId::from_hex(id.get_ref<const std::string&>()) : std::nullopt;
  const auto known_time =
      created.is_string() ? from_rfc3339(created.get_ref<const std::string&>()) : std::nullopt;
  if (!known_id) return malformed("its id is not 32 hexadecimal digits");
  if (!known_time) return malformed("it has no time of creation");
  if (!conditional_put.is_boolean())
    return malformed("it does not say whether the storage honours conditions");
  return Format{*known_id, *known_time, conditional_put.get<bool>()};
}

Result<StoredFormat> read_format(storage::ObjectStore& store, const Cancellation& cancellation) {
  const auto text = storage::get_whole(store, kFormatKey, kLargestFormat, cancellation);
  if (!text.ok() && text.error().code() == Code::kNotFound)
    return Error(Code::kRepositoryMissing, "there is no packed repository at {}", store.describe())
        .hint("set BACKUP_BASE or the bucket to where it is, or make one: summit-dr repository init");
  if (!text.ok()) return text.error();
  ASSIGN_OR_RETURN(const Format format, parse_format(*text), "{}", store.describe());
  return StoredFormat{format, sha256(as_bytes(*text))};
}

Result<bool> has_format_alone(storage::ObjectStore& store, const Cancellation& cancellation) {
  bool alone = false;
  RETURN_IF_ERROR(store.list(
      "repository/", "",
      [&](const storage::ObjectInfo& object) -> Result<bool> {
        alone = object.key == kFormatKey;
        return alone;
      },
      cancellation));
  return alone;
}

Result<StoredFormat> create_format(storage::ObjectStore& store, const Format& format,
                                   const Cancellation& cancellation) {
  const std::string text = to_json(format);
  const auto put =
      store.put(kFormatKey, as_bytes(text), {.condition = storage::Condition::kAbsent}, cancellation);
  if (!put.ok() && put.error().code() == Code::kAlreadyExists) {
    ASSIGN_OR_RETURN(const bool unfinished, has_format_alone(store, cancellation));
    if (unfinished) return read_format(store, cancellation);
    return Error(Code::kAlreadyExists, "there is a packed repository at {} already", store.describe());
  }
  if (!put.ok()) return put.error();
  return StoredFormat{format, sha256(as_bytes(text))};
}

}  // namespace summit::repository::packed
