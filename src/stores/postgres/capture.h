// Captures one database as a stream: a genuine pg_dump archive, made by parallel COPY in one snapshot, with
// the fingerprints of its rows computed in the same pass.
//
// The table of contents is pg_dump's own: it is started in the same snapshot, its output is read up to the
// end of the table of contents, which it writes before any data, and it is ended there. Every definition,
// order, dependency, sequence value and COPY column list is therefore what the stock tool says.
//
// The data are cut into units (a table, or a range of its pages), read by `jobs` connections at once and
// written in order. The unit that is next in order streams through; those after it wait in bounded buffers,
// so one huge table keeps all connections busy and memory has a limit whatever the data look like.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/fingerprint.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/compressor.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/archive_source.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/fingerprint.h"
#include "stores/postgres/row_selection.h"

namespace summit::postgres {

struct CaptureRequest {
  std::string database;
  std::string snapshot;  // exported, and held by the caller until the capture has ended
  const Inventory& inventory;
  FingerprintScope scope;
  pgarchive::CompressionChoice compression;
  size_t jobs = 2;                    // connections
  RowSelection* selection = nullptr;  // null: everything
  uint64_t buffer_bytes = 64 * MiB;   // for all units that wait for their turn
  std::chrono::milliseconds lock_timeout = kLockPatience;
};

struct Captured {
  pgarchive::Contents contents;
  std::vector<Fingerprint>
      fingerprints;  // tables, sequences, large objects, materialized views; not the schema
  std::map<RelationName, uint64_t> rows;  // written per relation
  TableExtents extents;                   // of the archive's tables of kLeastExtent and more
  std::vector<std::string> notes;         // what is not as at the source, one sentence each
  // Of those asked for; the others did their work, in longer time.
  size_t refused_connections = 0;
  std::vector<RelationName>
      kept_for_others;  // definitions that the selection did not ask for (kept_entries.h)
};

// Where the archive goes. Called by one thread at a time.
class CaptureSink {
 public:
  virtual ~CaptureSink() = default;
  virtual Result<void> write(ByteView bytes) = 0;
  // What follows is the data of another table, or of several small ones (less than 1 MiB each): in a
  // deduplicating repository a stream of its own.
  virtual Result<void> begin_stream(const std::string& name) = 0;
};

// Whether a capture of a server of this version (160015) is possible: kMissingTool or kUnsupported with a
// hint. Gives the versions to record
// ("pg_dump": "16.15").
Result<std::map<std::string, std::string>> check_capture(const config::PostgresEndpoint& endpoint,
                                                         int server_version);

// What the pg_restore at hand reads fastest: zstd, or gzip where it was built without.
Result<pgarchive::CompressionChoice> choose_compression(const config::PostgresEndpoint& endpoint,
                                                        int server_version);

Result<Captured> capture_database(const config::PostgresEndpoint& endpoint, const CaptureRequest& request,
                                  CaptureSink& sink, Phase* phase, const Cancellation& cancellation);

}  // namespace summit::postgres
