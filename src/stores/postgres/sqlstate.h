// What the five characters of an SQLSTATE mean to the person who has to mend it.
#pragma once

#include <string>
#include <string_view>

#include "config/endpoint.h"
#include "core/error.h"

namespace summit::postgres {

// `message` is the server's own; `where` is Connection::where() or an address.
Error sqlstate_error(std::string_view sqlstate, std::string_view message, const std::string& where);

// Whether it was made by sqlstate_error() of this state, wherever it has been since.
bool has_sqlstate(const Error& error, std::string_view sqlstate);
// Whether its first two characters are these: "22" for what is wrong with data.
bool has_sqlstate_class(const Error& error, std::string_view sqlstate_class);

// sqlstate_error() for a failed attempt to connect, whose SQLSTATE is empty when no server spoke.
Error connect_error(std::string_view sqlstate, std::string_view message,
                    const config::PostgresEndpoint& endpoint, const std::string& database);

// The error of a client program (pg_dump, pg_restore), its code read from what it printed. It prints no
// SQLSTATE.
Error tool_error(Error error);

}  // namespace summit::postgres
