#include <vector>

#include "recovery/leak/leak_scan.h"
#include "recovery/leak/leak_words.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/graph_export.h"
#include "stores/neo4j/graph_file.h"

namespace summit::recovery {
namespace {

using bolt::Cursor;
using bolt::Type;

class GraphSearch final : public neo4j::GraphVisitor {
 public:
  explicit GraphSearch(const LeakScan& scan) : scan_(scan), search_(scan.table) {}

  Result<void> facts(neo4j::GraphRecord, const neo4j::Value::Map& facts) override {
    for (const auto& [name, value] : facts)
      report_text(search_, scan_.report, neo4j::to_text(value), "neo4j: indexes and constraints");
    return {};
  }

  Result<void> node(int64_t, ByteView labels, ByteView properties) override {
    owners_.clear();
    Cursor cursor(labels);
    uint32_t count = 0;
    std::string_view label;
    if (!cursor.list(count)) return cursor.error("a list of labels");
    for (uint32_t i = 0; i < count; ++i) {
      if (!cursor.text(label)) return cursor.error("a label");
      report_text(search_, scan_.report, label, "neo4j: a label");
      owners_.emplace_back(label);
    }
    return element(properties);
  }

  Result<void> relationship(int64_t, int64_t, int64_t, std::string_view type, ByteView properties) override {
    report_text(search_, scan_.report, type, "neo4j: a type of relationships");
    owners_.assign(1, std::string(type));
    return element(properties);
  }

 private:
  Result<void> element(ByteView properties) {
    RETURN_IF_ERROR(scan_.cancellation.check());
    scan_.report.searched("neo4j", {.elements = 1, .bytes = properties.size()});
    Cursor cursor(properties);
    uint32_t count = 0;
    if (!cursor.map(count)) return cursor.error("a map of properties");
    std::string_view name;
    for (uint32_t i = 0; i < count; ++i) {
      if (!cursor.text(name)) return cursor.error("the name of a property");
      const bool tells = report_text(search_, scan_.report, name, "neo4j: the name of a property");
      place_ = fmt::format("neo4j:{}.{}", owners_.empty() ? "" : owners_.front(), tells ? "…" : name);
      property_ = name;
      RETURN_IF_ERROR(value(cursor));
    }
    return {};
  }

  Result<void> value(Cursor& cursor) {
    switch (cursor.type()) {
      case Type::kText: {
        std::string_view text;
        if (!cursor.text(text)) return cursor.error("a text");
        look_at(text, false);
        return {};
      }
      case Type::kBytes: {
        ByteView bytes;
        if (!cursor.bytes(bytes)) return cursor.error("bytes");
        look_at(as_text(bytes), false);
        return {};
      }
      case Type::kInteger: {
        int64_t number = 0;
        if (!cursor.integer(number)) return cursor.error("an integer");
        look_at(std::to_string(number), true);
        return {};
      }
      case Type::kList: {
        uint32_t count = 0;
        if (!cursor.list(count)) return cursor.error("a list");
        for (uint32_t i = 0; i < count; ++i) RETURN_IF_ERROR(value(cursor));
        return {};
      }
      default:
        // Booleans, floating points, times and places hold no text.
        if (!cursor.skip()) return cursor.error("a value");
        return {};
    }
  }

  void look_at(std::string_view text, bool is_number) {
    if (report_text(search_, scan_.report, text, place_, is_number)) return;
    for (const auto& owner : owners_) {
      const auto number = scan_.table.place_number(fmt::format("neo4j:{}.{}", owner, property_));
      report_own(search_, scan_.report, number, text, place_);
    }
  }

  const LeakScan& scan_;
  masking::TextSearch search_;
  std::vector<std::string> owners_;  // labels, or the type
  std::string property_;
  std::string place_;
};

}  // namespace

Result<void> search_neo4j(const config::Neo4jEndpoint& endpoint, const LeakScan& scan) {
  ASSIGN_OR_RETURN(auto connections, neo4j::BoltConnection::open_several(neo4j::kExportConnections, endpoint,
                                                                         scan.cancellation));
  neo4j::GraphExportOptions options;
  options.consistency = neo4j::Consistency::kReadCommitted;
  options.scratch = scan.workspace;
  GraphSearch search(scan);
  neo4j::GraphReader reader(search);
  ASSIGN_OR_RETURN([[maybe_unused]] const auto read,
                   neo4j::export_graph(
                       connections, options, [&reader](ByteView block) { return reader.write(block); },
                       scan.reporter, scan.cancellation),
                   "while searching the graph");
  return reader.finish();
}

}  // namespace summit::recovery
