#include "tests/storage/testing/fault_injector.h"

#include <gtest/gtest.h>

#include "tests/storage/testing/memory_store.h"

namespace summit::storage {
namespace {

using Keys = std::vector<std::string>;

class FaultInjectorTest : public testing::Test {
 protected:
  Keys keys() {
    Keys found;
    const auto keep = [&](const ObjectInfo& info) -> Result<bool> {
      found.push_back(info.key);
      return true;
    };
    EXPECT_TRUE(store_.list("", "", keep).ok());
    return found;
  }

  MemoryStore behind_;
  FaultInjector store_{behind_};
};

TEST_F(FaultInjectorTest, TheNthCallFailsAndNothingHappened) {
  store_.set_rule(fail_call(2, Fault::kFailBefore));
  EXPECT_TRUE(store_.put("a", as_bytes("x")).ok());
  EXPECT_EQ(store_.put("b", as_bytes("x")).error().code(), Code::kUnreachable);
  EXPECT_TRUE(store_.put("c", as_bytes("x")).ok());
  EXPECT_EQ(keys(), (Keys{"a", "c"}));
  EXPECT_EQ(store_.mutations().size(), 2u);
}

TEST_F(FaultInjectorTest, ACallMayFailAfterItWasDone) {
  store_.set_rule(fail_mutation(1, Fault::kFailAfter));
  EXPECT_EQ(store_.put("a", as_bytes("x")).error().code(), Code::kTimeout);
  EXPECT_EQ(keys(), Keys{"a"});
  EXPECT_EQ(store_.mutations().size(), 1u);
}

TEST_F(FaultInjectorTest, AnUploadMayFailAtEachOfItsSteps) {
  for (const Operation step : {Operation::kUpload, Operation::kWrite, Operation::kFinish}) {
    store_.set_rule(
        [&](const Call& call) { return call.operation == step ? Fault::kFailBefore : Fault::kNone; });
    auto upload = store_.upload("a");
    const bool failed = !upload.ok() || !(*upload)->write(as_bytes("x")).ok() || !(*upload)->finish().ok();
    EXPECT_TRUE(failed);
    EXPECT_TRUE(behind_.contents().empty());
  }
}

TEST_F(FaultInjectorTest, AReadBreaksInTheMiddle) {
  ASSERT_TRUE(store_.put("a", as_bytes("0123456789")).ok());
  store_.set_rule([](const Call&) { return Fault::kBrokenRead; });
  std::string seen;
  const auto read = store_.get("a", {2, {}}, [&](ByteView bytes) -> Result<void> {
    seen += as_text(bytes);
    return {};
  });
  EXPECT_EQ(read.error().code(), Code::kUnreachable);
  EXPECT_EQ(seen, "2345");
}

TEST_F(FaultInjectorTest, AStaleListingShowsThePast) {
  ASSERT_TRUE(store_.put("a", as_bytes("x")).ok());
  ASSERT_TRUE(store_.put("c", as_bytes("x")).ok());
  EXPECT_EQ(keys(), (Keys{"a", "c"}));
  ASSERT_TRUE(store_.put("b", as_bytes("x")).ok());
  ASSERT_TRUE(store_.remove("a").ok());
  store_.set_rule([](const Call&) { return Fault::kStale; });
  EXPECT_EQ(keys(), (Keys{"a", "c"}));
  store_.set_rule({});
  EXPECT_EQ(keys(), (Keys{"b", "c"}));
}

TEST_F(FaultInjectorTest, ASlowCallStillSucceedsAndHearsACancellation) {
  store_.set_rule([](const Call&) { return Fault::kSlow; });
  EXPECT_TRUE(store_.put("a", as_bytes("x")).ok());
  Cancellation cancellation;
  cancellation.request();
  EXPECT_EQ(store_.put("b", as_bytes("x"), {}, cancellation).error().code(), Code::kCancelled);
}

TEST_F(FaultInjectorTest, APrefixOfTheChangesIsTheStateAfterACrash) {
  store_.set_rule(die_after_mutation(3));
  EXPECT_TRUE(store_.put("a", as_bytes("1")).ok());
  auto upload = store_.upload("b");
  ASSERT_TRUE(upload.ok() && (*upload)->write(as_bytes("2")).ok() && (*upload)->finish().ok());
  EXPECT_TRUE(store_.remove("a").ok());
  EXPECT_FALSE(store_.put("c", as_bytes("3")).ok());
  EXPECT_FALSE(store_.head("b").ok());

  const auto mutations = store_.mutations();
  ASSERT_EQ(mutations.size(), 3u);
  const MemoryStore::Contents states[] = {{}, {{"a", "1"}}, {{"a", "1"}, {"b", "2"}}, {{"b", "2"}}};
  for (size_t n = 0; n <= mutations.size(); ++n) {
    MemoryStore crashed;
    ASSERT_TRUE(replay(std::span(mutations).first(n), crashed).ok());
    EXPECT_EQ(crashed.contents(), states[n]) << n;
  }
}

}  // namespace
}  // namespace summit::storage
