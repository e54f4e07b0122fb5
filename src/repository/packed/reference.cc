#include "repository/packed/reference.h"

namespace summit::repository::packed {

bool possible(const FramePlace& place) {
  return place.plain_length <= kMaxFramePlain && place.encoded_length <= 2 * kMaxFramePlain &&
         place.offset <= kMaxPack && place.pack.epoch <= PackName::kMaxEpoch;
}

BlockPlace to_block_place(const Reference& reference) {
  const FramePlace& frame = reference.frame;
  return {.id = reference.id,
          .pack = frame.pack,
          .frame = frame.ordinal,
          .frame_offset = frame.offset,
          .plain_length = frame.plain_length,
          .encoded_length = frame.encoded_length,
          .encoding = static_cast<uint8_t>(frame.encoding),
          .offset = reference.offset,
          .length = reference.length};
}

Result<Reference> to_reference(const BlockPlace& place) {
  if (place.encoding > static_cast<uint8_t>(Encoding::kZstd))
    return Error(Code::kCorrupt, "a manifest block lies in a frame of the unknown encoding {}",
                 place.encoding);
  const FramePlace frame{.pack = place.pack,
                         .ordinal = place.frame,
                         .offset = place.frame_offset,
                         .plain_length = place.plain_length,
                         .encoded_length = place.encoded_length,
                         .encoding = static_cast<Encoding>(place.encoding)};
  if (!possible(frame) || uint64_t{place.offset} + place.length > place.plain_length)
    return Error(Code::kCorrupt, "a manifest block lies at an impossible place");
  return Reference{.id = place.id, .frame = frame, .offset = place.offset, .length = place.length};
}

}  // namespace summit::repository::packed
