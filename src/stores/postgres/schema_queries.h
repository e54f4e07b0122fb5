// The catalog queries behind schema_facts.h.
#pragma once

#include <span>
#include <string_view>

namespace summit::postgres {

struct SchemaQuery {
  std::string_view group;  // queries of one group stand together
  std::string_view sql;    // after the common table expressions of schema_facts.cc
  bool needs_timescale = false;
};

std::span<const SchemaQuery> schema_queries();

}  // namespace summit::postgres
