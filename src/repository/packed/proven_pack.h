// A stored pack as it was written.
#pragma once

#include <string>

#include "core/cancellation.h"
#include "repository/packed/events.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

// The pack's bytes, when they are what the log says. kNotFound when it is not there, kCorrupt, naming it,
// when its bytes are others.
Result<std::string> proven_pack(storage::ObjectStore& store, const StoredPack& pack,
                                const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
