// Which columns of a table can be loaded in binary form.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/binary_rows.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// For the rows that `copy` ("COPY public.users (id, name) FROM stdin") takes over this connection; nothing
// when they have to go in as text: for a column of a type that is not known, or an encoding in which bytes of
// ASCII are parts of characters.
Result<std::optional<BinaryRows>> binary_rows_for(Connection& connection, const std::string& copy);

}  // namespace summit::postgres
