#include "repository/packed/random.h"

#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace summit::repository::packed {

void fill_random(std::span<std::byte> bytes) {
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) == 1)
    return;
  std::fputs("fatal: the operating system gives no random bytes\n", stderr);
  std::abort();
}

Secret random_key() {
  std::string key(32, '\0');
  fill_random(std::as_writable_bytes(std::span(key)));
  return Secret(std::move(key));
}

}  // namespace summit::repository::packed
