#include "formats/pgarchive/contents.h"

#include <algorithm>
#include <charconv>

#include "formats/pgarchive/contents_reader.h"
#include "formats/pgarchive/primitives.h"

namespace summit::pgarchive {

namespace {

constexpr uint8_t kOffsetNotSet = 1;

std::string before_space(const Text& text) {
  const std::string whole = text.value_or("");
  return whole.substr(0, whole.find(' '));
}

void write_byte(std::string& output, int value) { output.push_back(static_cast<char>(value)); }

void write_header(std::string& output, const Contents& contents) {
  output.append("PGDMP");
  for (const int byte : {contents.major, contents.minor, contents.revision, contents.integer_size,
                         contents.offset_size, int{kCustomFormat}}) {
    write_byte(output, byte);
  }
  if (contents.minor >= 15) {
    write_byte(output, static_cast<int>(contents.compression));
  } else {
    constexpr int64_t kDefaultLevel = -1;
    const int64_t level = contents.compression == Compression::kNone ? 0
                          : contents.level == 0                      ? kDefaultLevel
                                                                     : contents.level;
    write_integer(output, level, contents.integer_size);
  }
  for (const int64_t part : contents.created) write_integer(output, part, contents.integer_size);
  for (const Text* text : {&contents.database, &contents.server_version, &contents.tool_version})
    write_text(output, *text, contents.integer_size);
}

void write_offset(std::string& output, const Entry& entry, const Contents& contents) {
  const auto size = static_cast<size_t>(contents.offset_size);
  if (entry.has_block()) {
    write_byte(output, kOffsetNotSet);
    output.append(size, '\0');
    return;
  }
  write_byte(output, entry.offset_state == 0 ? Entry::kNoData : entry.offset_state);
  std::string stored(entry.offset.begin(), entry.offset.end());
  stored.resize(size, '\0');
  output.append(stored);
}

void write_entry(std::string& output, const Entry& entry, const Contents& contents) {
  const int size = contents.integer_size;
  const auto text = [&](const Text& value) { write_text(output, value, size); };
  write_integer(output, entry.id, size);
  write_integer(output, entry.has_data ? 1 : 0, size);
  text(entry.catalog_oid);
  text(entry.oid);
  text(entry.tag);
  text(entry.description);
  write_integer(output, static_cast<int64_t>(entry.section), size);
  text(entry.definition);
  text(entry.drop);
  text(entry.copy);
  text(entry.schema);
  text(entry.tablespace);
  if (contents.minor >= 14) text(entry.access_method);
  if (contents.minor >= 16) write_integer(output, entry.relation_kind, size);
  text(entry.owner);
  text(entry.with_oids);
  for (const std::string& dependency : entry.dependencies) text(dependency);
  text(std::nullopt);
  write_offset(output, entry, contents);
}

}  // namespace

std::string_view name_of(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kGzip:
      return "gzip";
    case Compression::kLz4:
      return "lz4";
    case Compression::kZstd:
      return "zstd";
  }
  return "unknown";
}

std::vector<uint32_t> large_objects_made_by(const Entry& entry) {
  const Text& list = entry.is("BLOB") ? entry.tag : entry.definition;
  if (!list || (!entry.is("BLOB") && !entry.is("BLOB METADATA"))) return {};
  std::vector<uint32_t> objects;
  const char* const end = list->data() + list->size();
  for (const char* at = list->data(); at < end;) {
    uint32_t oid = 0;
    const auto [after, error] = std::from_chars(at, end, oid);
    if (error == std::errc()) objects.push_back(oid);
    at = after + 1;
  }
  return objects;
}

std::string Contents::short_server_version() const { return before_space(server_version); }
std::string Contents::short_tool_version() const { return before_space(tool_version); }

const Entry* Contents::find(int64_t id) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.id == id; });
  return found == entries.end() ? nullptr : &*found;
}

bool Contents::has_extension(std::string_view name) const {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return entry.is("EXTENSION") && entry.tag == name; });
}

size_t Contents::count(std::string_view description) const {
  return static_cast<size_t>(std::count_if(entries.begin(), entries.end(),
                                           [&](const Entry& entry) { return entry.is(description); }));
}

Result<std::optional<Head>> read_contents(std::string_view head) {
  ContentsReader reader;
  ASSIGN_OR_RETURN(const bool complete, reader.feed(head));
  if (!complete) return std::optional<Head>{};
  return std::optional(Head{std::move(reader.contents()), static_cast<size_t>(reader.length())});
}

std::string write_contents(const Contents& contents) {
  std::string output;
  write_header(output, contents);
  write_integer(output, static_cast<int64_t>(contents.entries.size()), contents.integer_size);
  for (const Entry& entry : contents.entries) write_entry(output, entry, contents);
  return output;
}

}  // namespace summit::pgarchive
