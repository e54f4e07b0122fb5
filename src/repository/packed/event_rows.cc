#include "repository/packed/event_rows.h"

namespace summit::repository::packed {
namespace {

bool is_name(const PackName& name) { return name.epoch <= PackName::kMaxEpoch; }

template <typename Row, typename Put>
std::string write_rows(const std::vector<Row>& values, size_t row_size, Put put) {
  std::string rows;
  rows.reserve(values.size() * row_size);
  for (const auto& value : values) put(rows, value);
  return rows;
}

template <typename Row, typename Take, typename Good>
std::optional<std::vector<Row>> read_rows(ByteView rows, size_t row_size, Take take, Good good) {
  if (rows.size() % row_size != 0) return std::nullopt;
  std::vector<Row> values;
  values.reserve(rows.size() / row_size);
  WireReader reader(rows);
  while (reader.left() > 0) {
    values.push_back(take(reader));
    if (!good(values.back())) return std::nullopt;
  }
  return values;
}

void put_block(std::string& to, const BlockPlace& block) {
  put_bytes(to, block.id.view());
  put_name(to, block.pack);
  put_integer(to, block.frame);
  put_integer(to, block.frame_offset);
  put_integer(to, block.plain_length);
  put_integer(to, block.encoded_length);
  put_integer(to, block.encoding);
  put_integer(to, block.offset);
  put_integer(to, block.length);
}

BlockPlace take_block(WireReader& reader) {
  BlockPlace block;
  block.id.bytes = reader.array<std::array<std::byte, 32>>();
  block.pack = take_name(reader);
  block.frame = reader.integer<uint32_t>();
  block.frame_offset = reader.integer<uint64_t>();
  block.plain_length = reader.integer<uint32_t>();
  block.encoded_length = reader.integer<uint32_t>();
  block.encoding = reader.integer<uint8_t>();
  block.offset = reader.integer<uint32_t>();
  block.length = reader.integer<uint32_t>();
  return block;
}

}  // namespace

void put_name(std::string& to, const PackName& name) {
  put_integer(to, name.epoch);
  put_bytes(to, name.uuid);
}

void put_pack(std::string& to, const StoredPack& pack) {
  put_name(to, pack.name);
  put_integer(to, pack.size);
  put_bytes(to, pack.sha256);
}

PackName take_name(WireReader& reader) {
  PackName name;
  name.epoch = reader.integer<uint64_t>();
  name.uuid = reader.array<std::array<std::byte, 16>>();
  return name;
}

StoredPack take_pack(WireReader& reader) {
  StoredPack pack;
  pack.name = take_name(reader);
  pack.size = reader.integer<uint64_t>();
  pack.sha256 = reader.array<Sha256Digest>();
  return pack;
}

std::string to_rows(const std::vector<PackName>& names) { return write_rows(names, kNameRow, put_name); }
std::string to_rows(const std::vector<StoredPack>& packs) { return write_rows(packs, kPackRow, put_pack); }
std::string to_rows(const std::vector<BlockPlace>& blocks) {
  return write_rows(blocks, kBlockRow, put_block);
}

std::optional<std::vector<PackName>> names_from_rows(ByteView rows) {
  return read_rows<PackName>(rows, kNameRow, take_name, is_name);
}
std::optional<std::vector<StoredPack>> packs_from_rows(ByteView rows) {
  return read_rows<StoredPack>(rows, kPackRow, take_pack,
                               [](const StoredPack& pack) { return is_name(pack.name); });
}
std::optional<std::vector<BlockPlace>> blocks_from_rows(ByteView rows) {
  return read_rows<BlockPlace>(rows, kBlockRow, take_block,
                               [](const BlockPlace& block) { return is_name(block.pack); });
}

}  // namespace summit::repository::packed
