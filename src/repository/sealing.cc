#include "repository/sealing.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "repository/seal_format.h"

namespace summit::repository {
namespace {

// Room for one frame's plain bytes; wiped, because they are secrets.
class PlainBuffer {
 public:
  PlainBuffer() : bytes_(kSealFrameSize) {}
  PlainBuffer(const PlainBuffer&) = delete;
  PlainBuffer& operator=(const PlainBuffer&) = delete;
  ~PlainBuffer() { ::OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  std::byte* data() { return bytes_.data(); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

struct SealWriter::State {
  std::function<Result<void>(ByteView)> output;
  std::unique_ptr<FrameCipher> cipher;
  PlainBuffer plain;
  size_t filled = 0;
  uint64_t number = 0;
  bool finished = false;
  std::vector<std::byte> frame = std::vector<std::byte>(kSealLengthSize + kSealFrameSize + kSealTagSize);

  Result<void> emit(bool final) {
    const uint32_t length = static_cast<uint32_t>(filled) | (final ? kSealFinalFlag : 0);
    store_little_endian(frame.data(), length, kSealLengthSize);
    std::byte* sealed = frame.data() + kSealLengthSize;
    RETURN_IF_ERROR(cipher->seal(number++, length, ByteView(plain.data(), filled), sealed, sealed + filled));
    const size_t size = kSealLengthSize + filled + kSealTagSize;
    filled = 0;
    return output(ByteView(frame.data(), size));
  }
};

SealWriter::SealWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SealWriter::~SealWriter() = default;

Result<std::unique_ptr<SealWriter>> SealWriter::create(const SealingKey& key,
                                                       std::function<Result<void>(ByteView)> output,
                                                       StretchingCost cost) {
  if (key.passphrase.empty())
    return Error(Code::kKeyMissing, "the key from {} is empty", key.source).hint("run `summit-dr key init`");
  auto state = std::make_unique<State>();
  ASSIGN_OR_RETURN(const SealedHeader sealed, make_seal_header(key.passphrase, cost));
  ASSIGN_OR_RETURN(state->cipher,
                   FrameCipher::create(FrameCipher::Direction::kSeal, sealed.file_key, sealed.header));
  RETURN_IF_ERROR(output(ByteView(sealed.header)));
  state->output = std::move(output);
  return std::unique_ptr<SealWriter>(new SealWriter(std::move(state)));
}

Result<void> SealWriter::write(ByteView bytes) {
  State& state = *state_;
  if (state.finished) return Error(Code::kFailed, "written to after the seal was closed");
  while (!bytes.empty()) {
    // A full frame waits for the next byte, since only then it is known not to be the final one.
    if (state.filled == kSealFrameSize) RETURN_IF_ERROR(state.emit(false));
    const size_t size = std::min(bytes.size(), kSealFrameSize - state.filled);
    std::memcpy(state.plain.data() + state.filled, bytes.data(), size);
    state.filled += size;
    bytes = bytes.subspan(size);
  }
  return {};
}

Result<void> SealWriter::finish() {
  if (state_->finished) return Error(Code::kFailed, "the seal was closed twice");
  state_->finished = true;
  return state_->emit(true);
}

struct SealReader::State {
  SealingKey key;
  std::function<Result<void>(ByteView)> output;
  std::unique_ptr<FrameCipher> cipher;  // set when the header was read
  std::vector<std::byte> pending;       // an unfinished header or frame
  PlainBuffer plain;
  uint64_t number = 0;
  bool ended = false;

  // Bytes that `pending` must have before it can be used.
  Result<size_t> wanted() const {
    if (!cipher) return kSealHeaderSize;
    if (pending.size() < kSealLengthSize) return kSealLengthSize;
    const uint32_t length = load_u32(pending.data());
    const size_t size = length & ~kSealFinalFlag;
    if (size > kSealFrameSize || ((length & kSealFinalFlag) == 0 && size != kSealFrameSize)) return damaged();
    return kSealLengthSize + size + kSealTagSize;
  }

  Result<void> use() {
    if (!cipher) {
      SealHeader header;
      std::ranges::copy(pending, header.begin());
      ASSIGN_OR_RETURN(const Secret file_key, open_seal_header(header, key));
      ASSIGN_OR_RETURN(cipher, FrameCipher::create(FrameCipher::Direction::kOpen, file_key, header));
    } else {
      RETURN_IF_ERROR(open_frame());
    }
    pending.clear();
    return {};
  }

  Result<void> open_frame() {
    const uint32_t length = load_u32(pending.data());
    const size_t size = length & ~kSealFinalFlag;
    const ByteView sealed(pending.data() + kSealLengthSize, size);
    ASSIGN_OR_RETURN(const bool authentic,
                     cipher->open(number, length, sealed, sealed.data() + size, plain.data()));
    if (!authentic) return damaged();
    ++number;
    ended = (length & kSealFinalFlag) != 0;
    return size == 0 ? Result<void>() : output(ByteView(plain.data(), size));
  }

  Error damaged() const { return Error(Code::kCorrupt, "frame {} of the sealed file is damaged", number); }
};

SealReader::SealReader(const SealingKey& key, std::function<Result<void>(ByteView)> output)
    : state_(std::make_unique<State>()) {
  state_->key = key;
  state_->output = std::move(output);
}
SealReader::~SealReader() = default;

Result<void> SealReader::write(ByteView sealed) {
  State& state = *state_;
  while (!sealed.empty()) {
    if (state.ended) return Error(Code::kCorrupt, "bytes follow the end of the sealed file");
    ASSIGN_OR_RETURN(const size_t wanted, state.wanted());
    const size_t size = std::min(sealed.size(), wanted - state.pending.size());
    state.pending.insert(state.pending.end(), sealed.begin(), sealed.begin() + static_cast<ptrdiff_t>(size));
    sealed = sealed.subspan(size);
    if (state.pending.size() < wanted) continue;
    // A complete length says how much more the frame needs; anything else complete is used.
    ASSIGN_OR_RETURN(const size_t needed, state.wanted());
    if (state.pending.size() == needed) RETURN_IF_ERROR(state.use());
  }
  return {};
}

Result<void> SealReader::finish() {
  if (!state_->ended) return Error(Code::kCorrupt, "the sealed file is cut off");
  return {};
}

}  // namespace summit::repository
