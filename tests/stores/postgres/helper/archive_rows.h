// The rows of an archive, as our parser gives them.
#pragma once

#include <map>
#include <string>

#include "formats/pgarchive/parser.h"
#include "stores/postgres/row_hasher.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {

class ArchiveRows final : public pgarchive::Consumer {
 public:
  static ArchiveRows of(const fs::path& archive) {
    ArchiveRows rows;
    pgarchive::Parser parser(rows);
    const auto bytes = expect_ok(read_file(archive, GiB));
    expect_ok(parser.feed(as_bytes(bytes)));
    expect_ok(parser.finish());
    return rows;
  }

  // "1\tone\n2\ttwo\n"
  const std::string& table(const std::string& name) const { return tables_.at(name); }
  bool has_table(const std::string& name) const { return tables_.contains(name); }
  const std::map<uint32_t, std::string>& large_objects() const { return large_objects_; }

  // Of the rows of a table whose columns are `columns`.
  Fingerprint fingerprint(const Table& described) const {
    RowHasher hasher(stored_columns(described.columns));
    hasher.add(as_bytes(table(described.name.display())));
    return table_fingerprint(described, {"postgresql", ""}, hasher.hash());
  }

  Result<void> on_contents(const pgarchive::Contents&) override { return {}; }
  Result<void> on_table_begin(const pgarchive::Entry& entry) override {
    open_ = &tables_[RelationName{*entry.schema, *entry.tag}.display()];
    return {};
  }
  Result<void> on_rows(ByteView bytes) override {
    *open_ += as_text(bytes);
    return {};
  }
  Result<void> on_table_end() override { return {}; }
  Result<void> on_large_object_begin(const pgarchive::Entry&, uint32_t oid) override {
    open_ = &large_objects_[oid];
    return {};
  }
  Result<void> on_large_object(ByteView bytes) override { return on_rows(bytes); }
  Result<void> on_large_object_end() override { return {}; }

 private:
  std::map<std::string, std::string> tables_;
  std::map<uint32_t, std::string> large_objects_;
  std::string* open_ = nullptr;
};

}  // namespace summit::postgres
