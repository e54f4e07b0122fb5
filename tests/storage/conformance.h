// What every ObjectStore promises, as tests that each implementation passes, plain and behind a FaultInjector
// that injects nothing. Cases: conformance_test.cc.
#pragma once

#include <gtest/gtest.h>

#include "storage/object_store.h"
#include "tests/storage/testing/fault_injector.h"

namespace summit::storage {

// An empty store and all that it stands on.
class StoreWorld {
 public:
  virtual ~StoreWorld() = default;
  virtual ObjectStore& store() = 0;
};

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<StoreWorld>()> make;
};

// The same, seen through a FaultInjector.
Implementation wrapped(Implementation implementation);

// For failure messages.
inline void PrintTo(const Implementation& implementation, std::ostream* out) { *out << implementation.name; }

inline std::string name_of_case(const testing::TestParamInfo<Implementation>& info) {
  return info.param.name;
}

class Conformance : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override { world_ = GetParam().make(); }
  ObjectStore& store() { return world_->store(); }

  void put(std::string_view key, std::string_view content) {
    const auto result = store().put(key, as_bytes(content));
    ASSERT_TRUE(result.ok()) << result.error().to_string();
  }
  std::string content_of(std::string_view key) {
    const auto content = get_whole(store(), key);
    return content.ok() ? *content : content.error().to_string();
  }
  std::string read(std::string_view key, ByteRange range) {
    std::string bytes;
    const auto keep = [&](ByteView block) -> Result<void> {
      bytes += as_text(block);
      return {};
    };
    const auto result = store().get(key, range, keep);
    return result.ok() ? bytes : std::string(name_of(result.error().code()));
  }
  std::vector<std::string> keys(std::string_view prefix = "", std::string_view after = "") {
    std::vector<std::string> found;
    const auto keep = [&](const ObjectInfo& info) -> Result<bool> {
      found.push_back(info.key);
      return true;
    };
    const auto result = store().list(prefix, after, keep);
    EXPECT_TRUE(result.ok()) << result.error().to_string();
    return found;
  }
  static std::string random_text(size_t size, unsigned seed);

  std::unique_ptr<StoreWorld> world_;
};

}  // namespace summit::storage
