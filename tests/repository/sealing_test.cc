#include "repository/sealing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "world.h"

namespace summit::repository {
namespace {

using testing::HasSubstr;

constexpr StretchingCost kCheap{1, 8};
constexpr size_t kHeader = 144;
constexpr size_t kFrame = 64 * KiB + 20;

SealingKey key(const std::string& text) { return {Secret(text), "the test"}; }

std::string seal(const std::string& plain, const std::string& passphrase = "correct horse",
                 size_t step = 100000) {
  std::string sealed;
  auto writer = SealWriter::create(
      key(passphrase),
      [&](ByteView bytes) -> Result<void> {
        sealed += as_text(bytes);
        return {};
      },
      kCheap);
  EXPECT_TRUE(writer.ok());
  for (size_t at = 0; at < plain.size(); at += step)
    EXPECT_TRUE((*writer)->write(as_bytes(std::string_view(plain).substr(at, step))).ok());
  EXPECT_TRUE((*writer)->finish().ok());
  return sealed;
}

struct Opened {
  std::string plain;
  Result<void> result;
};
Opened unseal(const std::string& sealed, const std::string& passphrase = "correct horse",
              size_t step = 100000) {
  Opened opened;
  SealReader reader(key(passphrase), [&](ByteView bytes) -> Result<void> {
    opened.plain += as_text(bytes);
    return {};
  });
  for (size_t at = 0; at < sealed.size(); at += step) {
    opened.result = reader.write(as_bytes(std::string_view(sealed).substr(at, step)));
    if (!opened.result.ok()) return opened;
  }
  opened.result = reader.finish();
  return opened;
}

std::string sample(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

class SealSizes : public testing::TestWithParam<size_t> {};
TEST_P(SealSizes, OpensToWhatWasSealed) {
  const std::string plain = sample(GetParam());
  for (const size_t step : {size_t{1000}, size_t{1000000}}) {
    const std::string sealed = seal(plain, "correct horse", step);
    const auto opened = unseal(sealed, "correct horse", step);
    ASSERT_TRUE(opened.result.ok()) << opened.result.error().message();
    EXPECT_EQ(opened.plain, plain);
  }
}
INSTANTIATE_TEST_SUITE_P(Borders, SealSizes,
                         testing::Values(0, 1, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, 128 * KiB, 300000));

TEST(Seal, IsReadByteByByteToo) {
  const auto opened = unseal(seal(sample(70000)), "correct horse", 1);
  ASSERT_TRUE(opened.result.ok());
  EXPECT_EQ(opened.plain, sample(70000));
}

TEST(Seal, TheSameTextNeverGivesTheSameBytes) { EXPECT_NE(seal("secret"), seal("secret")); }

TEST(Seal, HoldsNothingInTheClear) {
  EXPECT_EQ(seal("POSTGRES_PASSWORD=devpassword").find("devpassword"), std::string::npos);
}

TEST(Seal, AnotherKeyIsCalledWrongKey) {
  const auto opened = unseal(seal("secret"), "wrong horse");
  EXPECT_EQ(opened.result.error().code(), Code::kWrongKey);
  EXPECT_EQ(opened.plain, "");
  EXPECT_THAT(opened.result.error().message(), Not(HasSubstr("horse")));
}

TEST(Seal, NoByteCanBeChanged) {
  const std::string sealed = seal("POSTGRES_PASSWORD=devpassword\n");
  for (size_t at = 0; at < sealed.size(); ++at)
    for (const int bit : {0x01, 0x80}) {
      std::string changed = sealed;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      const auto opened = unseal(changed);
      ASSERT_FALSE(opened.result.ok()) << at;
      EXPECT_EQ(opened.result.error().code(), Code::kCorrupt) << at;
      EXPECT_EQ(opened.plain, "") << at;
    }
}

TEST(Seal, NoLengthButItsOwnOpens) {
  const std::string sealed = seal(sample(70000));
  for (size_t size = 0; size < sealed.size(); size += size < 200 ? 1 : 997)
    EXPECT_EQ(unseal(sealed.substr(0, size)).result.error().code(), Code::kCorrupt) << size;
  EXPECT_EQ(unseal(sealed + "x").result.error().code(), Code::kCorrupt);
  EXPECT_EQ(unseal(sealed + sealed).result.error().code(), Code::kCorrupt);
}

TEST(Seal, FramesCannotBeSwappedDroppedRepeatedOrTakenFromElsewhere) {
  const std::string sealed = seal(sample(3 * 64 * KiB + 10));
  const std::string header = sealed.substr(0, kHeader);
  const std::string a = sealed.substr(kHeader, kFrame);
  const std::string b = sealed.substr(kHeader + kFrame, kFrame);
  const std::string rest = sealed.substr(kHeader + 2 * kFrame);
  ASSERT_TRUE(unseal(header + a + b + rest).result.ok());
  const std::string other = seal(sample(3 * 64 * KiB + 10));
  for (const std::string& forged :
       {header + b + a + rest, header + a + rest, header + a + a + rest, header + a + b + b + rest,
        header + other.substr(kHeader, kFrame) + b + rest, other.substr(0, kHeader) + a + b + rest})
    EXPECT_EQ(unseal(forged).result.error().code(), Code::kCorrupt);
}

TEST(Seal, AnEmptyKeySealsNothing) {
  const auto writer = SealWriter::create(key(""), [](ByteView) { return Result<void>(); });
  EXPECT_EQ(writer.error().code(), Code::kKeyMissing);
}

// Where the key comes from
// -----------------------------------------------------------------------------------------

class Keys : public testing::Test {
 protected:
  VariableLookup lookup() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
  }
  fs::path key_file(const fs::path& path, const std::string& text, mode_t mode = 0600) {
    fs::create_directories(path.parent_path());
    World::put(path, text);
    ::chmod(path.c_str(), mode);
    return path;
  }
  World world_;
  std::map<std::string, std::string> variables_ = {{"HOME", world_.root() / "home"}};
};

TEST_F(Keys, AreFoundInTheirOrder) {
  EXPECT_EQ(find_sealing_key(lookup(), world_.base()).value(), std::nullopt);
  const auto expect = [&](const std::string& text) {
    const auto found = find_sealing_key(lookup(), world_.base());
    ASSERT_TRUE(found.ok() && found->has_value());
    EXPECT_EQ((*found)->passphrase.reveal(), text);
  };
  key_file(world_.root() / "home/.config/summit-dr/key", "from the home\n");
  expect("from the home");
  variables_["XDG_CONFIG_HOME"] = world_.root() / "xdg";
  key_file(world_.root() / "xdg/summit-dr/key", "from xdg\n");
  expect("from xdg");
  variables_["BACKUP_ENCRYPTION_KEY_FILE"] = key_file(world_.root() / "k1", "from backup file\r\n");
  expect("from backup file");
  variables_["BACKUP_ENCRYPTION_KEY"] = "from backup";
  expect("from backup");
  variables_["ENCRYPTION_KEY_FILE"] = key_file(world_.root() / "k2", "from file");
  expect("from file");
  variables_["ENCRYPTION_KEY"] = "from variable";
  expect("from variable");
  variables_["ENCRYPTION_KEY"] = "";
  expect("from file");
}

TEST_F(Keys, AreRefusedBesideTheBackups) {
  variables_["ENCRYPTION_KEY_FILE"] = key_file(world_.base() / "key", "secret");
  const auto inside = find_sealing_key(lookup(), world_.base());
  EXPECT_EQ(inside.error().code(), Code::kRefused);
  EXPECT_THAT(inside.error().hint(), HasSubstr("BACKUP_ENCRYPTION_KEY_FILE"));
  fs::create_symlink(world_.base() / "key", world_.root() / "link");
  variables_["ENCRYPTION_KEY_FILE"] = world_.root() / "link";
  EXPECT_EQ(find_sealing_key(lookup(), world_.base()).error().code(), Code::kRefused);
  fs::create_directory_symlink(world_.base(), world_.root() / "other-name");
  EXPECT_EQ(find_sealing_key(lookup(), world_.root() / "other-name").error().code(), Code::kRefused);
  // What `..` after a link means depends on where the link leads.
  fs::create_directories(world_.base() / "deep");
  fs::create_directory_symlink(world_.base() / "deep", world_.root() / "shortcut");
  EXPECT_EQ(read_key_file(world_.root() / "shortcut" / ".." / "key", world_.base()).error().code(),
            Code::kRefused);
  variables_["XDG_CONFIG_HOME"] = world_.base() / "config";
  EXPECT_EQ(create_key_file(lookup(), world_.base()).error().code(), Code::kRefused);
}

TEST_F(Keys, AreRefusedWhenOthersMayReadThem) {
  for (const mode_t mode : {0640, 0604, 0644, 0660}) {
    variables_["ENCRYPTION_KEY_FILE"] = key_file(world_.root() / "key", "secret", mode);
    const auto found = find_sealing_key(lookup(), world_.base());
    EXPECT_EQ(found.error().code(), Code::kRefused);
    EXPECT_THAT(found.error().hint(), HasSubstr("chmod 600"));
  }
  variables_["ENCRYPTION_KEY_FILE"] = world_.root() / "nowhere";
  EXPECT_EQ(find_sealing_key(lookup(), world_.base()).error().code(), Code::kNotFound);
  variables_["ENCRYPTION_KEY_FILE"] = key_file(world_.root() / "empty", "\n");
  EXPECT_EQ(find_sealing_key(lookup(), world_.base()).error().code(), Code::kKeyMissing);
}

TEST_F(Keys, AreMadeOnceAndNeverReplaced) {
  const auto path = create_key_file(lookup(), world_.base());
  ASSERT_TRUE(path.ok()) << path.error().message();
  struct stat status{};
  ASSERT_EQ(::stat(path->c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const std::string text = World::get(*path);
  EXPECT_EQ(text.size(), 65u);
  EXPECT_EQ(create_key_file(lookup(), world_.base()).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(World::get(*path), text);
  EXPECT_EQ(find_sealing_key(lookup(), world_.base()).value()->passphrase.reveal(), text.substr(0, 64));
  EXPECT_EQ(world_.names_in(path->parent_path()).size(), 1u);
}

}  // namespace
}  // namespace summit::repository
