#include "repository/packed/tree_listing.h"

#include <algorithm>

#include "repository/packed/wire.h"

namespace summit::repository::packed {
namespace {

constexpr std::string_view kMagic = "SUMTREE1";
constexpr size_t kHeaderSize = 16;
constexpr size_t kMaxRecord = 64 * KiB;

Error bad_listing(std::string_view what) { return Error(Code::kCorrupt, "the listing of a tree {}", what); }

// Not empty, not absolute, and never up: a restore must not leave its directory.
bool stays_inside(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Result<TreeEntry> parse_entry(ByteView record) {
  WireReader reader(record);
  TreeEntry entry;
  const auto type = reader.integer<uint8_t>();
  entry.mode = reader.integer<uint32_t>();
  entry.user = reader.integer<uint32_t>();
  entry.group = reader.integer<uint32_t>();
  entry.modified = static_cast<int64_t>(reader.integer<uint64_t>());
  entry.changed = static_cast<int64_t>(reader.integer<uint64_t>());
  entry.inode = reader.integer<uint64_t>();
  entry.size = reader.integer<uint64_t>();
  entry.offset = reader.integer<uint64_t>();
  const auto path_length = reader.integer<uint16_t>();
  entry.path = as_text(reader.take(path_length));
  if (reader.failed() || type > static_cast<uint8_t>(TreeEntry::Type::kSymlink) || entry.mode > 07777)
    return bad_listing("has a record that is none");
  entry.type = static_cast<TreeEntry::Type>(type);
  entry.target = as_text(reader.take(reader.left()));
  if (!stays_inside(entry.path)) return bad_listing("names a path that leaves the tree");
  if (entry.target.empty() == (entry.type == TreeEntry::Type::kSymlink))
    return bad_listing("has a link without target");
  return entry;
}

}  // namespace

bool path_before(std::string_view a, std::string_view b) {
  return std::ranges::lexicographical_compare(a, b, [](char left, char right) {
    const auto rank = [](char c) { return c == '/' ? -1 : static_cast<int>(static_cast<unsigned char>(c)); };
    return rank(left) < rank(right);
  });
}

std::string encode_listing_header(int64_t begun) {
  std::string header(kMagic);
  put_integer(header, static_cast<uint64_t>(begun));
  return header;
}

std::string encode(const TreeEntry& entry) {
  std::string record;
  put_integer(record, static_cast<uint8_t>(entry.type));
  put_integer(record, entry.mode);
  put_integer(record, entry.user);
  put_integer(record, entry.group);
  put_integer(record, static_cast<uint64_t>(entry.modified));
  put_integer(record, static_cast<uint64_t>(entry.changed));
  put_integer(record, entry.inode);
  put_integer(record, entry.size);
  put_integer(record, entry.offset);
  put_integer(record, static_cast<uint16_t>(entry.path.size()));
  record += entry.path + entry.target;
  std::string result;
  put_integer(result, static_cast<uint32_t>(record.size()));
  return result + record;
}

std::string encode_listing_end() { return std::string(4, '\0'); }

void ListingParser::feed(ByteView bytes) {
  pending_.erase(0, used_);
  used_ = 0;
  pending_.append(as_text(bytes));
}

Result<std::optional<TreeEntry>> ListingParser::next() {
  const std::optional<TreeEntry> nothing;
  if (!begun_read_) {
    if (rest().size() < kHeaderSize) return nothing;
    WireReader header(rest().first(kHeaderSize));
    if (as_text(header.take(kMagic.size())) != kMagic) return bad_listing("does not begin as one");
    begun_ = static_cast<int64_t>(header.integer<uint64_t>());
    begun_read_ = true;
    used_ += kHeaderSize;
  }
  if (ended_)
    return rest().empty() ? Result<std::optional<TreeEntry>>(nothing) : bad_listing("goes on after its end");
  if (rest().size() < sizeof(uint32_t)) return nothing;
  const auto length = WireReader(rest()).integer<uint32_t>();
  if (length > kMaxRecord) return bad_listing("has a record that is too long");
  if (rest().size() - sizeof(uint32_t) < length) return nothing;
  const ByteView record = rest().subspan(sizeof(uint32_t), length);
  used_ += sizeof(uint32_t) + length;
  if (length == 0) {
    ended_ = true;
    return next();
  }
  ASSIGN_OR_RETURN(TreeEntry entry, parse_entry(record));
  if (!last_path_.empty() && !path_before(last_path_, entry.path)) return bad_listing("is not in order");
  last_path_ = entry.path;
  return std::optional(std::move(entry));
}

ListingReader::ListingReader(ChunkReader& reader, const Content& listing, const Cancellation& cancellation)
    : reader_(reader), cancellation_(cancellation), cursor_(reader.cursor(listing.blocks, cancellation)) {}

Result<std::optional<TreeEntry>> ListingReader::next() {
  while (true) {
    ASSIGN_OR_RETURN(auto entry, parser_.next());
    if (entry) return entry;
    ASSIGN_OR_RETURN(const auto piece, cursor_->next());
    if (!piece && !parser_.ended()) return bad_listing("breaks off");
    if (!piece) return std::optional<TreeEntry>();
    if (piece->kind != ManifestEntry::Kind::kChunk) return bad_listing("is not stored as a stream");
    ASSIGN_OR_RETURN(const std::string bytes, reader_.read_chunk(piece->chunk, cancellation_));
    parser_.feed(as_bytes(bytes));
  }
}

}  // namespace summit::repository::packed
