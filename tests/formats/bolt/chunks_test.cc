#include "formats/bolt/chunks.h"

#include <gtest/gtest.h>

#include <cstring>

namespace summit::bolt {
namespace {

std::vector<std::string> messages_of(std::string_view wire, size_t block, size_t longest = MiB) {
  ChunkReader reader(longest);
  std::vector<std::string> messages;
  while (!wire.empty()) {
    const size_t size = std::min(block, wire.size());
    std::memcpy(reader.room(size).data(), wire.data(), size);
    reader.take(size);
    wire.remove_prefix(size);
    for (;;) {
      const auto message = reader.next();
      if (!message.ok()) return {message.error().message()};
      if (!*message) break;
      messages.emplace_back(as_text(**message));
    }
  }
  return messages;
}

TEST(Chunks, MessagesComeBackWhereverTheBytesAreCut) {
  std::vector<std::string> messages{"a", std::string(65535, 'b'), std::string(65536, 'c'),
                                    std::string(300000, 'd'), "e"};
  for (size_t i = 0; i < messages[3].size(); ++i) messages[3][i] = static_cast<char>(i % 251);
  std::string wire;
  for (const auto& message : messages) {
    append_chunked(as_bytes(message), wire);
    wire.append(2, '\0');  // a sign of life
  }
  for (const size_t block : {size_t{1}, size_t{7}, size_t{4096}, size_t{100000}, wire.size()})
    EXPECT_EQ(messages_of(wire, block), messages) << block;
}

TEST(Chunks, AMessageWithoutEndIsRefused) {
  std::string wire;
  append_chunked(as_bytes(std::string(200000, 'x')), wire);
  const auto refused = messages_of(wire, 4096, 100000);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_NE(refused[0].find("a message of more than"), std::string::npos);
}

}  // namespace
}  // namespace summit::bolt
