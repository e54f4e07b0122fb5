#include "backup/scope.h"

#include <gmock/gmock.h>

#include "formats/rdb/pattern.h"
#include "stores/files/glob.h"

namespace summit::backup {
namespace {

using testing::ElementsAre;

const Scope kScope{{"tenant_id", "acme"}};

TEST(Scope, ValuesStandWhereTheirNamesAre) {
  EXPECT_THAT(with_values({"*:{tenant_id}:*", "{tenant_id}{tenant_id}", "{project_id}", "plain"}, kScope),
              ElementsAre("*:acme:*", "acmeacme", "{project_id}", "plain"));
  EXPECT_EQ(owner_of("tenant", kScope), "acme");
  EXPECT_EQ(owner_of("core", kScope), "");
}

// An id that is a pattern would take the data of others.
TEST(Scope, NothingInAValueIsSpecial) {
  for (const std::string id : {"*", "**", "?", "[a-z]", ".", "..", "a\\", "{tenant_id}", "^", "!"}) {
    const Scope scope{{"tenant_id", id}};
    const auto pattern = with_values({"tenants/{tenant_id}/file"}, scope).front();
    const files::Glob glob(pattern);
    for (const std::string other :
         {"tenants/globex/file", "tenants/x/file", "tenants/file", "tenants/a/b/file"})
      EXPECT_FALSE(glob.matches(other)) << pattern << " takes " << other;
    const auto keys = with_values({"settings:{tenant_id}"}, scope).front();
    EXPECT_TRUE(rdb::matches_pattern(keys, "settings:" + id)) << keys;
    for (const std::string other : {"settings:globex", "settings:x", "settings:"})
      EXPECT_FALSE(rdb::matches_pattern(keys, other)) << keys << " takes " << other;
  }
  EXPECT_TRUE(
      files::Glob(with_values({"t/{tenant_id}.yaml"}, Scope{{"tenant_id", "o'neil & söhne [x]*"}}).front())
          .matches("t/o'neil & söhne [x]*.yaml"));
}

}  // namespace
}  // namespace summit::backup
