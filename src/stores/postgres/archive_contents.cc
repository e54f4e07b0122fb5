#include "stores/postgres/archive_contents.h"

#include <algorithm>
#include <array>

#include "core/files.h"

namespace summit::postgres {

namespace {

constexpr size_t kLargestHead = GiB;

// Reads the archive's primitives. Past the end it gives zeros and remembers that it did.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  bool exhausted() const { return exhausted_; }

  uint8_t byte() {
    if (position_ >= bytes_.size()) {
      exhausted_ = true;
      return 0;
    }
    return static_cast<uint8_t>(bytes_[position_++]);
  }

  void set_integer_size(uint8_t size) { integer_size_ = size; }

  // A sign byte, then the magnitude, least significant byte first.
  int64_t integer() {
    const bool negative = byte() != 0;
    uint64_t magnitude = 0;
    for (unsigned i = 0; i < integer_size_; ++i) {
      const uint64_t next = byte();
      if (i < 8) magnitude |= next << (8 * i);
    }
    const auto value = static_cast<int64_t>(magnitude & 0x7fffffffffffffffULL);
    return negative ? -value : value;
  }

  // Nothing for a null string, which has length -1.
  std::optional<std::string> text() {
    const int64_t length = integer();
    if (length < 0 || exhausted_) return std::nullopt;
    if (static_cast<uint64_t>(length) > bytes_.size() - position_) {
      exhausted_ = true;
      return std::nullopt;
    }
    std::string value(bytes_.substr(position_, static_cast<size_t>(length)));
    position_ += static_cast<size_t>(length);
    return value;
  }

  void skip(size_t count) {
    for (size_t i = 0; i < count; ++i) byte();
  }

 private:
  std::string_view bytes_;
  size_t position_ = 0;
  unsigned integer_size_ = 4;
  bool exhausted_ = false;
};

struct Layout {
  int minor = 0;
  unsigned offset_size = 8;
};

Error not_an_archive(std::string_view why) {
  return Error(Code::kCorrupt, "this is no PostgreSQL archive in custom format: {}", why)
      .hint("run `summit-dr verify` on this backup, or `pg_restore --list` on the file");
}

Result<Layout> read_header(Cursor& cursor) {
  constexpr std::string_view kMagic = "PGDMP";
  for (const char expected : kMagic) {
    if (cursor.byte() != static_cast<uint8_t>(expected) && !cursor.exhausted())
      return not_an_archive("it does not begin with PGDMP");
  }
  const int major = cursor.byte();
  Layout layout;
  layout.minor = cursor.byte();
  cursor.byte();  // revision
  if (!cursor.exhausted() && (major != 1 || layout.minor < 12 || layout.minor > 16)) {
    return Error(Code::kUnsupported, "archive version {}.{} is not one that this program reads", major,
                 layout.minor)
        .hint("restore it with the pg_restore that belongs to the pg_dump which wrote it");
  }
  const uint8_t integer_size = cursor.byte();
  layout.offset_size = cursor.byte();
  constexpr uint8_t kCustomFormat = 1;
  if (cursor.byte() != kCustomFormat && !cursor.exhausted())
    return not_an_archive("its format is not custom");
  if (!cursor.exhausted() && (integer_size == 0 || integer_size > 32 || layout.offset_size > 32)) {
    return not_an_archive("its integers have an impossible size");
  }
  cursor.set_integer_size(integer_size);
  if (layout.minor >= 15) {
    cursor.byte();  // compression algorithm
  } else {
    cursor.integer();  // compression level
  }
  return layout;
}

ArchiveEntry read_entry(Cursor& cursor, const Layout& layout) {
  ArchiveEntry entry;
  entry.id = cursor.integer();
  entry.has_data = cursor.integer() != 0;
  cursor.text();  // oid of the catalog
  cursor.text();  // oid of the object
  entry.tag = cursor.text().value_or("");
  entry.description = cursor.text().value_or("");
  cursor.integer();  // section
  entry.definition = cursor.text().value_or("");
  cursor.text();  // drop statement
  cursor.text();  // copy statement
  entry.schema = cursor.text().value_or("");
  cursor.text();                             // tablespace
  if (layout.minor >= 14) cursor.text();     // table access method
  if (layout.minor >= 16) cursor.integer();  // kind of relation
  entry.owner = cursor.text().value_or("");
  cursor.text();  // "with oids"
  while (!cursor.exhausted() && cursor.text()) {
  }  // ids of the entries it depends on, ended by a null string
  cursor.skip(1 + layout.offset_size);
  return entry;
}

}  // namespace

bool ArchiveContents::has_extension(std::string_view name) const {
  return std::any_of(entries.begin(), entries.end(), [&](const ArchiveEntry& entry) {
    return entry.description == "EXTENSION" && entry.tag == name;
  });
}

size_t ArchiveContents::count(std::string_view description) const {
  return static_cast<size_t>(std::count_if(entries.begin(), entries.end(), [&](const ArchiveEntry& entry) {
    return entry.description == description;
  }));
}

Result<std::optional<ArchiveContents>> parse_archive_contents(std::string_view head) {
  Cursor cursor(head);
  ASSIGN_OR_RETURN(auto layout, read_header(cursor));
  for (int i = 0; i < 7; ++i) cursor.integer();  // date
  ArchiveContents contents;
  contents.database = cursor.text().value_or("");
  contents.server_version = cursor.text().value_or("");
  contents.tool_version = cursor.text().value_or("");
  contents.server_version = contents.server_version.substr(0, contents.server_version.find(' '));
  contents.tool_version = contents.tool_version.substr(0, contents.tool_version.find(' '));

  const int64_t count = cursor.integer();
  if (!cursor.exhausted() && count < 0) return not_an_archive("its number of entries is negative");
  for (int64_t i = 0; i < count && !cursor.exhausted(); ++i)
    contents.entries.push_back(read_entry(cursor, layout));
  if (cursor.exhausted()) return std::optional<ArchiveContents>{};
  return std::optional(std::move(contents));
}

Result<ArchiveContents> read_archive_contents(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(auto descriptor, open_for_reading(file));
  ArchiveHead head;
  std::array<char, 64 * KiB> buffer{};
  for (;;) {
    ASSIGN_OR_RETURN(auto size, read_some(descriptor.get(), buffer.data(), buffer.size(), file));
    if (size == 0) break;
    RETURN_IF_ERROR(head.feed(as_bytes(std::string_view(buffer.data(), size))), "{}", file.string());
    if (head.complete()) break;
  }
  ASSIGN_OR_RETURN(auto contents, std::move(head).contents(), "{}", file.string());
  return contents;
}

Result<void> ArchiveHead::feed(ByteView bytes) {
  if (contents_) return {};
  head_.append(as_text(bytes));
  if (head_.size() < next_attempt_) return {};
  ASSIGN_OR_RETURN(contents_, parse_archive_contents(head_));
  if (contents_) {
    head_ = {};
  } else if (head_.size() > kLargestHead) {
    return not_an_archive("its table of contents has no end");
  }
  // Attempts at doubled sizes keep the whole effort linear.
  next_attempt_ = std::max(next_attempt_ * 2, head_.size());
  return {};
}

Result<ArchiveContents> ArchiveHead::contents() && {
  if (!contents_) {
    ASSIGN_OR_RETURN(contents_, parse_archive_contents(head_));
  }
  if (!contents_) return not_an_archive("it ends within its table of contents");
  return std::move(*contents_);
}

}  // namespace summit::postgres
