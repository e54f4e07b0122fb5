// Random damage that no checksum catches: the reader may accept or refuse it, and must do so without a crash,
// without endless work, and without memory beyond a small multiple of the file. Runs best under the address
// sanitizer.
#include <gtest/gtest.h>

#include <random>

#include "formats/rdb/canonical.h"
#include "formats/rdb/rewriter.h"
#include "rdb_builder.h"

namespace summit::rdb {
namespace {

std::string without_checksum(std::string file) { return file.replace(file.size() - 8, 8, 8, '\0'); }

// Reads, digests and rewrites. True when the file was accepted.
bool use(std::string_view file) {
  KeyDigester digester(1);
  uint64_t written = 0;
  Rewriter rewriter([&](ByteView bytes) -> Result<void> {
    written += bytes.size();
    return {};
  });
  Reader reader([&](const Record& record) -> Result<void> {
    if (record.kind == Record::Kind::kEntry) RETURN_IF_ERROR(digester.digest(record));
    return rewriter.write(record);
  });
  const auto fed = reader.feed(as_bytes(file));
  if (!fed.ok()) {
    EXPECT_TRUE(fed.error().code() == Code::kCorrupt || fed.error().code() == Code::kUnsupported)
        << fed.error().message();
    return false;
  }
  return reader.finish().ok();
}

std::string old_encodings() {
  return rdb_file(
      entry(ValueType::kHashZipmap, "zm", text(zipmap({{"f", "v"}, {"g", std::string(300, 'x')}}))) +
          entry(ValueType::kHashZiplist, "hz",
                text(ziplist({"f", "-5", "g", "70000", "h", std::string(70, 'y')}))) +
          entry(ValueType::kSortedSet, "z",
                length(2) + text("a") +
                    "\x03"
                    "1.5" +
                    text("b") + "\xfe") +
          entry(ValueType::kHashMetadata, "hm",
                fixed(1000, 8) + length(1) + length(1) + text("f") + text("v")) +
          entry(ValueType::kModule2, "m", length(123456789) + length(5) + text("x") + length(0)),
      12);
}

TEST(Mutation, RandomDamageNeverCrashesTheReader) {
  std::mt19937_64 random(20261121);  // NOLINT(cert-msc51-cpp): the same cases in every run
  int accepted = 0;
  for (const std::string& seed : {without_checksum(sample_file()), without_checksum(old_encodings())}) {
    ASSERT_TRUE(use(seed));
    for (int round = 0; round < 40000; ++round) {
      std::string file = seed;
      for (uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
        const size_t at = 9 + random() % (file.size() - 9);
        switch (random() % 4) {
          case 0:
            file[at] = static_cast<char>(random());
            break;
          case 1:
            file[at] = static_cast<char>(file[at] ^ (1 << random() % 8));
            break;
          case 2:
            file.erase(at, 1 + random() % 8);
            break;
          default:
            file.insert(at, 1 + random() % 8, static_cast<char>(random() % 2 == 0 ? 0xff : random()));
            break;
        }
        if (file.size() < 20) break;
      }
      accepted += use(file) ? 1 : 0;
    }
  }
  EXPECT_GT(accepted, 0) << "damage that stays well-formed (in a text, say) is accepted";
}

}  // namespace
}  // namespace summit::rdb
