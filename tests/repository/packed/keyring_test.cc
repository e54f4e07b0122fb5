#include "repository/packed/keyring.h"

#include <gtest/gtest.h>

#include <set>

#include "repository/packed/chunk_id.h"
#include "repository/packed/key_derivation.h"
#include "repository/packed/key_wrap.h"

namespace summit::repository::packed {
namespace {

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  EXPECT_TRUE(from_hex(hex, bytes));
  return bytes;
}

std::string hex_of(const Secret& secret) { return to_hex(as_bytes(secret.reveal())); }

// RFC 5869, A.1 (its first 32 bytes of 42) and A.3.
TEST(KeyDerivation, GivesTheKeysOfTheRfc) {
  const Secret key(std::string(22, '\x0b'));
  const auto salted =
      derive_key(key, as_bytes(bytes_of("000102030405060708090a0b0c")), bytes_of("f0f1f2f3f4f5f6f7f8f9"));
  EXPECT_EQ(hex_of(*salted), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  const auto unsalted = derive_key(key, {}, "");
  EXPECT_EQ(hex_of(*unsalted), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

// RFC 3394, 4.6.
TEST(KeyWrap, WrapsAndUnwrapsTheKeyOfTheRfc) {
  const Secret wrapping(bytes_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  const Secret key(bytes_of("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f"));
  const auto wrapped = wrap_key(wrapping, key);
  ASSERT_TRUE(wrapped.ok()) << wrapped.error().to_string();
  EXPECT_EQ(to_hex(ByteView(*wrapped)),
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
  EXPECT_EQ(hex_of(*unwrap_key(wrapping, *wrapped)), hex_of(key));
}

TEST(KeyWrap, AChangedBitOrAnotherWrappingKeyIsNoticed) {
  const Secret wrapping = random_key();
  const auto wrapped = wrap_key(wrapping, random_key());
  for (size_t bit = 0; bit < kWrappedKeySize * 8; ++bit) {
    WrappedKey changed = *wrapped;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_EQ(unwrap_key(wrapping, changed).error().code(), Code::kCorrupt) << "bit " << bit;
  }
  EXPECT_EQ(unwrap_key(random_key(), *wrapped).error().code(), Code::kCorrupt);
  EXPECT_FALSE(wrap_key(Secret("short"), random_key()).ok());
  EXPECT_FALSE(wrap_key(wrapping, Secret("short")).ok());
}

// RFC 4231, test cases 1 and 2: the second call must not remember the first.
TEST(ChunkNamer, GivesTheHmacOfTheRfcEachTime) {
  auto namer = ChunkNamer::create(Secret(std::string(20, '\x0b')));
  ASSERT_TRUE(namer.ok()) << namer.error().to_string();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(namer->name(as_bytes("Hi There"))->to_hex(),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  }
  auto other = ChunkNamer::create(Secret("Jefe"));
  EXPECT_EQ(other->name(as_bytes("what do ya want for nothing?"))->to_hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(RepositoryId, ReadsBackItsOwnHexAndNothingElse) {
  const RepositoryId id = RepositoryId::random();
  EXPECT_EQ(RepositoryId::from_hex(id.to_hex()), id);
  EXPECT_NE(RepositoryId::random(), id);
  EXPECT_FALSE(RepositoryId::from_hex(id.to_hex() + "00"));
  EXPECT_FALSE(RepositoryId::from_hex(std::string(32, 'g')));
  EXPECT_FALSE(RepositoryId::from_hex(""));
}

TEST(Keyring, EveryPurposeGenerationAndRepositoryHasASubkeyOfItsOwn) {
  const auto first = Keyring::create(RepositoryId::random());
  const auto second = first->with_new_generation();
  const auto elsewhere = Keyring::from_json(RepositoryId::random(), second->to_json());
  std::set<std::string> seen;
  for (const Keyring* keyring : {&*second, &*elsewhere}) {
    for (const uint32_t generation : {1u, 2u}) {
      for (size_t purpose = 0; purpose < kPurposes; ++purpose) {
        const auto key = keyring->subkey(generation, static_cast<Purpose>(purpose));
        ASSERT_TRUE(key.ok()) << key.error().to_string();
        EXPECT_EQ(key->reveal().size(), 32u);
        EXPECT_TRUE(seen.insert(hex_of(*key)).second) << generation << " " << purpose;
      }
    }
  }
}

// What a stranger who follows docs/formats/repository.md would derive, computed with Python's hmac.
TEST(Keyring, DerivesItsSubkeysAsTheFormatSays) {
  const auto keyring =
      Keyring::from_json(*RepositoryId::from_hex("000102030405060708090a0b0c0d0e0f"),
                         Secret(R"({"keys": [{"generation": 1, "key": ")" + std::string(64, '1') +
                                R"(", "created": "2026-01-01T00:00:00Z"}]})"));
  ASSERT_TRUE(keyring.ok()) << keyring.error().to_string();
  EXPECT_EQ(hex_of(*keyring->subkey(1, Purpose::kChunkId)),
            "b6be627802b0a9022ae665a353f9713a29e969078342e49d38a91086c2500bb5");
  EXPECT_EQ(hex_of(*keyring->subkey(1, Purpose::kPack)),
            "d0375abc77e694252da973404d72e060da8c006337fa1047978f7d8c08ec8c6a");
  EXPECT_EQ(hex_of(*keyring->subkey(1, Purpose::kLog)),
            "d5be84d2095337c3126e64e7e60ccdc8c6f0335a953ce1583f5beced1a0724b3");
}

TEST(Keyring, ANewGenerationKeepsTheOldKeysAndSurvivesItsJson) {
  const auto first = Keyring::create(RepositoryId::random());
  const auto second = first->with_new_generation();
  EXPECT_EQ(first->newest_generation(), 1u);
  EXPECT_EQ(second->newest_generation(), 2u);
  const auto read = Keyring::from_json(first->repository(), second->to_json());
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->generations(), (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(hex_of(*read->subkey(1, Purpose::kPack)), hex_of(*first->subkey(1, Purpose::kPack)));
  EXPECT_EQ(hex_of(*read->subkey(2, Purpose::kPack)), hex_of(*second->subkey(2, Purpose::kPack)));
  EXPECT_EQ(hex_of(read->to_json()), hex_of(second->to_json()));
  EXPECT_EQ(first->subkey(2, Purpose::kPack).error().code(), Code::kWrongKey);
  EXPECT_EQ(first->subkey(0, Purpose::kPack).error().code(), Code::kWrongKey);
}

TEST(Keyring, RefusesJsonThatIsNoKeyring) {
  const std::string key(64, 'a');
  const auto entry = [&](const std::string& number, const std::string& hex) {
    return R"({"generation": )" + number + R"(, "key": ")" + hex + R"(", "created": "2026-01-01T00:00:00Z"})";
  };
  const auto keyring = [](const std::string& entries) { return R"({"keys": [)" + entries + "]}"; };
  const auto read = [](const std::string& json) { return Keyring::from_json(RepositoryId{}, Secret(json)); };
  EXPECT_TRUE(read(keyring(entry("1", key))).ok());
  for (const std::string& json :
       {std::string(), std::string("[]"), std::string("{}"), keyring(""), keyring("1"),
        keyring(entry("0", key)), keyring(entry("-1", key)), keyring(entry("1.5", key)),
        keyring(entry("4294967297", key)), keyring(entry("1", "abc")), keyring(entry("1", key + "00")),
        keyring(entry("1", key) + "," + entry("1", key)), keyring(entry("1", key) + "," + entry("3", key)),
        std::string(R"({"keys": [{"generation": 1, "key": ")") + key + R"("}]})",
        std::string(R"({"keys": [{"generation": 1}]})")}) {
    const auto result = read(json);
    ASSERT_FALSE(result.ok()) << json;
    EXPECT_EQ(result.error().code(), Code::kCorrupt);
    EXPECT_EQ(result.error().message().find(key), std::string::npos);
  }
}

}  // namespace
}  // namespace summit::repository::packed
