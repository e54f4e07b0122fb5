// Feeds the parsers of the log: headers, record bodies, checkpoints' states, and the names of packs. What was
// read must be written back to what reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "repository/packed/event_cbor.h"
#include "repository/packed/log_record.h"
#include "repository/packed/pack_name.h"
#include "repository/packed/repository_state.h"

namespace {

using namespace summit;
using namespace summit::repository::packed;

constexpr uint64_t kNumber = 1'000'000;  // as if so many records had been read

void require(bool holds) {
  if (!holds) std::abort();
}

void feed_body(ByteView bytes) {
  const auto body = record_body_from_cbor(bytes);
  if (!body.ok()) return;
  const auto again = record_body_from_cbor(as_bytes(to_cbor(*body)));
  require(again.ok() && *again == *body);
  // Whatever an authentic record says, it is applied whole or refused.
  RepositoryState state;
  const std::string before = state.to_checkpoint();
  if (!state.apply(body->events, {}).ok()) require(state.to_checkpoint() == before);
}

void feed_state(ByteView bytes) {
  const auto state = RepositoryState::from_checkpoint(bytes, kNumber, {});
  if (!state.ok()) return;
  const std::string written = state->to_checkpoint();
  const auto again = RepositoryState::from_checkpoint(as_bytes(written), kNumber, {});
  require(again.ok() && again->to_checkpoint() == written);
}

void feed_names(ByteView bytes) {
  if (const auto name = PackName::from_key(as_text(bytes))) require(name->key() == as_text(bytes));
  if (const auto number = number_of_key(kLogPrefix, as_text(bytes)))
    require(log_key(*number) == as_text(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (bytes.empty()) return 0;
  const ByteView rest = bytes.subspan(1);
  switch (std::to_integer<int>(bytes[0]) % 4) {
    case 0:
      (void)parse_log_header(rest);
      break;
    case 1:
      feed_body(rest);
      break;
    case 2:
      feed_state(rest);
      break;
    default:
      feed_names(rest);
  }
  return 0;
}
