#include "formats/pgarchive/contents_reader.h"

#include <algorithm>

namespace summit::pgarchive {

namespace {

constexpr std::string_view kMagic = "PGDMP";
// Magic, three bytes of version, sizes of integers and offsets, format.
constexpr size_t kFixedHeader = kMagic.size() + 6;
constexpr uint64_t kLongestHead = GiB;

Error not_an_archive(std::string_view why) {
  return Error(Code::kCorrupt, "this is no PostgreSQL archive in custom format: {}", why)
      .hint("run `summit-dr verify` on this backup, or `pg_restore --list` on the file");
}

Error other_version(int major, int minor) {
  return Error(Code::kUnsupported, "archive version {}.{} is not one that this program reads", major, minor)
      .hint("restore it with the pg_restore that belongs to the pg_dump which wrote it");
}

// The bytes that say how all others are to be read.
Result<void> read_fixed_header(std::string_view bytes, Contents& contents) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[kMagic.size() + i]); };
  contents.major = byte(0);
  contents.minor = byte(1);
  contents.revision = byte(2);
  if (contents.major != 1 || contents.minor < 12 || contents.minor > 16)
    return other_version(contents.major, contents.minor);
  contents.integer_size = byte(3);
  contents.offset_size = byte(4);
  if (byte(5) != kCustomFormat) return not_an_archive("its format is not custom");
  if (contents.integer_size < 1 || contents.integer_size > 8 || contents.offset_size < 1 ||
      contents.offset_size > 8) {
    return not_an_archive("its integers have an impossible size");
  }
  return {};
}

Result<void> read_compression(Cursor& cursor, Contents& contents) {
  if (contents.minor < 15) {
    contents.level = cursor.integer();
    contents.compression = contents.level == 0 ? Compression::kNone : Compression::kGzip;
    return {};
  }
  const uint8_t algorithm = cursor.byte();
  if (algorithm > static_cast<uint8_t>(Compression::kZstd)) {
    return Error(Code::kUnsupported,
                 "the archive is compressed by algorithm {}, which this program does not know", algorithm)
        .hint("restore it with the pg_restore that belongs to the pg_dump which wrote it");
  }
  contents.compression = static_cast<Compression>(algorithm);
  return {};
}

Section read_section(Cursor& cursor) {
  const int64_t section = cursor.integer();
  if (section < 1 || section > 4) {
    cursor.stop("an entry of its table of contents is in no section");
    return Section::kNone;
  }
  return static_cast<Section>(section);
}

void read_offset(Cursor& cursor, const Contents& contents, Entry& entry) {
  entry.offset_state = cursor.byte();
  if (entry.offset_state < 1 || entry.offset_state > 3)
    cursor.stop("an offset in it has an impossible state");
  for (const char byte : cursor.raw(static_cast<size_t>(contents.offset_size)))
    entry.offset.push_back(static_cast<uint8_t>(byte));
}

Entry read_entry(Cursor& cursor, const Contents& contents) {
  Entry entry;
  entry.id = cursor.integer();
  if (entry.id < 1 || entry.id > INT32_MAX) cursor.stop("the number of an entry is out of range");
  const int64_t has_data = cursor.integer();
  if (has_data != 0 && has_data != 1) cursor.stop("an entry neither has data nor has none");
  entry.has_data = has_data == 1;
  entry.catalog_oid = cursor.text();
  entry.oid = cursor.text();
  entry.tag = cursor.text();
  entry.description = cursor.text();
  entry.section = read_section(cursor);
  entry.definition = cursor.text();
  entry.drop = cursor.text();
  entry.copy = cursor.text();
  entry.schema = cursor.text();
  entry.tablespace = cursor.text();
  if (contents.minor >= 14) entry.access_method = cursor.text();
  if (contents.minor >= 16) entry.relation_kind = cursor.integer();
  entry.owner = cursor.text();
  entry.with_oids = cursor.text();
  while (auto dependency = cursor.text()) entry.dependencies.push_back(*std::move(dependency));
  read_offset(cursor, contents, entry);
  return entry;
}

}  // namespace

Result<bool> ContentsReader::feed(std::string_view bytes) {
  buffer_.append(bytes);
  if (buffer_.size() < wanted_) return false;
  ASSIGN_OR_RETURN(const bool complete, advance());
  if (!complete && consumed_ + buffer_.size() > kLongestHead)
    return not_an_archive("its table of contents has no end");
  return complete;
}

Result<bool> ContentsReader::advance() {
  if (!has_header_) {
    ASSIGN_OR_RETURN(has_header_, read_header());
    if (!has_header_) return false;
  }
  return read_entries();
}

Result<bool> ContentsReader::read_header() {
  const std::string_view begin = std::string_view(buffer_).substr(0, kMagic.size());
  if (begin != kMagic.substr(0, begin.size())) return not_an_archive("it does not begin with PGDMP");
  if (buffer_.size() < kFixedHeader) {
    wanted_ = kFixedHeader;
    return false;
  }
  RETURN_IF_ERROR(read_fixed_header(buffer_, contents_));
  Cursor cursor(buffer_, kFixedHeader, contents_.integer_size);
  RETURN_IF_ERROR(read_compression(cursor, contents_));
  for (int64_t& part : contents_.created) part = cursor.integer();
  contents_.database = cursor.text();
  contents_.server_version = cursor.text();
  contents_.tool_version = cursor.text();
  entries_left_ = cursor.integer();
  if (entries_left_ < 0) cursor.stop("its number of entries is negative");
  if (cursor.stopped()) return stopped(cursor, nullptr);
  consume(cursor.position());
  return true;
}

Result<bool> ContentsReader::read_entries() {
  size_t position = 0;
  while (entries_left_ > 0) {
    Cursor cursor(buffer_, position, contents_.integer_size);
    Entry entry = read_entry(cursor, contents_);
    if (cursor.stopped()) {
      ASSIGN_OR_RETURN(const bool complete, stopped(cursor, &entry));
      wanted_ -= position;
      consume(position);
      return complete;
    }
    contents_.entries.push_back(std::move(entry));
    position = cursor.position();
    --entries_left_;
  }
  consume(position);
  return true;
}

// Whether it was for want of bytes, which may come, or of sense.
Result<bool> ContentsReader::stopped(const Cursor& cursor, const Entry* entry) {
  if (!cursor.damage().empty()) {
    if (entry == nullptr) return not_an_archive(cursor.damage());
    return not_an_archive(fmt::format("{} (entry {}{}{}, near byte {})", cursor.damage(), entry->id,
                                      entry->tag ? " " : "", entry->tag.value_or(""),
                                      consumed_ + cursor.position()));
  }
  wanted_ = cursor.wanted();
  return false;
}

void ContentsReader::consume(size_t size) {
  buffer_.erase(0, size);
  consumed_ += size;
}

}  // namespace summit::pgarchive
