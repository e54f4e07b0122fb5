#include "masking/aes_block.h"

#include <gtest/gtest.h>

#include <random>
#include <span>
#include <vector>

namespace summit::masking {
namespace {

using Block = AesBlock::Block;

Secret counting_key() {
  std::string key(AesBlock::kKeySize, '\0');
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(i);
  return Secret(std::move(key));
}

TEST(AesBlock, GivesTheExampleOfTheStandard) {
  // FIPS 197, appendix C.3.
  const Block expected = {0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf,
                          0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60, 0x89};
  for (auto make : {AesBlock::create, AesBlock::create_portable}) {
    auto cipher = make(counting_key());
    ASSERT_TRUE(cipher.ok());
    Block block;
    for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<unsigned char>(i * 0x11);
    ASSERT_TRUE(cipher->encrypt(block));
    EXPECT_EQ(block, expected);
  }
}

TEST(AesBlock, ProcessorAndLibraryAgreeForAnyKey) {
  std::mt19937 random(7);
  std::string key(AesBlock::kKeySize, '\0');
  for (int round = 0; round < 200; ++round) {
    for (auto& byte : key) byte = static_cast<char>(random());
    auto own = AesBlock::create(Secret(key)).value();
    auto library = AesBlock::create_portable(Secret(key)).value();
    Block first{};
    Block second{};
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(own.encrypt(first) && library.encrypt(second));
      ASSERT_EQ(first, second);
    }
  }
}

TEST(AesBlock, SeveralBlocksAtOnceBecomeWhatEachWouldAlone) {
  for (auto make : {AesBlock::create, AesBlock::create_portable}) {
    auto cipher = make(counting_key()).value();
    for (size_t count = 0; count <= 9; ++count) {
      std::vector<Block> together(count);
      for (size_t i = 0; i < count; ++i) together[i].fill(static_cast<unsigned char>(i));
      auto alone = together;
      ASSERT_TRUE(cipher.encrypt(std::span(together)));
      for (auto& block : alone) ASSERT_TRUE(cipher.encrypt(block));
      EXPECT_EQ(together, alone) << count;
    }
  }
}

}  // namespace
}  // namespace summit::masking
