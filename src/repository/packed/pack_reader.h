// Reads packs: their footer, single frames, or everything.
//
// Every error about content is kCorrupt and names the pack ("pack 0000…: frame 7 is not authentic");
// kNotFound when it is not in the store; kWrongKey when the keyring lacks the generation of its key.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/cancellation.h"
#include "repository/packed/buffer.h"
#include "repository/packed/events.h"
#include "repository/packed/frame_codec.h"
#include "repository/packed/keyring.h"
#include "repository/packed/pack_format.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

// By what reads whole packs, at the same time.
inline constexpr size_t kParallelPacks = 4;

// The key of one pack: opens its frames and its footer. Thread-safe.
class PackOpener {
 public:
  // `header`: the first kPackHeaderSize bytes of the pack called `name`.
  static Result<std::unique_ptr<PackOpener>> create(const Keyring& keyring, const PackName& name,
                                                    ByteView header);
  ~PackOpener();

  // Of the master key: under its sub-keys the pack's chunks are named.
  uint32_t generation() const;

  // `sealed`: place.encoded_length + kAeadTagSize bytes. `plain` then holds place.plain_length bytes;
  // `scratch` is working space.
  Result<void> open_frame(const FramePlace& place, ByteView sealed, FrameDecoder& decoder, Buffer& scratch,
                          Buffer& plain) const;

  // `frames` and `footer_offset` are what the trailer and the pack's size say.
  Result<std::vector<PackedFrame>> open_footer(ByteView sealed, uint32_t frames,
                                               uint64_t footer_offset) const;

 private:
  struct State;
  explicit PackOpener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct PackFooter {
  uint64_t size = 0;  // of the whole object
  std::vector<PackedFrame> frames;
};

// Three small requests (size, header, tail), and a fourth for a large footer.
Result<PackFooter> read_pack_footer(storage::ObjectStore& store, const Keyring& keyring, const PackName& name,
                                    const Cancellation& cancellation = {});

struct PackContent {
  StoredPack stored;  // as the object in the store is now: the caller compares it with what the log says
  std::vector<PackedFrame> frames;
};
using FrameVisitor = std::function<Result<void>(const PackedFrame& frame, ByteView plain)>;

// Reads a whole pack front to back with the memory of one frame: every frame is opened, every chunk's id
// computed and compared with the footer. `visit` sees each frame in order; nobody looks when it is empty.
Result<PackContent> read_whole_pack(storage::ObjectStore& store, const Keyring& keyring, const PackName& name,
                                    const FrameVisitor& visit = {}, const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
