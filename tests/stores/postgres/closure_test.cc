// The closure of an owner's rows, against brute force on random databases.
#include "stores/postgres/closure.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/select_rows.h"
#include "stores/postgres/sql.h"
#include "tests/stores/postgres/helper/row_model.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

// Rows as text, "3: id=7 Ref 12=NULL", by table.
using RowTexts = std::map<std::string, std::vector<std::string>>;

std::string text_of(const std::string& number,
                    const std::vector<std::pair<std::string, ModelValue>>& values) {
  std::string text = number + ":";
  for (const auto& [name, value] : values)
    text += fmt::format(" {}={}", name, value ? quote_literal(*value) : "NULL");
  return text;
}

RowTexts expected_rows(const RowModel& model, const ModelClosure& closure) {
  RowTexts texts;
  for (size_t t = 0; t < model.tables().size(); ++t) {
    const auto& table = model.tables()[t];
    auto& rows = texts[table.display()];
    for (const size_t r : closure.taken[t]) {
      std::vector<std::pair<std::string, ModelValue>> values;
      for (const auto& column : table.columns) {
        const auto emptied = closure.emptied[t].find(r);
        const bool empty = emptied != closure.emptied[t].end() && emptied->second.contains(column.name);
        values.emplace_back(column.name, empty ? ModelValue() : table.rows[r].at(column.name));
      }
      rows.push_back(text_of(std::to_string(r), values));
    }
    std::sort(rows.begin(), rows.end());
  }
  return texts;
}

class ClosureTest : public PostgresTest {
 protected:
  // What a capture would read of a table.
  std::vector<std::string> selected_rows(RowSelection& selection, const ModelTable& table) {
    std::vector<RelationName> parts{{table.schema, table.name}};
    if (table.partitioned)
      parts = {{table.schema, table.name + " part 0"}, {table.schema, table.name + " part 1"}};
    std::vector<std::string> texts;
    for (const auto& part : parts) {
      const auto rows = selection.rows_of(part);
      if (rows.take == TableRows::Take::kNothing) continue;
      const auto from = rows.take == TableRows::Take::kSome ? rows.from : "FROM ONLY " + part.quoted();
      std::string columns = "number";
      for (const auto& column : table.columns) {
        const auto quoted = quote_identifier(column.name);
        const auto replaced = rows.replaced.find(quoted);
        columns += ", " + (replaced == rows.replaced.end() ? quoted : replaced->second);
      }
      auto read = expect_ok(selection.connection().query("SELECT " + columns + " " + from), from.c_str());
      for (size_t i = 0; i < read.size(); ++i) {
        std::vector<std::pair<std::string, ModelValue>> values;
        for (size_t c = 0; c < table.columns.size(); ++c)
          values.emplace_back(table.columns[c].name,
                              read.is_null(i, c + 1) ? ModelValue() : ModelValue(read.string(i, c + 1)));
        texts.push_back(text_of(read.string(i, 0), values));
      }
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  void make(const RowModel& model) {
    snapshot_.reset();
    std::string script =
        "DROP SCHEMA IF EXISTS public CASCADE; DROP SCHEMA IF EXISTS \"Other Schema\" CASCADE; "
        "CREATE SCHEMA public; CREATE SCHEMA \"Other Schema\";";
    for (const auto& statement : model.statements()) script += statement + ";\n";
    expect_ok(connection_->execute(script), script.c_str());
  }

  Result<SelectedRows> select(const config::RowSpec& spec, const std::string& id,
                              const std::string& filter = "tenant") {
    snapshot_.emplace(expect_ok(Snapshot::open(endpoint(), "summit")));
    expect_ok(snapshot_->take());
    return select_rows({endpoint(), "summit", snapshot_->id()}, {filter, id, {}, spec});
  }

  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    connection_.emplace(connect("summit"));
  }

  std::optional<Connection> connection_;
  std::optional<Snapshot> snapshot_;
};

TEST_F(ClosureTest, TakesExactlyTheClosureOfRandomDatabases) {
  constexpr uint64_t kCases = 60;
  size_t refused = 0;
  size_t emptied = 0;
  size_t left = 0;
  size_t foreign_rows_left_out = 0;
  for (uint64_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const RowModel model(seed);
    const auto expected = model.closure();
    make(model);
    auto selected = select(model.spec(), model.owner());
    if (expected.refused) {
      ++refused;
      ASSERT_FALSE(selected.ok());
      EXPECT_EQ(selected.error().code(), Code::kRefused) << selected.error().to_string();
      continue;
    }
    ASSERT_TRUE(selected.ok()) << selected.error().to_string();
    EXPECT_EQ(selected->owned_rows, expected.owned);
    std::map<std::string, uint64_t> leaving;
    for (const auto& one : selected->leaving) leaving[one.name] = one.rows;
    EXPECT_EQ(leaving, expected.leaving);

    const auto texts = expected_rows(model, expected);
    for (size_t t = 0; t < model.tables().size(); ++t) {
      const auto& table = model.tables()[t];
      EXPECT_EQ(selected_rows(*selected->selection, table), texts.at(table.display())) << table.display();
      foreign_rows_left_out += table.rows.size() - expected.taken[t].size();
      for (const auto& [row, columns] : expected.emptied[t]) emptied += columns.size();
    }
    left += leaving.size();
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(refused, 3U) << "the cases hardly test what is refused";
  EXPECT_GT(emptied, 3U);
  EXPECT_GT(left, 10U);
  EXPECT_GT(foreign_rows_left_out, 100U);
}

}  // namespace
}  // namespace summit::postgres
