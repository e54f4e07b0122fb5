// Tables of packs and blocks in records and checkpoints: rows of fixed size, one after the other.
// Format: docs/formats/repository.md, "The log".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "repository/packed/events.h"
#include "repository/packed/wire.h"

namespace summit::repository::packed {

inline constexpr size_t kNameRow = 24;
inline constexpr size_t kPackRow = kNameRow + 8 + 32;
inline constexpr size_t kBlockRow = 32 + kNameRow + 4 + 8 + 4 + 4 + 1 + 4 + 4;

void put_name(std::string& to, const PackName& name);
void put_pack(std::string& to, const StoredPack& pack);
PackName take_name(WireReader& reader);
StoredPack take_pack(WireReader& reader);

std::string to_rows(const std::vector<PackName>& names);
std::string to_rows(const std::vector<StoredPack>& packs);
std::string to_rows(const std::vector<BlockPlace>& blocks);
// Nothing when the bytes are not whole rows, or a name is none.
std::optional<std::vector<PackName>> names_from_rows(ByteView rows);
std::optional<std::vector<StoredPack>> packs_from_rows(ByteView rows);
std::optional<std::vector<BlockPlace>> blocks_from_rows(ByteView rows);

}  // namespace summit::repository::packed
