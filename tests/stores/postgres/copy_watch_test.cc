#include "stores/postgres/copy_watch.h"

#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

class CopyWatchTest : public PostgresTest {
 protected:
  CopyWatch::Open open() {
    return [this] { return Connection::open(endpoint(), "postgres"); };
  }
};

TEST_F(CopyWatchTest, KnowsWhetherACopyIsOpen) {
  auto connection = connect("postgres");
  const auto process = expect_ok(CopyWatch::process_of(connection));
  CopyWatch watch(open());
  EXPECT_FALSE(watch.goes_on(process));
  expect_ok(connection.execute("CREATE TEMPORARY TABLE t (id integer)"));
  expect_ok(connection.begin_copy("COPY t FROM stdin"));
  EXPECT_TRUE(watch.goes_on(process));
  EXPECT_EQ(expect_ok(connection.end_copy()), 0u);
  EXPECT_FALSE(watch.goes_on(process));
}

// What cannot be found out is no reason to end a load.
TEST_F(CopyWatchTest, ThatTheServerHasNoRoomForSaysThatTheCopyGoesOn) {
  int opened = 0;
  CopyWatch watch([&]() -> Result<Connection> {
    ++opened;
    return Error(Code::kBusy, "no room");
  });
  EXPECT_TRUE(watch.goes_on("1"));
  EXPECT_TRUE(watch.goes_on("1"));
  EXPECT_EQ(opened, 1);
  CopyWatch other([&] { return Connection::open(endpoint(), "postgres"); });
  EXPECT_FALSE(other.goes_on("1")) << "no process of the server has this number";
}

}  // namespace
}  // namespace summit::postgres
