#include "stores/neo4j/kept_rows.h"

namespace summit::neo4j {

Result<void> KeptRows::keep(bolt::Cursor row) {
  ByteView encoded;
  if (!row.raw(encoded)) return row.error("row");
  bytes += as_text(encoded);
  return {};
}

Result<void> KeptRows::give(const BoltConnection::RowConsumer& consume) const {
  bolt::Cursor kept(as_bytes(bytes));
  while (!kept.at_end()) {
    ByteView row;
    if (!kept.raw(row)) return kept.error("row");
    RETURN_IF_ERROR(consume(bolt::Cursor(row)));
  }
  return {};
}

}  // namespace summit::neo4j
