#include "stores/postgres/copy_watch.h"

namespace summit::postgres {

Result<std::string> CopyWatch::process_of(Connection& connection) {
  return connection.scalar("SELECT pg_catalog.pg_backend_pid()");
}

bool CopyWatch::goes_on(const std::string& process) {
  const std::lock_guard lock(mutex_);
  if (gave_up_) return true;
  const auto known = ask(process);
  gave_up_ = !known.ok();
  return !known.ok() || *known;
}

Result<bool> CopyWatch::ask(const std::string& process) {
  if (!connection_) {
    ASSIGN_OR_RETURN(connection_, open_());
  }
  ASSIGN_OR_RETURN(const auto known, connection_->query(R"sql(
      SELECT NOT pg_catalog.current_setting('track_activities')::pg_catalog.bool OR
             EXISTS (SELECT FROM pg_catalog.pg_stat_progress_copy WHERE pid = $1::pg_catalog.int4))sql",
                                                        {process}));
  return known.truth(0, 0);
}

}  // namespace summit::postgres
