#include "repository/packed/chunk_id.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "repository/packed/openssl_handles.h"

namespace summit::repository::packed {

struct ChunkNamer::State {
  MacContext context;
};

ChunkNamer::ChunkNamer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChunkNamer::ChunkNamer(ChunkNamer&&) noexcept = default;
ChunkNamer& ChunkNamer::operator=(ChunkNamer&&) noexcept = default;
ChunkNamer::~ChunkNamer() = default;

Result<ChunkNamer> ChunkNamer::create(const Secret& key) {
  const Mac mac(::EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (!mac) return openssl_failed("provide HMAC");
  auto state = std::make_unique<State>(State{MacContext(::EVP_MAC_CTX_new(mac.get()))});
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  if (!state->context ||
      ::EVP_MAC_init(state->context.get(), raw(key.reveal().data()), key.reveal().size(), parameters) != 1)
    return openssl_failed("provide HMAC-SHA256");
  return ChunkNamer(std::move(state));
}

Result<ChunkId> ChunkNamer::name(ByteView plain) {
  EVP_MAC_CTX* context = state_->context.get();
  ChunkId id;
  size_t size = 0;
  // Without a key: begins anew under the one that is set.
  if (::EVP_MAC_init(context, nullptr, 0, nullptr) != 1 ||
      ::EVP_MAC_update(context, raw(plain.data()), plain.size()) != 1 ||
      ::EVP_MAC_final(context, raw(id.bytes.data()), &size, id.bytes.size()) != 1 || size != id.bytes.size())
    return openssl_failed("name a chunk");
  return id;
}

}  // namespace summit::repository::packed
