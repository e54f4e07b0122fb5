// What an editor changed loads into a real server.
#include "stores/redis/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stores/redis/helper/world.h"

namespace summit::redis {
namespace {

// Encodes every value anew, and changes nothing in it.
class Reencoder : public KeyEditor {
 public:
  Result<Action> key(const KeyFacts& facts, std::string&) override {
    return facts.is_module ? Action::kPass : Action::kEdit;
  }
  Result<Action> library(std::string_view) override { return Action::kPass; }
  Result<rdb::Edit> text(std::string_view text, std::string& out) override {
    out = text;
    return rdb::Edit::kReplaced;
  }
  Result<bool> fields(std::vector<rdb::EditedField>&) override { return true; }
  Result<void> reader_name(std::string_view) override { return {}; }
};

std::string bytes_of(const RdbSource& source) {
  std::string bytes;
  const auto read = source([&](ByteView block) -> Result<void> {
    bytes += as_text(block);
    return {};
  });
  EXPECT_TRUE(read.ok()) << read.error().to_string();
  return bytes;
}

std::string data_of(const platform::RedisServer& server) {
  const auto copy = copy_of(server.endpoint());
  EXPECT_TRUE(copy.ok()) << copy.error().to_string();
  return copy.ok() ? shown(copy->fingerprints) : std::string();
}

TEST(Edit, EveryTypeThatWeEncodeIsTakenByTheServerAndIsTheSame) {
  const auto source = start_server();
  Connection connection = connect(*source);
  fill_with_everything(connection);
  const auto copy = copy_of(source->endpoint());
  ASSERT_TRUE(copy.ok()) << copy.error().to_string();

  Reencoder editor;
  const std::string rdb = bytes_of(edited(source_of(copy->rdb), editor));
  EXPECT_NE(rdb, copy->rdb);
  // The server looks into every value that it is given.
  const auto target = start_server({{"sanitize-dump-payload", "yes"}});
  const auto restored = restore_into(*target, rdb);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_EQ(data_of(*target), data_of(*source));
}

TEST(Edit, KeysAreRenamedAndDroppedAndOthersPassByteForByte) {
  class Renamer final : public Reencoder {
   public:
    Result<Action> key(const KeyFacts& facts, std::string& new_key) override {
      if (facts.key == "drop") return Action::kDrop;
      if (facts.key == "old") new_key = "new";
      return Action::kPass;
    }
    Result<Action> library(std::string_view) override { return Action::kDrop; }
  };
  const auto source = start_server();
  run(*source, {"SET", "drop", "1"});
  run(*source, {"SET", "old", "value", "PXAT", "4102444800123"});
  run(*source, {"RPUSH", "list", "a", "b"});
  run(*source, {"FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('l', function() return 1 end)"});
  const auto copy = copy_of(source->endpoint());
  ASSERT_TRUE(copy.ok()) << copy.error().to_string();
  Renamer editor;
  const auto target = start_server();
  const auto restored = restore_into(*target, bytes_of(edited(source_of(copy->rdb, 1), editor)));
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_EQ(restored->keys, 2U);
  EXPECT_EQ(restored->functions, 0U);
  EXPECT_EQ(run(*target, {"GET", "new"}), "value");
  EXPECT_EQ(run(*target, {"PEXPIRETIME", "new"}), "4102444800123");
  EXPECT_EQ(run(*target, {"EXISTS", "old", "drop"}), "0");
  EXPECT_EQ(run(*target, {"DUMP", "list"}), run(*source, {"DUMP", "list"}));
}

}  // namespace
}  // namespace summit::redis
