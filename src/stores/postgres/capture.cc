#include "stores/postgres/capture.h"

#include <algorithm>
#include <atomic>
#include <set>

#include "core/ordered_output.h"
#include "core/task_group.h"
#include "formats/pgarchive/writer.h"
#include "stores/postgres/capture_plan.h"
#include "stores/postgres/dump_head.h"
#include "stores/postgres/kept_entries.h"
#include "stores/postgres/snapshot.h"
#include "stores/postgres/unit_reader.h"

namespace summit::postgres {

namespace {

// A stream of its own is worth its beginning from this size on.
constexpr uint64_t kStreamBytes = MiB;

// The pieces of all entries in order, as blocks of the archive.
class ArchiveAssembly {
 public:
  ArchiveAssembly(const CapturePlan& plan, const pgarchive::Contents& contents,
                  const pgarchive::CompressionChoice& compression, OrderedOutput<Piece>& pieces,
                  CaptureSink& sink)
      : plan_(plan),
        contents_(contents),
        compression_(compression),
        pieces_(pieces),
        sink_(sink),
        writer_([&sink](ByteView bytes) { return sink.write(bytes); }) {}

  const TableExtents& extents() const { return extents_; }

  Result<void> run(const Cancellation& cancellation) {
    RETURN_IF_ERROR(writer_.write_contents(contents_));
    for (const auto& source : plan_.sources) {
      if (!source.entry) break;
      RETURN_IF_ERROR(begin_stream(source));
      const auto& entry = contents_.entries[*source.entry];
      RETURN_IF_ERROR(entry.is("BLOBS") ? write_objects(source, entry, cancellation)
                                        : write_rows(source, entry, cancellation),
                      "while writing {}", source.name);
    }
    return {};
  }

 private:
  // Small sources share a stream; what follows a large one does not join it.
  Result<void> begin_stream(const Source& source) {
    const bool large = source.bytes >= kStreamBytes;
    const bool begins = large || after_large_;
    after_large_ = large;
    return begins ? sink_.begin_stream(source.name) : Result<void>();
  }

  Result<void> write_rows(const Source& source, const pgarchive::Entry& entry,
                          const Cancellation& cancellation) {
    const uint64_t offset = writer_.bytes();
    RETURN_IF_ERROR(writer_.begin_table(entry));
    RETURN_IF_ERROR(begin_data());
    RETURN_IF_ERROR(write_pieces(source, cancellation));
    RETURN_IF_ERROR(write_if_any(pgarchive::table_end(compression_, total_)));
    RETURN_IF_ERROR(writer_.end_table());
    const Extent extent{offset, writer_.bytes() - offset};
    if (extent.bytes >= kLeastExtent) extents_.emplace(entry.id, extent);
    return {};
  }

  Result<void> write_objects(const Source& source, const pgarchive::Entry& entry,
                             const Cancellation& cancellation) {
    RETURN_IF_ERROR(writer_.begin_large_objects(entry));
    RETURN_IF_ERROR(write_pieces(source, cancellation));
    return writer_.end_large_objects();
  }

  Result<void> write_pieces(const Source& source, const Cancellation& cancellation) {
    for (size_t unit = source.first_unit; unit < source.first_unit + source.units; ++unit) {
      for (;;) {
        ASSIGN_OR_RETURN(auto piece, pieces_.take(unit, cancellation));
        if (!piece) break;
        RETURN_IF_ERROR(write(*piece));
        pieces_.give_back(std::move(piece->bytes));
      }
    }
    return {};
  }

  Result<void> write(const Piece& piece) {
    if (piece.begins_object) {
      RETURN_IF_ERROR(writer_.begin_large_object(piece.large_object));
      RETURN_IF_ERROR(begin_data());
    }
    total_ = pgarchive::combine(total_, piece.checksum);
    RETURN_IF_ERROR(write_if_any(piece.bytes));
    if (!piece.ends_object) return {};
    RETURN_IF_ERROR(write_if_any(pgarchive::large_object_end(compression_, total_)));
    return writer_.end_large_object();
  }

  Result<void> begin_data() {
    total_ = {};
    return write_if_any(pgarchive::stream_begin(compression_));
  }
  Result<void> write_if_any(const std::string& bytes) {
    return bytes.empty() ? Result<void>() : writer_.piece(as_bytes(bytes));
  }

  const CapturePlan& plan_;
  const pgarchive::Contents& contents_;
  const pgarchive::CompressionChoice& compression_;
  OrderedOutput<Piece>& pieces_;
  CaptureSink& sink_;
  pgarchive::ArchiveWriter writer_;
  pgarchive::PartChecksum total_;
  bool after_large_ = false;
  TableExtents extents_;
};

class Capture {
 public:
  Capture(const config::PostgresEndpoint& endpoint, const CaptureRequest& request, CaptureSink& sink,
          Phase* phase, const Cancellation& cancellation)
      : endpoint_(endpoint), request_(request), sink_(sink), phase_(phase), cancellation_(cancellation) {}

  Result<Captured> run() {
    TaskGroup group(cancellation_);
    ASSIGN_OR_RETURN(auto connection, join(group.cancellation()));
    ASSIGN_OR_RETURN(tables_, tables_to_lock(connection));
    RETURN_IF_ERROR(lock(connection));
    RETURN_IF_ERROR(read_head(connection), "while reading the definitions of {}", request_.database);
    ASSIGN_OR_RETURN(plan_, plan_capture(connection, contents_, request_.inventory, request_.selection));
    if (phase_) phase_->set_total(plan_.bytes());
    read_.resize(plan_.units.size());
    RETURN_IF_ERROR(read_and_write(group, connection));
    return result();
  }

 private:
  Result<Connection> join(const Cancellation& cancellation);
  Result<void> lock(Connection& connection);
  Result<Connection> another_reader(const Cancellation& cancellation);
  Result<void> read_head(Connection& connection);
  Result<void> read_and_write(TaskGroup& group, Connection& first);
  Result<void> read_units(const std::vector<size_t>& units, std::atomic<size_t>& next, Connection& connection,
                          OrderedOutput<Piece>& output, const Cancellation& cancellation);
  Result<std::set<size_t>> counted_with_compressed() const;
  Result<Captured> result();

  const config::PostgresEndpoint& endpoint_;
  const CaptureRequest& request_;
  CaptureSink& sink_;
  Phase* phase_;
  const Cancellation& cancellation_;
  std::vector<RelationName> tables_;
  pgarchive::Contents contents_;
  std::vector<RelationName> kept_for_others_;
  CapturePlan plan_;
  std::atomic<size_t> refused_{0};
  std::vector<UnitRead> read_;  // by unit; each is written by one thread
  TableExtents extents_;
};

Result<Connection> Capture::join(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, Snapshot::join(endpoint_, request_.database, request_.snapshot,
                                                   cancellation, true, request_.lock_timeout));
  // Rows come in the order of their pages, from this process alone: equal data give equal bytes, and the
  // server is asked for no more processes than there are jobs.
  RETURN_IF_ERROR(connection.execute(
      "SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0; "
      "SET LOCAL jit = off; SET LOCAL enable_tidscan = on"));
  // Of compressed chunks COPY reads what the heap holds, and a query all rows, whatever is set for the
  // database, by an in-place restore that failed too.
  RETURN_IF_ERROR(connection.execute(R"sql(
      SELECT pg_catalog.set_config(s.name, wanted.value, true)
      FROM pg_catalog.pg_settings s
      JOIN (VALUES ('timescaledb.enable_transparent_decompression', 'on'),
                   ('timescaledb.hypercore_copy_to_behavior', 'no_compressed_data'),
                   ('timescaledb.restoring', 'off')) wanted (name, value)
        ON wanted.name = s.name AND wanted.value <> s.setting)sql"));
  return connection;
}

// All at once: a schema change that begins to wait for the snapshot's locks blocks whoever comes after it.
Result<void> Capture::lock(Connection& connection) {
  auto locked = lock_tables(connection, tables_);
  if (!locked.ok() && locked.error().code() == Code::kNotFound) {
    return Error(Code::kBusy, "a table was dropped after the snapshot had been taken: {}",
                 locked.error().message())
        .hint("run the backup when no schema change is under way");
  }
  RETURN_IF_ERROR(std::move(locked), "while locking the tables of {}", request_.database);
  return {};
}

// kBusy when the server has no room for one more, or when a schema change has begun to wait meanwhile. The
// first reader can do all the work.
Result<Connection> Capture::another_reader(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, join(cancellation));
  RETURN_IF_ERROR(lock(connection));
  return connection;
}

Result<void> Capture::read_head(Connection& connection) {
  ASSIGN_OR_RETURN(const auto pg_dump, find_tool(endpoint_, "pg_dump", connection.server_version() / 10000));
  ASSIGN_OR_RETURN(contents_, dump_head(endpoint_, pg_dump, connection, request_.snapshot,
                                        request_.lock_timeout, cancellation_));
  if (request_.selection) kept_for_others_ = keep_entries(contents_, *request_.selection);
  put_timescale_catalogs_first(contents_);
  contents_.compression = request_.compression.algorithm;
  return {};
}

// `first` is the connection of one of the readers.
Result<void> Capture::read_and_write(TaskGroup& group, Connection& first) {
  std::vector<size_t> plain;
  std::vector<size_t> selected;
  for (size_t i = 0; i < plan_.units.size(); ++i)
    (plan_.sources[plan_.units[i].source].through_selection ? selected : plain).push_back(i);
  // Each list is read in its order and has readers of its own, so the unit that is next is never waiting for
  // a reader that waits for it.
  std::atomic<size_t> next_plain{0};
  std::atomic<size_t> next_selected{0};
  OrderedOutput<Piece> output(plan_.units.size(), request_.buffer_bytes);
  ArchiveAssembly assembly(plan_, contents_, request_.compression, output, sink_);

  group.spawn([&] { return read_units(plain, next_plain, first, output, group.cancellation()); });
  const size_t readers = std::clamp<size_t>(plain.size(), 1, std::max<size_t>(request_.jobs, 1));
  for (size_t i = 1; i < readers; ++i) {
    group.spawn([&]() -> Result<void> {
      auto connection = another_reader(group.cancellation());
      if (!connection.ok() && connection.error().code() == Code::kBusy) {
        ++refused_;
        return {};
      }
      if (!connection.ok()) return std::move(connection).error();
      return read_units(plain, next_plain, *connection, output, group.cancellation());
    });
  }
  if (!selected.empty()) {
    group.spawn([&]() -> Result<void> {
      return read_units(selected, next_selected, request_.selection->connection(), output,
                        group.cancellation());
    });
  }
  group.spawn([&] { return assembly.run(group.cancellation()); });
  RETURN_IF_ERROR(group.join());
  extents_ = assembly.extents();
  return {};
}

Result<void> Capture::read_units(const std::vector<size_t>& units, std::atomic<size_t>& next,
                                 Connection& connection, OrderedOutput<Piece>& output,
                                 const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto reader, UnitReader::create(request_.compression));
  for (size_t i = next++; i < units.size(); i = next++) {
    RETURN_IF_ERROR(cancellation.check());
    const size_t unit = units[i];
    const Source& source = plan_.sources[plan_.units[unit].source];
    UnitReader::Give give;
    if (source.entry) give = [&](Piece piece) { return output.put(unit, std::move(piece), cancellation); };
    ASSIGN_OR_RETURN(read_[unit], reader->read(connection, source, plan_.units[unit], give),
                     "while reading {}", source.name);
    output.end(unit);
    if (phase_) phase_->advance(plan_.units[unit].bytes);
  }
  return {};
}

// The sources of heaps whose rows were read with the compressed ones too, and must not count twice.
Result<std::set<size_t>> Capture::counted_with_compressed() const {
  std::set<size_t> counted;
  for (size_t i = 0; i < plan_.units.size(); ++i) {
    const Source& source = plan_.sources[plan_.units[i].source];
    const uint64_t in_heap = source.heap ? read_[plan_.sources[*source.heap].first_unit].elements : 0;
    const uint64_t least = source.heap ? read_[i].compressed : source.expected.value_or(read_[i].elements);
    if (read_[i].elements == least) continue;
    if (source.heap && read_[i].elements == least + in_heap) {
      counted.insert(*source.heap);
      continue;
    }
    return Error(Code::kBusy,
                 "chunk {} was compressed or decompressed while it was read: {} rows instead of {}",
                 source.name, read_[i].elements, least + in_heap)
        .hint("run the backup when no compression policy is at work on this chunk");
  }
  return counted;
}

Result<Captured> Capture::result() {
  ASSIGN_OR_RETURN(const auto counted, counted_with_compressed());
  Captured captured;
  std::map<const Table*, SetHash> tables;
  SetHash large_objects;
  for (size_t i = 0; i < plan_.units.size(); ++i) {
    const Source& source = plan_.sources[plan_.units[i].source];
    if (source.table && !counted.contains(plan_.units[i].source)) tables[source.table].merge(read_[i].hash);
    if (!source.objects.empty()) large_objects.merge(read_[i].hash);
    if (source.entry && !source.relation.name.empty()) captured.rows[source.relation] += read_[i].elements;
  }
  const auto& scope = request_.scope;
  for (const auto& table : request_.inventory.tables) {
    const auto rows = tables.find(&table);
    if (rows != tables.end()) captured.fingerprints.push_back(table_fingerprint(table, scope, rows->second));
  }
  captured.fingerprints.push_back(large_objects_fingerprint(scope, large_objects));
  ASSIGN_OR_RETURN(auto sequences, fingerprint_sequences(contents_, scope));
  captured.fingerprints.insert(captured.fingerprints.end(), sequences.begin(), sequences.end());
  captured.extents = std::move(extents_);
  captured.notes = std::move(plan_.notes);
  captured.refused_connections = refused_;
  captured.contents = std::move(contents_);
  captured.kept_for_others = std::move(kept_for_others_);
  return captured;
}

}  // namespace

Result<Captured> capture_database(const config::PostgresEndpoint& endpoint, const CaptureRequest& request,
                                  CaptureSink& sink, Phase* phase, const Cancellation& cancellation) {
  return Capture(endpoint, request, sink, phase, cancellation).run();
}

}  // namespace summit::postgres
