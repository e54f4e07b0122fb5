// A database that is hard to carry over: one of every kind of object and value that a dump can get wrong.
#pragma once

#include <string>
#include <string_view>

namespace summit::postgres {

// Needs an empty database on a server with vector and timescaledb, and the roles of awkward_roles().
std::string_view awkward_schema();
std::string_view awkward_rows();

// The same of PostgreSQL alone, for servers without those extensions.
std::string plain_awkward_schema();
std::string plain_awkward_rows();

// Roles that own objects and hold grants.
std::string_view awkward_roles();

}  // namespace summit::postgres
