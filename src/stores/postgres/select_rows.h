// The ways to choose a part of a database (row_selection.h).
//
//   core     tables that are named, whole, with the tables that their foreign keys need; the definitions of
//            other tables are left out
//   owner    the rows of one owner, a tenant or a project, with everything they refer to (closure.h); all
//            definitions stay
//
// A component may have several databases, and the names of its configuration need only be in one of them:
// select from each, then check_selected() over all.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "config/selection.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/postgres/closure.h"
#include "stores/postgres/row_selection.h"

namespace summit::postgres {

struct SelectionSource {
  const config::PostgresEndpoint& endpoint;
  std::string database;
  std::string snapshot;  // exported, and held by the caller until the selection has been made
  Cancellation cancellation{};
};

struct SelectedRows {
  std::unique_ptr<RowSelection> selection;
  std::vector<LeavingReference> leaving;
  std::vector<std::string> notes;  // for the metadata
  uint64_t owned_rows = 0;         // of an owner

  // What check_selected() needs: names that the database does not have, and the error should no database
  // have the owner.
  std::map<std::string, Error> missing;
  std::vector<Error> unknown_owner;
};

// `filter` is "core", "tenant" or "project"; `id` is the owner's. Besides the errors of the server: kConfig,
// kUsage and kRefused as closure.h and selection_rules.h say, kUnsupported for a standby, which cannot hold
// the temporary tables of an owner, kDenied without the right to create them.
struct SelectionRequest {
  std::string filter;
  std::string id;
  std::vector<config::Named> tables;  // of the filter core
  const config::RowSpec& rows;
};
Result<SelectedRows> select_rows(const SelectionSource& source, const SelectionRequest& request);

// kConfig for a name that no database has, kNotFound for an owner that has no row in any.
Result<void> check_selected(const std::vector<const SelectedRows*>& selected);

}  // namespace summit::postgres
