// A project's .env file.
#include "config/dotenv.h"

#include "config/url.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto text = fuzz::text_of(bytes, size);
  const auto parsed =
      config::parse_dotenv(text, [](const std::string&) { return std::optional<std::string>("outer"); });
  for (const auto& [name, entry] : parsed.entries) {
    fuzz::require(!name.empty() && name.find('=') == std::string::npos, "a name is a name");
    fuzz::require(entry.line >= 1, "every value has a line");
    (void)config::parse_url(entry.value);
    (void)config::without_url_passwords(entry.value);
  }
  return 0;
}
