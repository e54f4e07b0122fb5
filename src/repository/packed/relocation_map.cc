#include "repository/packed/relocation_map.h"

namespace summit::repository::packed {
namespace {

// A footer has some hundred chunks: this is a few megabytes.
constexpr size_t kFooters = 128;

}  // namespace

Result<const RelocationMap::Chunks*> RelocationMap::chunks_of(const PackName& pack,
                                                              const Cancellation& cancellation) {
  if (const auto found = footers_.find(pack); found != footers_.end()) return &found->second;
  ASSIGN_OR_RETURN(const PackFooter footer, read_pack_footer(store_, keyring_, pack, cancellation));
  Chunks chunks;
  for (const PackedFrame& frame : footer.frames) {
    for (const PackedChunk& chunk : frame.chunks) chunks.emplace(chunk.id, reference_to(frame, chunk));
  }
  if (footers_.size() >= kFooters) footers_.clear();
  return &footers_.emplace(pack, std::move(chunks)).first->second;
}

Result<Reference> RelocationMap::present(const Reference& reference, const Cancellation& cancellation) {
  const auto packs = relocated_ ? relocated_(reference.frame.pack) : std::nullopt;
  if (!packs) return reference;
  for (const PackName& pack : *packs) {
    ASSIGN_OR_RETURN(const Chunks* chunks, chunks_of(pack, cancellation));
    const auto found = chunks->find(reference.id);
    if (found != chunks->end() && found->second.length == reference.length) return found->second;
  }
  return Error(Code::kCorrupt,
               "pack {} was rewritten, and chunk {} of it is in none of the packs that took its place",
               reference.frame.pack.to_string(), reference.id.to_hex());
}

}  // namespace summit::repository::packed
