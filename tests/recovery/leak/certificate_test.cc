#include "recovery/leak/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/process.h"

namespace summit::recovery {
namespace {

class CertificateTest : public testing::Test {
 protected:
  SigningKey key() { return SigningKey::open_or_create(key_path_).value(); }
  static Certificate sample() {
    Certificate certificate;
    certificate.restore = "restore-20261121T031048Z";
    certificate.backup = "summit-backup-full-20261121T031000Z";
    certificate.environment = "dev";
    certificate.issued = from_rfc3339("2026-11-21T03:12:00Z").value();
    certificate.level = "full";
    certificate.rules_sha256 = std::string(64, 'a');
    certificate.reduction_percent = 10;
    certificate.values = {.anywhere = 7, .own_place = 3, .not_sought = 2, .also_stand_in = 1, .canaries = 1};
    certificate.searched["postgresql"] = {.elements = 1000, .bytes = 123456};
    certificate.not_searched = {"files: base64", "postgresql: foreign table public.\"Ødegård\""};
    certificate.weak_rules = {"audit_logs.user_ip: MD5 with a public salt (line 7)"};
    return certificate;
  }

  TemporaryDirectory directory_ =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-cert-").value();
  fs::path key_path_ = directory_.path() / "keys" / "certificate.key";
};

TEST_F(CertificateTest, SaysWhatWasSignedAndWhoseKeyItWas) {
  const auto text = sign_certificate(sample(), key()).value();
  const auto read = read_certificate(text);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->certificate, sample());
  EXPECT_EQ(read->public_key, SigningKey::read_public(key_path_.string() + ".pub").value().public_hex());
}

TEST_F(CertificateTest, EveryChangedSignIsFound) {
  const auto text = sign_certificate(sample(), key()).value();
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ' ' || text[at] == '\n') continue;
    auto changed = text;
    changed[at] = changed[at] == '7' ? '8' : '7';
    const auto read = read_certificate(changed);
    // Capital digits of a key or signature say the same.
    EXPECT_FALSE(read.ok()) << at << ": " << changed.substr(at, 20);
  }
  EXPECT_EQ(read_certificate("").error().code(), Code::kCorrupt);
  EXPECT_EQ(read_certificate("{}").error().code(), Code::kCorrupt);
}

TEST_F(CertificateTest, TheKeyIsMadeOnceAndKeptFromOthers) {
  const auto made = key().public_hex();
  EXPECT_EQ(key().public_hex(), made);
  struct stat status{};
  ASSERT_EQ(::stat(key_path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::chmod(key_path_.c_str(), 0640), 0);
  EXPECT_EQ(SigningKey::open_or_create(key_path_).error().code(), Code::kRefused);
}

// docs/formats/certificate.md gives this way to check one without this program.
TEST_F(CertificateTest, StockOpensslAcceptsTheSignature) {
  const auto signature = key().sign("what is signed").value();
  std::string raw;
  ASSERT_TRUE(from_hex(signature, raw));
  ASSERT_TRUE(write_file_durably(directory_.path() / "signature", raw).ok());
  ASSERT_TRUE(write_file_durably(directory_.path() / "text", "what is signed").ok());
  const auto said =
      run({.argv = {"openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key_path_.string() + ".pub",
                    "-rawin", "-in", (directory_.path() / "text").string(), "-sigfile",
                    (directory_.path() / "signature").string()}});
  ASSERT_TRUE(said.ok()) << said.error().to_string();
  EXPECT_THAT(*said, testing::HasSubstr("Signature Verified Successfully"));
}

}  // namespace
}  // namespace summit::recovery
