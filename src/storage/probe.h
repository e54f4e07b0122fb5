// Finds what a store really does, by doing it.
#pragma once

#include "storage/object_store.h"

namespace summit::storage {

// Creates one object of a random name below ".probe/" twice, under the condition that it is absent, and
// removes it. conditional_put is false when the store let both through: then only one writer may use it.
Result<Capabilities> probe(ObjectStore& store, const Cancellation& cancellation = {});

}  // namespace summit::storage
