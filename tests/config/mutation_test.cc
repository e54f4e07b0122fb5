// Damaged files give findings, never a crash or an exception.
#include <gtest/gtest.h>

#include <random>

#include "project.h"

namespace summit::config {
namespace {

std::string damaged(std::string text, std::mt19937& random) {
  const std::string alphabet = "{}[]:,-#&*!|>'\"%@` \n\t\\$~?x0\xff\x80";
  for (size_t changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
    const size_t at = random() % text.size();
    const char c = alphabet[random() % alphabet.size()];
    switch (random() % 4) {
      case 0:
        text[at] = c;
        break;
      case 1:
        text.insert(at, 1, c);
        break;
      case 2:
        text.erase(at, 1 + random() % 8);
        break;
      default:
        text.insert(at, text.substr(random() % text.size(), random() % 60));
        break;
    }
  }
  return text;
}

TEST(Mutation, EveryDamagedFileEitherLoadsOrSaysWhatIsWrong) {
  std::mt19937 random(11);
  const Project project;
  size_t refused = 0;
  constexpr size_t kRounds = 300;
  for (size_t round = 0; round < kRounds; ++round) {
    const bool sets = round % 2 == 0;
    const std::string file = sets ? "config/backup-sets.yaml" : "config/environments.yaml";
    const auto& good = sets ? kSmallestSets : kSmallestEnvironments;
    const auto text = damaged(good, random);
    project.write(file, text);
    const auto loaded = project.load();
    if (!loaded.ok()) {
      ++refused;
      EXPECT_EQ(loaded.error().code(), Code::kConfig) << text;
      EXPECT_NE(loaded.error().message().find(".yaml:"), std::string::npos)
          << loaded.error().message() << "\n"
          << text;
    } else {
      EXPECT_FALSE(show(*loaded).empty());
    }
    project.write(file, good);
  }
  EXPECT_GT(refused, kRounds / 4) << "the damage must be real";
}

}  // namespace
}  // namespace summit::config
