#include "masking/copy_rows.h"

#include <fmt/format.h>

#include <set>

#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string masked(RowMask mask, const std::string& rows) {
  CopyRowMask copy(std::move(mask));
  std::string out;
  const auto result = copy.mask(rows, out);
  return result.ok() ? out : "error: " + result.error().message();
}

// The columns of one row.
std::vector<std::string> columns_of(const std::string& row) {
  std::vector<std::string> columns(1);
  for (const char c : row) {
    if (c == '\t')
      columns.emplace_back();
    else if (c != '\n')
      columns.back() += c;
  }
  return columns;
}

const std::vector<std::string> kUserColumns = {"id",    "name",          "email",  "phone", "address",
                                               "login", "password_hash", "avatar", "labels"};
const std::vector<std::string> kAuditColumns = {"user_ip", "session_data", "prev_hash",
                                                "hash",    "actor",        "target"};

TEST(CopyRows, DocumentedUsersBecomeExactlyWhatTheDocumentsSay) {
  const auto rules = shipped_rules();
  const auto row =
      masked(mask_of(rules, "users", kUserColumns),
             "7\tAda\tada@lovelace.org\t+47 912 34 567\t1 Street\\n2\tada\t$2b$old\t\\\\x00\t\\N\n");
  const auto columns = columns_of(row);
  ASSERT_EQ(columns.size(), kUserColumns.size()) << row;
  EXPECT_EQ(columns[0], "7");
  EXPECT_EQ(columns[2], "dev_7@example.com");
  EXPECT_EQ(columns[3], "+1-555-0000007");
  EXPECT_EQ(columns[4], "\\N");
  EXPECT_THAT(columns[1], Not(HasSubstr("Ada")));
  EXPECT_THAT(columns[6], testing::StartsWith("$2b$10$"));
}

TEST(CopyRows, StagingMasksOnlyWhatTheRunbookRequires) {
  const auto rules = shipped_rules();
  const auto level = config::Sanitization::kMinimal;
  EXPECT_TRUE(mask_of(rules, "investigations",
                      {"id", "title", "classified_info", "internal_notes", "metadata"}, 'k', level)
                  .empty());
  EXPECT_EQ(masked(mask_of(rules, "configuration", {"name", "value"}, 'k', level), "STRIPE_KEY\tsk_live_1\n"),
            "STRIPE_KEY\tdev_test_key_STRIPE_KEY\n");
  EXPECT_THAT(
      masked(mask_of(rules, "users", kUserColumns, 'k', level), "7\tA\ta@b.c\t1\t1\ta\tx\t\\N\t\\N\n"),
      HasSubstr("dev_7@example.com"));
}

TEST(CopyRows, OtherDocumentedTablesBecomeExactlyWhatTheDocumentsSay) {
  const auto rules = shipped_rules();
  EXPECT_EQ(masked(mask_of(rules, "configuration", {"name", "value"}),
                   "THEME\tdark\nJWT_SECRET\tx\nA_PASSWORD\t\\N\n"),
            "THEME\tdark\nJWT_SECRET\tdev_test_key_JWT_SECRET\nA_PASSWORD\tdev_test_key_A_PASSWORD\n");
  EXPECT_EQ(masked(mask_of(rules, "billing", {"id", "credit_card", "bank_account"}),
                   "1\t4111111111111111\t\\N\n2\t\\N\tDE89\n3\t\\N\t\\N\n"),
            "1\t****-****-****-0000\t****0000\n2\t****-****-****-0000\t****0000\n3\t\\N\t\\N\n");
  EXPECT_EQ(masked(mask_of(rules, "investigations",
                           {"id", "title", "classified_info", "internal_notes", "metadata"}),
                   "i-1\tOp X\tsecret\t\\N\t\\N\ni-2\tOp Y\t\\N\t\\N\t{\"summary\": \"x\"}\n"),
            "i-1\tInvestigation i-1\t[REDACTED FOR DEV/TEST]\t[REDACTED FOR DEV/TEST]\t\\N\n"
            "i-2\tInvestigation i-2\t\\N\t\\N\t{\"summary\": \"[REDACTED FOR DEV/TEST]\"}\n");
  // md5('10.0.0.1' || 'dev_salt')
  EXPECT_THAT(
      masked(mask_of(rules, "audit_logs", kAuditColumns),
             "10.0.0.1\t{\"a\":1}\t00\ta1\t\\N\t\\N\n\\N\t{\"a\":1}\ta1\tb2\t\\N\tuser/7\n"),
      MatchesRegex("0cdcfa3daec3b422e84b72cdbcc9baca\t\\\\N\t[0-9a-f]{64}\t[0-9a-f]{64}\t\\\\N\t\\\\N\n"
                   "\\\\N\t\\\\N\t[0-9a-f]{64}\t[0-9a-f]{64}\t\\\\N\t[0-9a-f]{24}\n"));
}

// A row of the audit log still names its predecessor, and no hash is one of production.
TEST(CopyRows, TheAuditLogsChainStaysLinkedUnderOtherHashes) {
  const auto rows = masked(mask_of(shipped_rules(), "audit_logs", kAuditColumns),
                           "\\N\t\\N\t00\ta1\t\\N\t\\N\n\\N\t\\N\ta1\tb2\t\\N\t\\N\n");
  const size_t second = rows.find('\n') + 1;
  const auto first = columns_of(rows.substr(0, second));
  const auto next = columns_of(rows.substr(second));
  EXPECT_EQ(next[2], first[3].substr(0, 64));
  EXPECT_NE(next[2], next[3].substr(0, 64));
  EXPECT_NE(first[2], "00");
}

TEST(CopyRows, WhatTheDocumentedConditionLeavesInTheClearIsMaskedByOurOwn) {
  const auto rules = shipped_rules();
  const auto rows =
      masked(mask_of(rules, "entities",
                     {"id", "contact_email", "phone_number", "name", "aliases", "address", "mac", "place",
                      "location", "fingerprint", "token", "embedding", "attributes"}),
             "5\t\\N\t+4791234567\tA\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n");
  const auto columns = columns_of(rows);
  EXPECT_EQ(columns[1], "\\N");
  EXPECT_THAT(columns[2], MatchesRegex("\\+1-555-[0-9]{11}"));
  const auto user = columns_of(masked(mask_of(rules, "users", kUserColumns),
                                      "8\tA\tceo@example.com\t+4791234567\tx\ta\tx\t\\N\t\\N\n"));
  EXPECT_THAT(user[2], MatchesRegex("[a-z2-7]+@example.com"));
  // The same number in another table.
  EXPECT_EQ(user[3], columns[2]);
}

// LPAD cuts ids that are longer, and makes 7, 07 and 007 one: there the pseudonym of the number stands in.
TEST(CopyRows, PhonesStayUniqueWhereTheDocumentedPaddingWouldCollide) {
  const auto rules = shipped_rules();
  std::set<std::string> phones;
  size_t count = 0;
  for (const auto* id :
       {"7", "07", "0000007", "12345678", "123456789", "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "3fa85f64-0000-4562-b3fc-2c963f66afa6", "1234567"}) {
    const auto row = masked(mask_of(rules, "users", kUserColumns),
                            fmt::format("{}\tA\ta{}@b.c\t+47{:08}\tx\ta\tx\t\\N\t\\N\n", id, count, count));
    phones.insert(columns_of(row)[3]);
    ++count;
  }
  EXPECT_EQ(phones.size(), count);
  EXPECT_EQ(phones.count("+1-555-0000007"), 1U);
  EXPECT_EQ(phones.count("+1-555-1234567"), 1U);
}

TEST(CopyRows, EscapesArePartOfValuesAndComeBackAsEscapes) {
  const auto rules = table_rules(R"(
    - table: t
      set: {b: {template: "<{a}>"}}
)");
  EXPECT_EQ(masked(mask_of(rules, "t", {"a", "b", "c"}), "x\\ty\\\\z\\n\\x41\\101\told\tkept\\t\n"),
            "x\\ty\\\\z\\n\\x41\\101\t<x\\ty\\\\z\\nAA>\tkept\\t\n");
  EXPECT_EQ(masked(mask_of(rules, "t", {"a", "b"}), "\\N\told\n"), "\\N\t\\N\n");
  // The text \N is no NULL.
  EXPECT_EQ(masked(mask_of(rules, "t", {"a", "b"}), "\\\\N\told\n"), "\\\\N\t<\\\\N>\n");
}

TEST(CopyRows, ArraysAndDocumentsInsideFields) {
  const auto rules = table_rules(R"(
    - table: t
      set:
        a: {elements: {constant: "x"}}
        j: {json: {"$..email": {constant: 'a"b'}}}
)");
  EXPECT_EQ(masked(mask_of(rules, "t", {"a", "j"}),
                   "{\"p\\\\\"q\",r}\t{\"n\": 1.0, \"email\": \"tab\\\\there\"}\n"),
            "{x,x}\t{\"n\": 1.0, \"email\": \"a\\\\\"b\"}\n");
}

TEST(CopyRows, RowsThatNoRuleTouchesPassByteForByte) {
  const auto rules = table_rules("    - {table: t, set: {a: remove}}\n");
  const std::string rows = "1\t\\x\\\\odd\\q\n\\.\n\n";
  EXPECT_EQ(masked(mask_of(rules, "other", {"a", "b"}), rows), rows);
  const auto kept = table_rules("    - {table: t, where: b = 'x', set: {a: remove}, otherwise: {a: keep}}\n");
  EXPECT_EQ(masked(mask_of(kept, "t", {"a", "b"}), "\\141\\q\ty\nz\tx\n\\.\n"), "\\141\\q\ty\n\\N\tx\n\\.\n");
}

TEST(CopyRows, NothingIsLetThroughThatTheRuleDoesNotUnderstand) {
  const auto rules = table_rules(R"(
    - table: t
      set:
        j: {json: {"$.a": remove}}
        d: {shift_days: {by: id, most: 100}}
)");
  const std::vector<std::string> columns{"id", "j", "d"};
  const auto bad_json = masked(mask_of(rules, "t", columns), "1\t{broken secret\t2026-01-01\n");
  EXPECT_THAT(bad_json, HasSubstr("error: a value of `j` of t cannot be masked"));
  EXPECT_THAT(bad_json, Not(HasSubstr("secret")));
  EXPECT_THAT(masked(mask_of(rules, "t", columns), "1\t{}\t1 May 1990\n"), HasSubstr("value of `d`"));
  EXPECT_THAT(masked(mask_of(rules, "t", columns), "1\t{}\n"), HasSubstr("fewer columns"));
  EXPECT_THAT(masked(mask_of(rules, "t", columns), "1\t{}\t\\"), HasSubstr("has no end"));
  EXPECT_THAT(masked(mask_of(rules, "t", columns), "1\t{}\t\\\n"), HasSubstr("escape"));
}

TEST(CopyRows, DatesOfOneSubjectMoveTogether) {
  const auto rules = table_rules(
      "    - {table: t, set: {d: {shift_days: {by: id, most: 100}}, e: {shift_days: {by: id, most: "
      "100}}}}\n");
  const auto rows = masked(mask_of(rules, "t", {"id", "d", "e"}), "1\t2026-01-01\t2026-01-01 10:00:00\n");
  const auto columns = columns_of(rows);
  EXPECT_NE(columns[1], "2026-01-01");
  EXPECT_EQ(columns[2], columns[1] + " 10:00:00");
}

TEST(CopyRows, AnotherKeyChangesEveryOutput) {
  const auto rules = table_rules(
      "    - {table: t, set: {a: {pseudonym: email}, b: {hash: 16}, c: {pseudonym: name}, d: {pseudonym: "
      "phone}}}\n");
  const std::string row = "a@b.c\tx\tAda\t+4791234567\n";
  const auto one = columns_of(masked(mask_of(rules, "t", {"a", "b", "c", "d"}, 'k'), row));
  const auto other = columns_of(masked(mask_of(rules, "t", {"a", "b", "c", "d"}, 'o'), row));
  for (size_t i = 0; i < one.size(); ++i) EXPECT_NE(one[i], other[i]);
}

}  // namespace
}  // namespace summit::masking
