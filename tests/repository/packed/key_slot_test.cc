#include "repository/packed/key_slot.h"

#include <gtest/gtest.h>

#include "core/digest.h"
#include "repository/packed/base64.h"
#include "repository/packed/random.h"

namespace summit::repository::packed {
namespace {

constexpr Argon2Cost kCheap{.passes = 1, .memory_kib = 8, .lanes = 1};

SlotHeader passphrase_header(const RepositoryId& repository) {
  SlotHeader header;
  header.repository = repository;
  header.name = "0123456789abcdef";
  header.label = "laptop of \"Jo\" \xc3\xbc";
  header.created = *from_rfc3339("2026-01-02T03:04:05Z");
  header.generation = 1;
  header.salt = random_bytes<32>();
  header.cost = kCheap;
  return header;
}

struct SealedSlot {
  Keyring keyring = *Keyring::create(RepositoryId::random());
  SlotHeader header = passphrase_header(keyring.repository());
  Secret key = *slot_key_of_passphrase(header, Secret("correct horse"));
  std::string text = *write_slot(header, key, keyring);
};

// The same text with another header and a checksum that fits it, as somebody with access to the storage could
// write it.
std::string with_header(const std::string& text, const std::string& from, const std::string& to) {
  std::string lines = text.substr(0, text.find('\n', text.find('\n') + 1) + 1);
  const size_t at = lines.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  lines.replace(at, from.size(), to);
  return lines + to_hex(sha256(as_bytes(lines))) + "\n";
}

// The reference implementation's own vectors (test.c of the project phc-winner-argon2): version 0x13,
// Argon2id.
TEST(Stretching, GivesTheKeysOfTheReferenceImplementation) {
  const auto key =
      stretch(Secret("password"), as_bytes("somesalt"), {.passes = 2, .memory_kib = 256, .lanes = 1});
  EXPECT_EQ(to_hex(as_bytes(key->reveal())),
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
  const auto lanes =
      stretch(Secret("password"), as_bytes("somesalt"), {.passes = 2, .memory_kib = 256, .lanes = 2});
  EXPECT_EQ(to_hex(as_bytes(lanes->reveal())),
            "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037");
}

TEST(Stretching, SpaceAtTheEndOfAPassphraseDoesNotCount) {
  const auto key = [](const std::string& text) {
    return stretch(Secret(text), as_bytes("somesalt"), kCheap)->reveal();
  };
  EXPECT_EQ(key("pass phrase \r\n"), key("pass phrase"));
  EXPECT_NE(key(" pass phrase"), key("pass phrase"));
  EXPECT_EQ(stretch(Secret(" \n"), as_bytes("somesalt"), kCheap).error().code(), Code::kKeyMissing);
}

TEST(Stretching, RefusesCostsThatOnlyAnAttackerAsksFor) {
  for (const Argon2Cost& cost :
       {Argon2Cost{0, 64, 1}, Argon2Cost{65, 64, 1}, Argon2Cost{1, 7, 1},
        Argon2Cost{1, 4u * 1024 * 1024 + 1, 1}, Argon2Cost{1, 64, 0}, Argon2Cost{1, 1024, 65},
        Argon2Cost{1, 31, 4}, Argon2Cost{1, UINT32_MAX, UINT32_MAX}}) {
    EXPECT_EQ(stretch(Secret("x"), as_bytes("somesalt"), cost).error().code(), Code::kRefused)
        << cost.passes << " " << cost.memory_kib;
  }
  EXPECT_TRUE(check_cost(Argon2Cost{}).ok());
}

TEST(Base64, ReadsBackWhatItWritesAndNothingElse) {
  for (const std::string plain : {"", "f", "fo", "foo", "foob"})
    EXPECT_EQ(from_base64(to_base64(as_bytes(plain))), plain);
  EXPECT_EQ(to_base64(as_bytes("foob")), "Zm9vYg==");
  for (const char* text : {"Zm9vYg=", "Zm9vYg", " Zm9vYg==", "Zm9vYh==", "====", "Zm9\n", "Zm9v====", "Z=9v",
                           "\xff\xff\xff\xff"})
    EXPECT_FALSE(from_base64(text)) << text;
}

TEST(KeySlot, OpensWithItsPassphraseAndShowsWhatItIs) {
  const SealedSlot sealed;
  const auto slot = parse_slot(sealed.header.name, sealed.text);
  ASSERT_TRUE(slot.ok()) << slot.error().to_string();
  EXPECT_EQ(slot->header.label, sealed.header.label);
  EXPECT_EQ(slot->header.cost, kCheap);
  EXPECT_EQ(slot->header.created, sealed.header.created);
  EXPECT_EQ(slot->header.repository, sealed.keyring.repository());
  const auto keyring = open_slot(*slot, *slot_key_of_passphrase(slot->header, Secret("correct horse\n")));
  ASSERT_TRUE(keyring.ok()) << keyring.error().to_string();
  EXPECT_EQ(keyring->to_json().reveal(), sealed.keyring.to_json().reveal());
  EXPECT_EQ(open_slot(*slot, *slot_key_of_passphrase(slot->header, Secret("wrong"))).error().code(),
            Code::kWrongKey);
}

TEST(KeySlot, HoldsNoKeyInTheClear) {
  const SealedSlot sealed;
  const std::string json = sealed.keyring.to_json().reveal();
  const std::string master = json.substr(json.find("\"key\": \"") + 8, 64);
  EXPECT_EQ(sealed.text.find(master), std::string::npos);
  EXPECT_EQ(sealed.text.find("correct horse"), std::string::npos);
}

TEST(KeySlot, OfAKeyServiceCarriesTheEncryptedDataKey) {
  SealedSlot sealed;
  sealed.header.kind = SlotKind::kKms;
  sealed.header.service_key = {"arn:aws:kms:us-west-2:111122223333:key/1", "us-west-2"};
  sealed.header.encrypted_data_key = std::string("\0\1\2opaque", 9);
  const Secret data_key = random_key();
  const auto text = write_slot(sealed.header, *slot_key_of_data_key(sealed.header, data_key), sealed.keyring);
  const auto slot = parse_slot(sealed.header.name, *text);
  ASSERT_TRUE(slot.ok()) << slot.error().to_string();
  EXPECT_EQ(slot->header.encrypted_data_key, sealed.header.encrypted_data_key);
  EXPECT_EQ(slot->header.service_key.id, sealed.header.service_key.id);
  EXPECT_TRUE(open_slot(*slot, *slot_key_of_data_key(slot->header, data_key)).ok());
}

TEST(KeySlot, EveryChangedByteAndEveryLengthIsDamageThatNamesTheSlot) {
  const SealedSlot sealed;
  for (size_t i = 0; i < sealed.text.size(); ++i) {
    std::string changed = sealed.text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto slot = parse_slot(sealed.header.name, changed);
    ASSERT_FALSE(slot.ok()) << "byte " << i;
    ASSERT_EQ(slot.error().code(), Code::kCorrupt) << "byte " << i;
    ASSERT_NE(slot.error().message().find(sealed.header.name), std::string::npos);
    ASSERT_FALSE(parse_slot(sealed.header.name, std::string_view(sealed.text).substr(0, i)).ok())
        << "length " << i;
  }
  EXPECT_FALSE(parse_slot(sealed.header.name, sealed.text + "\n").ok());
  EXPECT_EQ(parse_slot("another", sealed.text).error().code(), Code::kCorrupt);
}

TEST(KeySlot, AForgedHeaderDoesNotOpen) {
  const SealedSlot sealed;
  const std::string other = RepositoryId::random().to_hex();
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"laptop", "tablet"},
                                                        {"\"generation\":1", "\"generation\":2"},
                                                        {"\"passphrase\"", "\"key_file\""},
                                                        {sealed.keyring.repository().to_hex(), other},
                                                        {"\"version\":1,", "\"version\":1, "}}) {
    const auto slot = parse_slot(sealed.header.name, with_header(sealed.text, from, to));
    ASSERT_TRUE(slot.ok()) << slot.error().to_string();
    EXPECT_EQ(open_slot(*slot, sealed.key).error().code(), Code::kWrongKey) << to;
  }
}

TEST(KeySlot, RefusesHeadersWithFieldsMissingOrOutOfRange) {
  const SealedSlot sealed;
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"passes\":1", "\"passes\":-1"},
                                                        {"\"passes\":1", "\"passes\":4294967296"},
                                                        {"\"memory_kib\"", "\"memory\""},
                                                        {"\"salt\":\"", "\"salt\":\"00"},
                                                        {"\"kind\":\"passphrase\"", "\"kind\":\"guess\""},
                                                        {"2026-01-02", "yesterday!"},
                                                        {"laptop", "\\u001b[2J"},
                                                        {"laptop", std::string(201, 'x')},
                                                        {"{", "["}}) {
    const auto slot = parse_slot(sealed.header.name, with_header(sealed.text, from, to));
    ASSERT_FALSE(slot.ok()) << to;
    EXPECT_EQ(slot.error().code(), Code::kCorrupt);
  }
  EXPECT_EQ(parse_slot(sealed.header.name, with_header(sealed.text, "\"version\":1", "\"version\":2"))
                .error()
                .code(),
            Code::kUnsupported);
  const auto costly =
      parse_slot(sealed.header.name, with_header(sealed.text, "\"memory_kib\":8", "\"memory_kib\":4194305"));
  EXPECT_EQ(slot_key_of_passphrase(costly->header, Secret("x")).error().code(), Code::kRefused);
}

TEST(KeySlot, LabelsCannotCarryTerminalCommands) {
  EXPECT_TRUE(check_label("on call, \"night\" \xe2\x82\xac").ok());
  for (const std::string label : {"\x1b[31m", "two\nlines",
                                  "\xc2\x9b"
                                  "31m",
                                  "\xff", "\x7f"})
    EXPECT_EQ(check_label(label).error().code(), Code::kUsage);
  EXPECT_FALSE(check_label(std::string(201, 'x')).ok());
}

}  // namespace
}  // namespace summit::repository::packed
