#include "storage/probe.h"

#include "storage/random_name.h"

namespace summit::storage {

Result<Capabilities> probe(ObjectStore& store, const Cancellation& cancellation) {
  const std::string key = ".probe/" + random_name();
  const PutOptions absent{.condition = Condition::kAbsent};
  Capabilities found = store.capabilities();
  const auto first = store.put(key, as_bytes("first"), absent, cancellation);
  // A server that does not know the condition may refuse the whole request.
  found.conditional_put = first.ok() || first.error().code() != Code::kUnsupported;
  if (!found.conditional_put) return found;
  RETURN_IF_ERROR(first, "probing {}", store.describe());
  const auto second = store.put(key, as_bytes("second"), absent, cancellation);
  RETURN_IF_ERROR(store.remove(key, cancellation), "probing {}", store.describe());
  if (second.ok()) {
    found.conditional_put = false;
  } else if (second.error().code() != Code::kAlreadyExists) {
    return Error(second.error());
  }
  return found;
}

}  // namespace summit::storage
