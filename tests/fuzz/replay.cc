// Runs a fuzz target without a fuzzer: over its corpus, and over the corpus damaged in ways that are the same
// in every run. `make test` thereby proves that each target builds, that its seeds are accepted without a
// crash, and that what a fuzzer once found stays mended. The input in hand lies in <program>.input while it
// is tried.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace {

namespace fs = std::filesystem;
using Input = std::vector<uint8_t>;

Input read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(stream), {});
}

void damage(Input& input, std::mt19937_64& random) {
  for (uint64_t changes = 1 + random() % 4; changes > 0 && !input.empty(); --changes) {
    const auto at = input.begin() + static_cast<std::ptrdiff_t>(random() % input.size());
    switch (random() % 5) {
      case 0:
        *at = static_cast<uint8_t>(random());
        break;
      case 1:
        *at = static_cast<uint8_t>(*at ^ (1U << random() % 8));
        break;
      case 2:
        input.erase(at, at + std::min<std::ptrdiff_t>(input.end() - at, 1 + static_cast<int>(random() % 16)));
        break;
      case 3:
        input.insert(at, 1 + random() % 8, static_cast<uint8_t>(random() % 2 == 0 ? 0xff : random()));
        break;
      default:
        input.erase(at, input.end());
        break;
    }
  }
}

// The input that is being tried, in a file that a crash leaves behind.
class Tried {
 public:
  explicit Tried(fs::path file)
      : file_(std::move(file)), fd_(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640)) {}
  ~Tried() {
    ::close(fd_);
    fs::remove(file_);
  }
  Tried(const Tried&) = delete;
  Tried& operator=(const Tried&) = delete;

  bool run(const Input& input) const {
    const auto size = static_cast<ssize_t>(input.size());
    if (::pwrite(fd_, input.data(), input.size(), 0) != size || ::ftruncate(fd_, size) != 0) return false;
    LLVMFuzzerTestOneInput(input.data(), input.size());
    return true;
  }

 private:
  fs::path file_;
  int fd_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
    return 2;
  }
  std::vector<fs::path> seeds;
  for (const auto& entry : fs::directory_iterator(argv[1])) seeds.push_back(entry.path());
  std::sort(seeds.begin(), seeds.end());
  if (seeds.empty()) {
    std::fprintf(stderr, "%s holds no seed\n", argv[1]);
    return 1;
  }
  const Tried tried{fs::path(argv[0]).concat(".input")};
  std::mt19937_64 random(20261121);  // NOLINT(cert-msc51-cpp): the same cases in every run
  constexpr int kRounds = 3000;
  for (const auto& seed : seeds) {
    const Input whole = read(seed);
    bool kept = tried.run(whole);
    for (int round = 0; round < kRounds && kept; ++round) {
      Input input = whole;
      damage(input, random);
      kept = tried.run(input);
    }
    if (!kept) {
      std::perror("the input could not be kept");
      return 1;
    }
  }
  std::printf("%zu seeds, %d damaged forms of each\n", seeds.size(), kRounds);
  return 0;
}
