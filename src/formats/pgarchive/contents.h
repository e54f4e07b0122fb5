// The header and table of contents of a PostgreSQL archive in custom format (pg_dump -Fc).
//
// Read and written without loss: what read_contents() gives, write_contents() makes the same bytes of.
// Versions 1.12 (PostgreSQL 9.0) to 1.16. Format: docs/formats/postgresql-archive.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::pgarchive {

enum class Compression { kNone, kGzip, kLz4, kZstd };

// "none", "gzip", "lz4", "zstd".
std::string_view name_of(Compression compression);

// The order in which a restore works through an archive.
enum class Section { kNone = 1, kPreData = 2, kData = 3, kPostData = 4 };

// What closes the rows of each table with a copy statement, within its data: psql needs it in the scripts
// that `pg_restore --file` makes, and the server takes it for the end of COPY.
inline constexpr std::string_view kEndOfRows = "\\.\n\n\n";

// Absent and empty texts differ in the format, and both occur.
using Text = std::optional<std::string>;

struct Entry {
  int64_t id = 0;         // the dump's own number of it, what dependencies and data blocks name
  bool has_data = false;  // a data block with this id follows somewhere
  Text catalog_oid;       // of the system catalog, "1259"
  Text oid;               // of the object there
  Text tag;               // the object's name
  Text description;       // "TABLE", "TABLE DATA", "SEQUENCE SET", "EXTENSION", …
  Section section = Section::kNone;
  Text definition;  // SQL
  Text drop;        // SQL
  Text copy;        // "COPY public.users (id, name) FROM stdin;\n" of a TABLE DATA
  Text schema;
  Text tablespace;
  Text access_method;         // from version 1.14
  int64_t relation_kind = 0;  // pg_class.relkind as a number, from version 1.16
  Text owner;
  Text with_oids;                         // always "false" since version 1.14
  std::vector<std::string> dependencies;  // ids, in decimal
  uint8_t offset_state = 0;               // 1 not set, 2 set, 3 no data; 0: as has_data says
  std::vector<uint8_t> offset;            // as stored, of the header's offset size

  bool is(std::string_view kind) const { return description == kind; }
  // Whether a data block of it stands in the archive; without a copy statement its rows are INSERT
  // statements.
  bool has_block() const { return has_data && offset_state != kNoData; }

  static constexpr uint8_t kNoData = 3;
};

// The oids of the large objects that an entry makes: the one of a "BLOB", those that the definition of a
// "BLOB METADATA" (since PostgreSQL 17) lists. Nothing for any other entry.
std::vector<uint32_t> large_objects_made_by(const Entry& entry);

struct Contents {
  int major = 1;
  int minor = 15;
  int revision = 0;
  int integer_size = 4;
  int offset_size = 8;
  Compression compression = Compression::kNone;
  int64_t level = 0;  // before version 1.15 this stands in the compression's place; -1: gzip's default
  std::array<int64_t, 7>
      created{};  // seconds, minutes, hours, day, month from 0, years since 1900, daylight saving
  Text database;
  Text server_version;  // of the server that was dumped: "16.15 (Debian …)"
  Text tool_version;    // of pg_dump
  std::vector<Entry> entries;

  // "16.15": without the packager's addition.
  std::string short_server_version() const;
  std::string short_tool_version() const;
  // Looks through all entries.
  const Entry* find(int64_t id) const;
  bool has_extension(std::string_view name) const;
  size_t count(std::string_view description) const;
};

// Nothing when `head` ends before the table of contents does; kCorrupt when it is no such archive,
// kUnsupported for another version or format. `length` is that of header and table of contents.
struct Head {
  Contents contents;
  size_t length = 0;
};
Result<std::optional<Head>> read_contents(std::string_view head);

// Offsets become "not set" for entries with data: they are not known before the data are written, and readers
// find their blocks by scanning. Before version 1.15 only kNone and kGzip can be expressed.
std::string write_contents(const Contents& contents);

}  // namespace summit::pgarchive
