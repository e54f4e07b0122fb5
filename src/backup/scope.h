// Whose data a filtered backup takes: the values that its set requires, by name.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/backup_set.h"
#include "config/variables.h"
#include "core/result.h"

namespace summit::backup {

using Scope = std::map<std::string, std::string>;  // "tenant_id": "customer-acme"

// The values of `given` come before those of the variables. kUsage when one that the set requires is in
// neither.
Result<Scope> read_scope(const config::BackupSet& set, const config::Variables& variables,
                         const Scope& given = {});

// The value a filter goes by: that of tenant_id for the filter "tenant". Empty for other filters.
std::string owner_of(const std::string& filter, const Scope& scope);

// `patterns` with "{tenant_id}" and such replaced by the value, in which nothing is special. A slash
// stays one: see files_selection() for paths.
std::vector<std::string> with_values(const std::vector<std::string>& patterns, const Scope& scope);

}  // namespace summit::backup
