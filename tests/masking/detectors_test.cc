#include "masking/detectors.h"

#include <gtest/gtest.h>

namespace summit::masking {
namespace {

TEST(Detectors, KnowNamesInWhateverSpelling) {
  for (const char* name : {"email", "contactEmail", "CONTACT_EMAIL_2", "e-mail", "Work E Mail"})
    EXPECT_EQ(suspect_name(name), Suspicion::kEmail) << name;
  EXPECT_EQ(suspect_name("user_ip"), Suspicion::kIp);
  EXPECT_EQ(suspect_name("ip_address"), Suspicion::kIp);
  EXPECT_EQ(suspect_name("address"), Suspicion::kAddress);
  EXPECT_EQ(suspect_name("dateOfBirth"), Suspicion::kBirthDate);
  EXPECT_EQ(suspect_name("apiKey"), Suspicion::kCloudKey);
  EXPECT_EQ(suspect_name("embedding"), Suspicion::kEmbedding);
  for (const char* name : {"id", "recipe", "company", "emailed_at_count", "shipping", "kind", ""})
    EXPECT_FALSE(suspect_name(name).has_value()) << name;
}

TEST(Detectors, KnowNamesWhoseCaseWasFoldedAndPlurals) {
  const std::pair<const char*, Suspicion> cases[] = {
      {"firstname", Suspicion::kPersonName},
      {"user_fullname", Suspicion::kPersonName},
      {"customerName", Suspicion::kPersonName},
      {"display_name", Suspicion::kPersonName},
      {"emailaddress", Suspicion::kEmail},
      {"phonenumber", Suspicion::kPhone},
      {"dateofbirth", Suspicion::kBirthDate},
      {"bankaccount", Suspicion::kIban},
      {"ipaddress", Suspicion::kIp},
      {"zipcode", Suspicion::kAddress},
      {"postal_code", Suspicion::kAddress},
      {"nationalid", Suspicion::kNationalId},
      {"passwordhash", Suspicion::kSecret},
      {"accesstoken", Suspicion::kSecret},
      {"cardnumber", Suspicion::kCard},
      {"emails", Suspicion::kEmail},
      {"phones", Suspicion::kPhone},
      {"addresses", Suspicion::kAddress},
      {"api_keys", Suspicion::kCloudKey},
      {"passwords", Suspicion::kSecret},
      {"ips", Suspicion::kIp},
      {"pwd", Suspicion::kSecret},
  };
  for (const auto& [name, suspicion] : cases) EXPECT_EQ(suspect_name(name), suspicion) << name;
  for (const char* name : {"status", "process", "stripes", "names", "topics", "classes"})
    EXPECT_FALSE(suspect_name(name).has_value()) << name;
}

TEST(Detectors, FindPrivateValuesInOtherSpellings) {
  const std::pair<const char*, Suspicion> cases[] = {
      {"from ::ffff:203.0.113.77", Suspicion::kIp},
      {"ring 0047 912 34 567", Suspicion::kPhone},
      {"no93 8601 1117 947", Suspicion::kIban},
      {"pay to de89370400440532013000, please", Suspicion::kIban},
      {"card 4111.1111.1111.1111", Suspicion::kCard},
      {"kari@b\u00e6rum.kommune.no", Suspicion::kEmail},
      {"https://x.org/?q=ola%40acme.no", Suspicion::kEmail},
  };
  for (const auto& [value, suspicion] : cases) EXPECT_EQ(suspect_value(value), suspicion) << value;
  for (const char* value : {"::ffff:127.0.0.1", "0047912345671", "00 000 000 000", "1234.5678.1234.5678",
                            "00479123-4567-a562-b3fc-2c963f66afa6", "be12cdef90123456", "100%40 of a.no"})
    EXPECT_FALSE(suspect_value(value).has_value()) << value;
}

TEST(Detectors, FindPrivateValuesInsideTexts) {
  const std::pair<const char*, Suspicion> cases[] = {
      {"please write to ada.l+x@mail.lovelace.org today", Suspicion::kEmail},
      {"card 4111 1111 1111 1111, thanks", Suspicion::kCard},
      {"3782-822463-10005", Suspicion::kCard},
      {"card 4111-1111-1111-1111", Suspicion::kCard},
      {"pay DE89 3704 0044 0532 0130 00 NOW", Suspicion::kIban},
      {"GB29NWBK60161331926819", Suspicion::kIban},
      {"from 192.168.17.4:443", Suspicion::kIp},
      {"addr 2a00:1450:400f:80d::200e.", Suspicion::kIp},
      {"call +47 912 34 567", Suspicion::kPhone},
      {"call (415) 555-2671", Suspicion::kPhone},
      {"call 415-555-2671", Suspicion::kPhone},
      {"ssn 078-05-1120", Suspicion::kNationalId},
      {"SSN-123-45-6789", Suspicion::kNationalId},
      {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N", Suspicion::kJwt},
      {"-----BEGIN RSA PRIVATE KEY-----\nMIIE", Suspicion::kPrivateKey},
      {"key AKIAIOSFODNN7EXAMPLE", Suspicion::kCloudKey},
      {"{\"k\": \"wJalrXUtnFEMIK7MDENGbPxRfiCYzQ8vT2\"}", Suspicion::kSecret},
      {"{x,\"ada@lovelace.org\"}", Suspicion::kEmail},
  };
  for (const auto& [value, suspicion] : cases) EXPECT_EQ(suspect_value(value), suspicion) << value;
}

TEST(Detectors, LeaveHarmlessValuesAlone) {
  for (const char* value :
       {"", "a plain sentence of words, with commas.", "2026-11-21 03:10:48.123456+00", "08:00:2b:01:02:03",
        "12:30:45", "3fa85f64-5717-4562-b3fc-2c963f66afa6", "4111111111111112", "1.2.3", "user@localhost",
        "@example.com", "a @ b.com", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "[1, 2.5, null]", "DE89370400440532013001", "123456789012345678901234567890",
        "the_quick_brown_fox_jumps_over", "-73.9857,40.7484", "41111111-1111-1111-a562-2c963f66afa6",
        "3fa85f64-5717-456a-4111-111111111111"})
    EXPECT_FALSE(suspect_value(value).has_value()) << value;
}

TEST(Detectors, NamesInSettingsOfAnyFormatTell) {
  for (const char* text : {"password: hunter22", "{\"api_token\": \"0a1b2c\"}", "a = 1\ncontact_phone = x",
                           "x: 1, 'password' : 'x'"})
    EXPECT_TRUE(suspect_settings(text)) << text;
  for (const char* text :
       {"password: ${PASSWORD}", "redact: [password, token]", "token_lifetime: 3600", "password:\n",
        "password_login: false", "", ":", "=password", "secretRef: {name: x}"})
    EXPECT_FALSE(suspect_settings(text)) << text;
}

TEST(Detectors, PasswordsInsideUrlsAreSecrets) {
  EXPECT_EQ(suspect_value("postgres://user:hunter22@db:5432/summit"), Suspicion::kSecret);
  for (const char* text : {"postgres://db:5432/summit", "https://user@db/x",
                           "postgres://user:${PASSWORD}@db/x", "https://a:80/b@c"})
    EXPECT_FALSE(suspect_value(text)) << text;
}

}  // namespace
}  // namespace summit::masking
