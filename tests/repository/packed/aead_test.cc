#include "repository/packed/aead.h"

#include <gtest/gtest.h>

#include <vector>

#include "repository/packed/random.h"

namespace summit::repository::packed {
namespace {

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  EXPECT_TRUE(from_hex(hex, bytes));
  return bytes;
}

Aead aead_of(const Secret& key) {
  auto aead = Aead::create(key);
  EXPECT_TRUE(aead.ok()) << aead.error().to_string();
  return std::move(aead).value();
}

std::vector<std::byte> seal(Aead& aead, const AeadNonce& nonce, std::string_view associated,
                            std::string_view plain) {
  std::vector<std::byte> sealed(plain.size() + kAeadTagSize);
  const auto result = aead.seal(nonce, as_bytes(associated), as_bytes(plain), sealed);
  EXPECT_TRUE(result.ok()) << result.error().to_string();
  return sealed;
}

Result<std::string> open(Aead& aead, const AeadNonce& nonce, std::string_view associated, ByteView sealed) {
  std::string plain(sealed.size() < kAeadTagSize ? 0 : sealed.size() - kAeadTagSize, 'x');
  RETURN_IF_ERROR(aead.open(nonce, as_bytes(associated), sealed, std::as_writable_bytes(std::span(plain))));
  return plain;
}

// Test case 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega), appendix B.
TEST(Aead, SealsTheTestCaseOfTheStandard) {
  Aead aead = aead_of(Secret(bytes_of("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")));
  AeadNonce nonce;
  std::ranges::copy(as_bytes(bytes_of("cafebabefacedbaddecaf888")), nonce.begin());
  const auto sealed = seal(aead, nonce, bytes_of("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
                           bytes_of("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
                                    "956809532fcf0e2449a6b525b16a"
                                    "edf5aa0de657ba637b39"));
  EXPECT_EQ(to_hex(ByteView(sealed)),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
            "c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
}

TEST(Aead, NonceCountsLittleEndianAfterFourZeros) {
  EXPECT_EQ(to_hex(ByteView(nonce_of(0x0102030405060708))), "000000000807060504030201");
}

TEST(Aead, OpensWhatItSealedMessageAfterMessageAndInPlace) {
  Aead aead = aead_of(random_key());
  for (uint64_t ordinal = 0; ordinal < 5; ++ordinal) {
    const std::string plain(static_cast<size_t>(ordinal * 1000), static_cast<char>('a' + ordinal));
    std::vector<std::byte> buffer(plain.size() + kAeadTagSize);
    std::ranges::copy(as_bytes(plain), buffer.begin());
    const ByteView front(buffer.data(), plain.size());
    ASSERT_TRUE(aead.seal(nonce_of(ordinal), as_bytes("place"), front, buffer).ok());
    ASSERT_EQ(*open(aead, nonce_of(ordinal), "place", buffer), plain);
    ASSERT_TRUE(
        aead.open(nonce_of(ordinal), as_bytes("place"), buffer, std::span(buffer.data(), plain.size())).ok());
    EXPECT_EQ(as_text(front), plain);
  }
}

TEST(Aead, AnyOtherBitNonceKeyOrAssociatedDataBreaksTheSealAndLeavesNoPlainText) {
  const Secret key = random_key();
  Aead aead = aead_of(key);
  const auto sealed = seal(aead, nonce_of(1), "place", "the plain text");
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto changed = sealed;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    std::string plain(sealed.size() - kAeadTagSize, 'x');
    const auto opened =
        aead.open(nonce_of(1), as_bytes("place"), changed, std::as_writable_bytes(std::span(plain)));
    ASSERT_FALSE(opened.ok()) << "bit " << bit;
    EXPECT_EQ(opened.error().code(), Code::kCorrupt);
    EXPECT_EQ(plain, std::string(plain.size(), '\0'));
  }
  EXPECT_FALSE(open(aead, nonce_of(2), "place", sealed).ok());
  EXPECT_FALSE(open(aead, nonce_of(1), "Place", sealed).ok());
  EXPECT_FALSE(open(aead, nonce_of(1), "", sealed).ok());
  EXPECT_FALSE(open(aead, nonce_of(1), "place", ByteView(sealed).first(sealed.size() - 1)).ok());
  EXPECT_FALSE(open(aead, nonce_of(1), "place", ByteView(sealed).first(5)).ok());
  Aead other = aead_of(random_key());
  EXPECT_FALSE(open(other, nonce_of(1), "place", sealed).ok());
  EXPECT_EQ(*open(aead, nonce_of(1), "place", sealed), "the plain text");
}

TEST(Aead, RefusesKeysAndRoomOfTheWrongSize) {
  EXPECT_FALSE(Aead::create(Secret("short")).ok());
  Aead aead = aead_of(random_key());
  std::vector<std::byte> room(20);
  EXPECT_EQ(aead.seal(nonce_of(0), {}, as_bytes("plain"), room).error().code(), Code::kFailed);
  EXPECT_EQ(aead.open(nonce_of(0), {}, room, room).error().code(), Code::kFailed);
}

}  // namespace
}  // namespace summit::repository::packed
