#include "core/secret.h"

#include <gtest/gtest.h>

#include <new>
#include <string>

namespace summit {
namespace {

TEST(Secret, CopiesAndMovesLikeAValue) {
  Secret secret("correct horse battery staple");
  Secret copy = secret;
  EXPECT_EQ(copy.reveal(), secret.reveal());
  const Secret moved = std::move(copy);
  EXPECT_EQ(moved.reveal(), "correct horse battery staple");
  Secret assigned("old");
  assigned = secret;
  EXPECT_EQ(assigned.reveal(), secret.reveal());
  assigned = Secret("new");
  EXPECT_EQ(assigned.reveal(), "new");
  EXPECT_TRUE(Secret().empty());
}

// The bytes at a place, whatever lives or lived there.
std::string bytes_at(const volatile void* place, size_t size) {
  const auto* bytes = static_cast<const volatile char*>(place);
  std::string copy;
  for (size_t i = 0; i < size; ++i) copy += bytes[i];
  return copy;
}

// Short enough to lie inside the object itself, which is where it can be looked for afterwards.
constexpr const char* kShort = "hunter2";
constexpr const char* kAllButFirst = "unter2";

TEST(Secret, LeavesNothingBehindWhereItWas) {
  alignas(Secret) unsigned char room[sizeof(Secret)];
  auto* secret = new (room) Secret(kShort);
  ASSERT_NE(bytes_at(room, sizeof room).find(kShort), std::string::npos);
  secret->~Secret();
  EXPECT_EQ(bytes_at(room, sizeof room).find(kAllButFirst), std::string::npos);
}

TEST(Secret, ReplacedByAnotherLeavesNothingBehind) {
  Secret secret(kShort);
  secret = Secret("x");
  EXPECT_EQ(bytes_at(&secret, sizeof secret).find(kAllButFirst), std::string::npos);
}

}  // namespace
}  // namespace summit
