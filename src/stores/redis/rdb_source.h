// Where an RDB comes from: an artifact, a replica's stream, memory.
#pragma once

#include <functional>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/rdb/reader.h"

namespace summit::redis {

// Gives an RDB's bytes, whole, each time it is called.
using RdbSource = std::function<Result<void>(const std::function<Result<void>(ByteView)>& consume)>;

// Reads a source to its end and checks that it is complete.
Result<void> read_records(const RdbSource& source, const rdb::RecordConsumer& consume);

}  // namespace summit::redis
