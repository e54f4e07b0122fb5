// Decodes the value of a stream. Internal to formats/rdb; use value.h.
#pragma once

#include "core/result.h"
#include "formats/rdb/cursor.h"
#include "formats/rdb/value.h"

namespace summit::rdb {

Result<void> decode_stream(ValueType type, Cursor& cursor, ValueVisitor& visitor);

}  // namespace summit::rdb
