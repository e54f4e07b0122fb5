// The bodies of log records as CBOR. Format: docs/formats/repository.md, "The log".
#pragma once

#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "repository/packed/events.h"

namespace summit::repository::packed {

std::string to_cbor(const RecordBody& body);
// kCorrupt, saying which field, when it is no such body. Bounded depth whatever the bytes are.
Result<RecordBody> record_body_from_cbor(ByteView bytes);

}  // namespace summit::repository::packed
