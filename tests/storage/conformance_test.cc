#include "tests/storage/conformance.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <set>

#include "core/task_group.h"
#include "storage/local_store.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::storage {

namespace {

using Keys = std::vector<std::string>;

class MemoryWorld final : public StoreWorld {
 public:
  ObjectStore& store() override { return store_; }

 private:
  MemoryStore store_;
};

class LocalWorld final : public StoreWorld {
 public:
  ObjectStore& store() override { return *store_; }

 private:
  TemporaryDirectory directory_ = TemporaryDirectory::create(fs::temp_directory_path(), "storage-").value();
  std::unique_ptr<LocalStore> store_ =
      LocalStore::open(directory_.path() / "repository", LocalStore::IfMissing::kCreate).value();
};

class FaultyWorld final : public StoreWorld {
 public:
  explicit FaultyWorld(std::unique_ptr<StoreWorld> behind) : behind_(std::move(behind)) {}
  ObjectStore& store() override { return injector_; }

 private:
  std::unique_ptr<StoreWorld> behind_;
  FaultInjector injector_{behind_->store()};
};

const Implementation kMemory{"Memory", [] { return std::make_unique<MemoryWorld>(); }};
const Implementation kLocal{"Local", [] { return std::make_unique<LocalWorld>(); }};

}  // namespace

Implementation wrapped(Implementation implementation) {
  return {"Faulty" + implementation.name,
          [make = implementation.make] { return std::make_unique<FaultyWorld>(make()); }};
}

std::string Conformance::random_text(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

INSTANTIATE_TEST_SUITE_P(InProcess, Conformance,
                         testing::Values(kMemory, kLocal, wrapped(kMemory), wrapped(kLocal)), name_of_case);

TEST_P(Conformance, WhatWasPutIsRead) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4096}, size_t{700001}}) {
    const std::string content = random_text(size, 1);
    put("packs/a", content);
    EXPECT_EQ(content_of("packs/a"), content) << size;
    EXPECT_EQ(store().head("packs/a")->value().size, size);
  }
}

TEST_P(Conformance, EveryCharacterOfAKeyIsKept) {
  const std::string key = "ABCxyz019._-+=/a.b/=+/.hidden/-";
  put(key, "content");
  EXPECT_EQ(keys(), Keys{key});
  EXPECT_EQ(content_of(key), "content");
}

TEST_P(Conformance, OddKeysAreRefusedByEveryCall) {
  for (const std::string key :
       {"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a b", "a\n", "ä", "a~", "a%2F"}) {
    EXPECT_EQ(store().put(key, {}).error().code(), Code::kUsage) << key;
    EXPECT_EQ(store().upload(key).error().code(), Code::kUsage) << key;
    EXPECT_EQ(read(key, {}), "usage") << key;
    EXPECT_EQ(store().head(key).error().code(), Code::kUsage) << key;
    EXPECT_EQ(store().remove(key).error().code(), Code::kUsage) << key;
  }
}

TEST_P(Conformance, WhatIsNotThereIsNotFound) {
  put("there", "x");
  EXPECT_EQ(read("absent", {}), "not_found");
  EXPECT_EQ(read("no/such/directory", {}), "not_found");
  EXPECT_EQ(read("there/below", {}), "not_found");
  EXPECT_FALSE(store().head("absent")->has_value());
  EXPECT_FALSE(store().head("there/below")->has_value());
  EXPECT_TRUE(store().remove("absent").ok());
  EXPECT_TRUE(store().remove("no/such/directory").ok());
}

TEST_P(Conformance, ARangeIsReadExactly) {
  const std::string content = random_text(300000, 2);
  put("pack", content);
  EXPECT_EQ(read("pack", {0, 1}), content.substr(0, 1));
  EXPECT_EQ(read("pack", {299999, 1}), content.substr(299999));
  EXPECT_EQ(read("pack", {1000, 270000}), content.substr(1000, 270000));
  EXPECT_EQ(read("pack", {5, {}}), content.substr(5));
  EXPECT_EQ(read("pack", {7, 0}), "");
  EXPECT_EQ(read("pack", {300000, {}}), "");
}

TEST_P(Conformance, ARangeBeyondTheEndIsCorrupt) {
  put("pack", "0123456789");
  EXPECT_EQ(read("pack", {0, 11}), "corrupt");
  EXPECT_EQ(read("pack", {9, 2}), "corrupt");
  EXPECT_EQ(read("pack", {11, {}}), "corrupt");
  EXPECT_EQ(read("pack", {11, 0}), "corrupt");
  EXPECT_EQ(read("absent", {3, 0}), "not_found");
}

TEST_P(Conformance, AConditionalPutCreatesOnlyOnce) {
  const PutOptions absent{.condition = Condition::kAbsent};
  ASSERT_TRUE(store().put("log/1", as_bytes("first"), absent).ok());
  const auto again = store().put("log/1", as_bytes("second"), absent);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
  EXPECT_EQ(store().put("log/1", as_bytes("first"), absent).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(content_of("log/1"), "first");
}

TEST_P(Conformance, AConditionalUploadCreatesOnlyOnce) {
  const PutOptions absent{.condition = Condition::kAbsent};
  auto first = store().upload("log/1", absent);
  auto second = store().upload("log/1", absent);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE((*first)->write(as_bytes("first")).ok());
  EXPECT_TRUE((*second)->write(as_bytes("second")).ok());
  EXPECT_TRUE((*second)->finish().ok());
  const auto late = (*first)->finish();
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), Code::kAlreadyExists);
  EXPECT_EQ(content_of("log/1"), "second");
  EXPECT_EQ(keys(), Keys{"log/1"});
}

TEST_P(Conformance, OfManyWritersAtOnceOneCreates) {
  std::atomic<size_t> created{0};
  const auto race = [&](size_t writer) -> Result<void> {
    const auto result =
        store().put("log/7", as_bytes(fmt::format("writer {}", writer)), {.condition = Condition::kAbsent});
    if (result.ok()) ++created;
    if (!result.ok() && result.error().code() != Code::kAlreadyExists) return Error(result.error());
    return {};
  };
  const auto result = parallel_for(16, 8, race);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(created, 1u);
}

TEST_P(Conformance, APutReplacesWholly) {
  put("latest", std::string(100000, 'a'));
  put("latest", "b");
  EXPECT_EQ(content_of("latest"), "b");
}

TEST_P(Conformance, AReaderSeesTheOldContentOrTheNew) {
  const std::string old_content(200000, 'o');
  const std::string new_content(300000, 'n');
  put("latest", old_content);
  TaskGroup writer;
  writer.spawn([&]() -> Result<void> {
    for (int i = 0; i < 20; ++i) {
      RETURN_IF_ERROR(store().put("latest", as_bytes(i % 2 == 0 ? new_content : old_content)));
    }
    return {};
  });
  for (int i = 0; i < 20; ++i) {
    const std::string seen = content_of("latest");
    EXPECT_TRUE(seen == old_content || seen == new_content) << seen.substr(0, 200);
  }
  const auto result = writer.join();
  EXPECT_TRUE(result.ok()) << result.error().to_string();
}

TEST_P(Conformance, AListingIsInTheOrderOfBytes) {
  const Keys sorted = {"a+b", "a-b", "a.b", "a/b", "a/c/d", "a/c=", "a0", "aB", "a_", "b", "b0/1"};
  Keys shuffled = sorted;
  std::ranges::shuffle(shuffled, std::mt19937_64(3));
  for (const std::string& key : shuffled) put(key, key);
  EXPECT_EQ(keys(), sorted);
}

TEST_P(Conformance, AListingBeginsAtAnyPrefixAndAfterAnyKey) {
  for (const char* key : {"packs/00/a", "packs/00/b", "packs/01/a", "packs-old", "log/1", "log/10", "log/2"})
    put(key, "x");
  EXPECT_EQ(keys("packs/"), (Keys{"packs/00/a", "packs/00/b", "packs/01/a"}));
  EXPECT_EQ(keys("packs"), (Keys{"packs-old", "packs/00/a", "packs/00/b", "packs/01/a"}));
  EXPECT_EQ(keys("packs/0"), (Keys{"packs/00/a", "packs/00/b", "packs/01/a"}));
  EXPECT_EQ(keys("packs/", "packs/00/a"), (Keys{"packs/00/b", "packs/01/a"}));
  EXPECT_EQ(keys("packs/", "packs/00"), (Keys{"packs/00/a", "packs/00/b", "packs/01/a"}));
  EXPECT_EQ(keys("packs/", "packs/00/zzz"), Keys{"packs/01/a"});
  EXPECT_EQ(keys("packs/", "a"), (Keys{"packs/00/a", "packs/00/b", "packs/01/a"}));
  EXPECT_EQ(keys("packs/", "z"), Keys{});
  EXPECT_EQ(keys("log/1"), (Keys{"log/1", "log/10"}));
  EXPECT_EQ(keys("log/1", "log/1"), Keys{"log/10"});
  EXPECT_EQ(keys("", "log/2"), (Keys{"packs-old", "packs/00/a", "packs/00/b", "packs/01/a"}));
  EXPECT_EQ(keys("log/1/"), Keys{});
  EXPECT_EQ(keys("absent/x/"), Keys{});
  EXPECT_EQ(keys("../"), Keys{});
}

TEST_P(Conformance, AListingStopsWhenItsVisitorSaysSo) {
  for (const char* key : {"a", "b", "c"}) put(key, "x");
  Keys seen;
  const auto visit = [&](const ObjectInfo& info) -> Result<bool> {
    seen.push_back(info.key);
    return seen.size() < 2;
  };
  EXPECT_TRUE(store().list("", "", visit).ok());
  EXPECT_EQ(seen, (Keys{"a", "b"}));

  const auto fail = [](const ObjectInfo&) -> Result<bool> { return Error(Code::kRefused, "no more"); };
  EXPECT_EQ(store().list("", "", fail).error().code(), Code::kRefused);
}

TEST_P(Conformance, AListingGivesSizesAndTimes) {
  const Instant before = now() - std::chrono::minutes(1);
  put("pack", "12345");
  std::optional<ObjectInfo> seen;
  const auto visit = [&](const ObjectInfo& info) -> Result<bool> {
    seen = info;
    return true;
  };
  ASSERT_TRUE(store().list("", "", visit).ok());
  const auto head = store().head("pack");
  for (const ObjectInfo& info : {seen.value(), head->value()}) {
    EXPECT_EQ(info.key, "pack");
    EXPECT_EQ(info.size, 5u);
    EXPECT_GT(info.modified, before);
    EXPECT_LT(info.modified, now() + std::chrono::minutes(1));
  }
}

TEST_P(Conformance, ARemovedObjectIsGoneAndMayComeBack) {
  put("packs/00/a", "x");
  put("packs/00/b", "x");
  ASSERT_TRUE(store().remove("packs/00/a").ok());
  EXPECT_EQ(read("packs/00/a", {}), "not_found");
  EXPECT_FALSE(store().head("packs/00/a")->has_value());
  EXPECT_EQ(keys(), Keys{"packs/00/b"});
  EXPECT_TRUE(store().remove("packs/00/a").ok());
  EXPECT_TRUE(store().put("packs/00/a", as_bytes("new"), {.condition = Condition::kAbsent}).ok());
  EXPECT_EQ(content_of("packs/00/a"), "new");
}

TEST_P(Conformance, AnUploadIsSeenOnlyWhenItIsFinished) {
  const std::string content = random_text(20 * MiB + 17, 4);
  auto upload = store().upload("packs/large");
  ASSERT_TRUE(upload.ok()) << upload.error().to_string();
  for (size_t at = 0; at < content.size(); at += 333333) {
    const auto written = (*upload)->write(as_bytes(std::string_view(content).substr(at, 333333)));
    ASSERT_TRUE(written.ok()) << written.error().to_string();
  }
  EXPECT_EQ(keys(), Keys{});
  EXPECT_FALSE(store().head("packs/large")->has_value());
  const auto finished = (*upload)->finish();
  ASSERT_TRUE(finished.ok()) << finished.error().to_string();
  EXPECT_EQ(keys(), Keys{"packs/large"});
  EXPECT_TRUE(content_of("packs/large") == content);
  EXPECT_EQ(read("packs/large", {16 * MiB - 5, 10}), content.substr(16 * MiB - 5, 10));
}

TEST_P(Conformance, AnUploadMayBeEmpty) {
  auto upload = store().upload("empty", {.condition = Condition::kAbsent});
  ASSERT_TRUE(upload.ok() && (*upload)->finish().ok());
  EXPECT_EQ(content_of("empty"), "");
}

TEST_P(Conformance, AnUploadWithoutFinishLeavesNothing) {
  {
    auto upload = store().upload("packs/large");
    ASSERT_TRUE(upload.ok());
    ASSERT_TRUE((*upload)->write(as_bytes(std::string(12 * MiB, 'x'))).ok());
  }
  EXPECT_EQ(keys(), Keys{});
  EXPECT_EQ(*store().remove_leftovers(std::chrono::seconds(0)), 0u);
}

TEST_P(Conformance, ACancelledCallSaysSo) {
  Cancellation cancellation;
  put("a", "x");
  auto upload = store().upload("b", {}, cancellation);
  ASSERT_TRUE(upload.ok());
  cancellation.request();
  EXPECT_EQ(store().put("c", {}, {}, cancellation).error().code(), Code::kCancelled);
  EXPECT_EQ((*upload)->finish().error().code(), Code::kCancelled);
  EXPECT_EQ(store().head("a", cancellation).error().code(), Code::kCancelled);
  const auto visit = [](const ObjectInfo&) -> Result<bool> { return true; };
  EXPECT_EQ(store().list("", "", visit, cancellation).error().code(), Code::kCancelled);
  EXPECT_EQ(keys(), Keys{"a"});
}

TEST_P(Conformance, TheReadersErrorEndsTheRead) {
  put("pack", random_text(1 * MiB, 5));
  int calls = 0;
  const auto refuse = [&](ByteView) -> Result<void> {
    ++calls;
    return Error(Code::kNoSpace, "the disk is full");
  };
  const auto result = store().get("pack", {}, refuse);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Code::kNoSpace);
  EXPECT_EQ(calls, 1);
}

TEST_P(Conformance, AnObjectLargerThanItsReaderExpectsIsRefused) {
  put("record", std::string(1001, 'x'));
  EXPECT_EQ(get_whole(store(), "record", 1000).error().code(), Code::kCorrupt);
  EXPECT_TRUE(get_whole(store(), "record", 1001).ok());
}

TEST_P(Conformance, ManyThreadsUseOneStore) {
  const auto work = [&](size_t i) -> Result<void> {
    const std::string key = fmt::format("packs/{:02}/{}", i % 5, i);
    const std::string content = random_text(1000 + i, static_cast<unsigned>(i));
    RETURN_IF_ERROR(store().put(key, as_bytes(content), {.condition = Condition::kAbsent}));
    ASSIGN_OR_RETURN(const std::string read_back, get_whole(store(), key));
    if (read_back != content) return Error(Code::kCorrupt, "{} differs", key);
    return i % 3 == 0 ? store().remove(key) : Result<void>();
  };
  const auto result = parallel_for(60, 8, work);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(keys().size(), 40u);
}

// A client that repeats what failed, as long as it fails in passing.
class Patient {
 public:
  explicit Patient(ObjectStore& store) : store_(store) {}

  Result<void> put(std::string_view key, std::string_view content) {
    return repeat([&] { return store_.put(key, as_bytes(content)); });
  }
  // Who fails to hear that the object was created finds its own content there.
  Result<void> create(std::string_view key, std::string_view content) {
    const auto created =
        repeat([&] { return store_.put(key, as_bytes(content), {.condition = Condition::kAbsent}); });
    if (created.ok() || created.error().code() != Code::kAlreadyExists) return created;
    std::string found;
    RETURN_IF_ERROR(repeat([&]() -> Result<void> {
      ASSIGN_OR_RETURN(found, get_whole(store_, key));
      return {};
    }));
    return found == content ? Result<void>() : created;
  }
  Result<void> upload(std::string_view key, std::string_view content) {
    return repeat([&]() -> Result<void> {
      ASSIGN_OR_RETURN(const auto upload, store_.upload(key));
      RETURN_IF_ERROR(upload->write(as_bytes(content)));
      return upload->finish();
    });
  }
  Result<void> remove(std::string_view key) {
    return repeat([&] { return store_.remove(key); });
  }

 private:
  static Result<void> repeat(const std::function<Result<void>()>& act) {
    Result<void> result = act();
    for (int i = 0; i < 5 && !result.ok(); ++i) {
      if (result.error().code() != Code::kUnreachable && result.error().code() != Code::kTimeout) break;
      result = act();
    }
    return result;
  }
  ObjectStore& store_;
};

TEST_P(Conformance, WhicheverCallFailsAPatientClientEndsWhereItWouldHave) {
  for (const Fault fault : {Fault::kFailBefore, Fault::kFailAfter}) {
    // The work below makes ten calls when nothing fails.
    for (size_t n = 1; n <= 10; ++n) {
      for (const std::string& key : keys()) ASSERT_TRUE(store().remove(key).ok());
      FaultInjector injector(store(), fail_call(n, fault));
      Patient client(injector);
      for (const auto& result :
           {client.create("log/1", "one"), client.put("latest", "1"), client.upload("packs/a", "aaa"),
            client.create("log/2", "two"), client.put("latest", "2"), client.remove("log/1"),
            client.remove("absent")}) {
        ASSERT_TRUE(result.ok()) << n << ": " << result.error().to_string();
      }
      EXPECT_EQ(keys(), (Keys{"latest", "log/2", "packs/a"})) << n;
      EXPECT_EQ(content_of("latest"), "2") << n;
      EXPECT_EQ(content_of("packs/a"), "aaa") << n;
      EXPECT_EQ(*store().remove_leftovers(std::chrono::seconds(0)), 0u) << n;
    }
  }
}

TEST_P(Conformance, ALockIsRefusedWhereThereIsNone) {
  if (store().capabilities().object_lock) return;
  put("a", "x");
  const Instant tomorrow = now() + std::chrono::hours(24);
  EXPECT_EQ(store().put("b", {}, {.locked_until = tomorrow}).error().code(), Code::kUnsupported);
  EXPECT_EQ(store().upload("b", {.locked_until = tomorrow}).error().code(), Code::kUnsupported);
  const auto locked = store().lock_until("a", tomorrow);
  ASSERT_FALSE(locked.ok());
  EXPECT_EQ(locked.error().code(), Code::kUnsupported);
  EXPECT_EQ(keys(), Keys{"a"});
}

}  // namespace summit::storage
