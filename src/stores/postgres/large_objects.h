// Large objects, read through their own interface in pieces.
#pragma once

#include "core/fingerprint.h"
#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// Adds one element for each large object that the connection's snapshot shows. The connection streams in
// binary form (Connection::Options::binary_results). Holds at most one piece of 1 MiB.
Result<void> hash_large_objects(Connection& connection, SetHash& hash);

}  // namespace summit::postgres
