// Tables that exist to break careless programs, and the large objects.
#include <libpq-fe.h>

#include <algorithm>

#include "devtools/sample/copy_writer.h"
#include "devtools/sample/postgres_tables.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

// Per type the values at its edges; row i takes the i-th of each, round and round.
struct EdgeColumn {
  std::string_view name;
  std::vector<std::string> values;  // "\\N" stands for NULL
};

const std::vector<EdgeColumn>& edge_columns() {
  static const std::vector<EdgeColumn> columns{
      {"j", {"{\"b\":1,\"a\":2,\"a\":3}", " [ ] ", "null", "\"\\u20ac \\n\"", "1e3"}},
      {"b",
       {"{\"b\":1,\"a\":2}", "[]", "null", "\"€\"", "1e3", "{\"deep\":{\"deep\":{\"deep\":[[[]]]}}}",
        "12345678901234567890.10"}},
      {"ts", {"'it''s' 'a' 'word'", "", "fat:2A cat:5,7B"}},
      {"ta",
       {"{}", "{NULL,\"NULL\",\"\"}", "{{a,b},{c,d}}", "[2:3]={x,\"y z\"}", "{\"\\\"\",\"\\\\\",\"{}\"}"}},
      {"n",
       {"0", "0.000", "-0.10", "1e40", "123456789012345678901234567890.123456789", "NaN", "Infinity",
        "-Infinity", "\\N"}},
      {"r", {"0", "-0", "0.1", "5e-324", "1.7976931348623157e308", "NaN", "Infinity", "-Infinity"}},
      {"f", {"0", "0.1", "1e-45", "3.4028235e38", "NaN", "-Infinity"}},
      {"i8", {"0", "9223372036854775807", "-9223372036854775808", "\\N"}},
      {"i2", {"-32768", "32767", "\\N"}},
      {"d", {"2024-02-29", "4713-01-01 BC", "infinity", "-infinity", "5874897-12-31", "\\N"}},
      {"tm", {"00:00:00", "23:59:59.999999", "24:00:00"}},
      {"tz",
       {"1970-01-01 00:00:00+00", "294276-12-31 23:59:59.999999+00", "infinity", "2024-10-27 02:30:00+02",
        "0001-01-01 00:00:00+00 BC"}},
      {"iv", {"00:00:00", "-1 years -2 mons +3 days -04:05:06.000001", "178000000 years", "1 mon -30 days"}},
      {"m", {"0.00", "-1234567.89", "92233720368547758.07"}},
      {"o", {"0", "4294967295"}},
      {"ch", {"a", "", "\\377", "'"}},
      {"net", {"0.0.0.0/0", "10.0.0.0/8", "2001:db8::/32"}},
      {"box", {"(2,2),(1,1)", "(Infinity,1),(0,-1e100)"}},
      {"path", {"[(0,0),(1,1),(2,0)]", "((0,0),(1,1),(2,0))"}},
      {"q", {"empty", "(,)", "[1,10)", "\\N"}},
      {"mr", {"{}", "{[1,2),[5,7)}", "{(,)}"}},
      {"na", {"{1,NULL,3}", "{}", "{{{1,2},{3,4}}}", "\\N"}},
      {"nb", {"t", "f", "\\N"}},
  };
  return columns;
}

Result<void> fill_awkward_values(pg_conn* connection, const World& world) {
  const auto& texts = awkward_texts();
  std::string target = "awkward_values (id, t, v, c, x";
  for (const EdgeColumn& column : edge_columns()) target += fmt::format(", {}", column.name);
  return fill_table(connection, target + ")", 2 * texts.size(), [&](CopyRow& row, uint64_t id) {
    Random random = world.random("awkward", id);
    const std::string& text = texts[(id - 1) % texts.size()];
    row.number(id).text(text).text(text);
    id % 3 == 0 ? row.null() : row.text("pad" + std::to_string(id));
    // Every byte there is, in one of them.
    std::string all(256, '\0');
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i);
    id == 1 ? row.bytes(all) : id % 4 == 0 ? row.bytes("") : row.bytes(bytes(random, id));
    for (const EdgeColumn& column : edge_columns()) {
      const std::string& value = column.values[(id - 1) % column.values.size()];
      value == "\\N" ? row.null() : row.text(value);
    }
  });
}

Result<void> fill_case_notes(pg_conn* connection, const World& world) {
  const std::string_view target =
      R"("Case Files"."Case Notes" ("Note Id", "select", "It's ""quoted""", "Größe in m²", "columnnamethatisexactlysixtythreebyteslongandsomustnotbecutoff1"))";
  return fill_table(connection, target, world.scaled(100), [&](CopyRow& row, uint64_t id) {
    Random random = world.random("note", id);
    row.number(id)
        .text(some_text(random))
        .text(random.pick(awkward_texts()))
        .text(fmt::format("{}.{:02}", random.below(1000), random.below(100)));
    random.chance(0.3) ? row.null() : row.boolean(random.chance(0.5));
  });
}

Result<void> fill_imported_lines(pg_conn* connection, const World& world) {
  return fill_table(connection, "imported_lines (line, source)", world.scaled(300),
                    [&](CopyRow& row, uint64_t i) {
                      // Each line three times.
                      Random random = world.random("line", i / 3);
                      row.text(some_text(random));
                      random.chance(0.3) ? row.null() : row.text("import");
                    });
}

Result<void> fill_small_tables(pg_conn* connection, const World& world) {
  const uint64_t count = world.scaled(20);
  RETURN_IF_ERROR(fill_table(connection, R"("order" ("user", "Table", "order"))", count,
                             [](CopyRow& row, uint64_t i) { row.text("user").number(i).number(i * i); }));
  RETURN_IF_ERROR(fill_table(connection, "no_columns", 3, [](CopyRow&, uint64_t) {}));
  RETURN_IF_ERROR(fill_table(connection, "scratch_pad", count,
                             [](CopyRow& row, uint64_t i) { row.number(i).text("lost after a crash"); }));
  RETURN_IF_ERROR(fill_table(connection, "vehicles (id, plate)", count,
                             [](CopyRow& row, uint64_t i) { row.number(i).text(fmt::format("B-{}", i)); }));
  RETURN_IF_ERROR(
      fill_table(connection, "ships (id, plate, imo, tonnage)", count, [](CopyRow& row, uint64_t i) {
        row.number(i).null().number(9'000'000 + i).text(fmt::format("{}.50", i * 1000));
      }));
  return fill_table(connection, "reshaped (a, c, d)", count, [](CopyRow& row, uint64_t i) {
    row.number(i);
    i % 2 == 0 ? row.null() : row.number(i * 2);
    row.text(fmt::format("{}", i));
  });
}

Result<void> write_large_object(PGconn* connection, Oid oid, const std::string& content) {
  if (lo_create(connection, oid) != oid)
    return Error(Code::kFailed, "cannot create large object {}: {}", oid, PQerrorMessage(connection));
  const int descriptor = lo_open(connection, oid, 0x20000);  // INV_WRITE
  const bool written = descriptor >= 0 && lo_write(connection, descriptor, content.data(), content.size()) ==
                                              static_cast<int>(content.size());
  if (!written || lo_close(connection, descriptor) != 0)
    return Error(Code::kFailed, "cannot write large object {}: {}", oid, PQerrorMessage(connection));
  return {};
}

Result<void> command(PGconn* connection, const std::string& sql) {
  PGresult* result = PQexec(connection, sql.c_str());
  const bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return ok ? Result<void>() : Error(Code::kFailed, "{}: {}", sql, PQerrorMessage(connection));
}

}  // namespace

Result<void> fill_awkward_tables(pg_conn* connection, const World& world) {
  for (const auto fill : {fill_awkward_values, fill_case_notes, fill_imported_lines, fill_small_tables})
    RETURN_IF_ERROR(fill(connection, world));
  return {};
}

Result<void> fill_large_objects(pg_conn* connection, const World& world) {
  constexpr Oid kFirst = 500000;
  // Around the size of a page of a large object, and well above.
  const std::vector<size_t> sizes{0, 1, 2047, 2048, 2049, 70000, 300000};
  const uint64_t count = std::max<uint64_t>(sizes.size(), world.scaled(14));
  // They live in transactions.
  RETURN_IF_ERROR(command(connection, "BEGIN"));
  for (uint64_t i = 0; i < count; ++i) {
    Random random = world.random("large object", i);
    RETURN_IF_ERROR(
        write_large_object(connection, static_cast<Oid>(kFirst + i), bytes(random, sizes[i % sizes.size()])));
  }
  RETURN_IF_ERROR(fill_table(connection, "attachments (id, investigation_id, file_name, content)", count,
                             [&](CopyRow& row, uint64_t i) {
                               row.number(i)
                                   .text(world.investigation_id(1 + i % world.investigations()))
                                   .text(fmt::format("attachment {}.bin", i))
                                   .number(kFirst + i - 1);
                             }));
  RETURN_IF_ERROR(command(connection, fmt::format("COMMENT ON LARGE OBJECT {} IS 'an empty one'", kFirst)));
  return command(connection, "COMMIT");
}

}  // namespace summit::sample
