// What the S3 store makes of a server that misbehaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "storage/probe.h"
#include "tests/storage/testing/scripted_bucket.h"

namespace summit::storage {
namespace {

using testing::HasSubstr;
using testing::Not;

// Gives `answer` to the first `times` requests of `method`.
ScriptedBucket::Before first(int times, std::string method, HttpAnswer answer) {
  auto left = std::make_shared<int>(times);
  return [=](const HttpQuestion& question) -> std::optional<HttpAnswer> {
    if (question.method != method || (*left)-- <= 0) return std::nullopt;
    return answer;
  };
}

Result<void> put(ObjectStore& store, std::string_view content, Condition condition = Condition::kNone) {
  return store.put("pack", as_bytes(content), {.condition = condition});
}

std::string name_of_answer(const testing::TestParamInfo<HttpAnswer>& info) {
  return fmt::format("Case{}Status{}", info.index, info.param.status);
}

class TransientFailure : public testing::TestWithParam<HttpAnswer> {};

TEST_P(TransientFailure, IsRetriedUntilItEnds) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  bucket.before(first(3, "PUT", GetParam()));
  const auto stored = put(*store, "content");
  ASSERT_TRUE(stored.ok()) << stored.error().to_string();
  EXPECT_EQ(bucket.count("PUT"), 4u);
  bucket.before(first(3, "GET", GetParam()));
  EXPECT_EQ(get_whole(*store, "pack").value(), "content");
}

TEST_P(TransientFailure, IsReportedWhenItDoesNotEnd) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  bucket.before(first(1000, "PUT", GetParam()));
  const auto stored = put(*store, "content");
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), Code::kUnreachable) << stored.error().to_string();
  // libcurl repeats by itself what a kept connection did not answer.
  EXPECT_GE(bucket.count("PUT"), 4u);
  EXPECT_LE(bucket.count("PUT"), 5u);
}

INSTANTIATE_TEST_SUITE_P(Answers, TransientFailure,
                         testing::Values(s3_error(503, "SlowDown"), s3_error(500, "InternalError"),
                                         s3_error(503, "ServiceUnavailable"),
                                         s3_error(429, "TooManyRequests"),
                                         HttpAnswer{.status = 502, .body = "<html>"},
                                         HttpAnswer{.status = 504}, HttpAnswer{.no_answer = true}),
                         name_of_answer);

TEST(Retry, ARequestThatMakesNoSenseIsNotRepeated) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  bucket.before(first(1000, "PUT", s3_error(400, "InvalidArgument")));
  const auto stored = put(*store, "content");
  ASSERT_FALSE(stored.ok());
  EXPECT_THAT(stored.error().message(), HasSubstr("InvalidArgument the server's words"));
  EXPECT_EQ(bucket.count("PUT"), 1u);
}

TEST(Retry, AServerThatFallsSilentIsATimeout) {
  ScriptedBucket bucket;
  S3Settings settings = bucket.settings();
  settings.transport.stall_timeout = std::chrono::milliseconds(100);
  settings.retry.attempts = 2;
  const auto store = bucket.store(settings);
  bucket.before(first(1000, "PUT", HttpAnswer{.silence = true}));
  EXPECT_EQ(put(*store, "content").error().code(), Code::kTimeout);
  EXPECT_EQ(bucket.count("PUT"), 2u);
}

TEST(Retry, ACancellationEndsTheWaiting) {
  // Outlives the server, whose answer nobody waits for.
  Cancellation cancellation;
  ScriptedBucket bucket;
  S3Settings settings = bucket.settings();
  settings.retry = {.attempts = 100, .base = std::chrono::hours(1), .longest = std::chrono::hours(1)};
  const auto store = bucket.store(settings);
  bucket.before([&](const HttpQuestion&) -> std::optional<HttpAnswer> {
    cancellation.request();
    return s3_error(503, "SlowDown");
  });
  EXPECT_EQ(store->put("pack", {}, {}, cancellation).error().code(), Code::kCancelled);
}

TEST(Retry, NothingListeningIsUnreachable) {
  S3Settings settings;
  {
    ScriptedBucket gone;
    settings = gone.settings();
  }
  const auto store = S3Store::open(settings, ScriptedBucket::identity(), "bucket", "");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), Code::kUnreachable);
}

// The server stores the object, and its answer is lost.
ScriptedBucket::After lose_first_answer_to(std::string method) {
  auto lost = std::make_shared<bool>(false);
  return [=](const HttpQuestion& question, HttpAnswer& answer) {
    if (question.method == method && !std::exchange(*lost, true)) answer.no_answer = true;
  };
}

TEST(ConditionalPut, AnAnswerThatWasLostIsNoConflict) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  bucket.after(lose_first_answer_to("PUT"));
  const auto stored = put(*store, "content", Condition::kAbsent);
  EXPECT_TRUE(stored.ok()) << stored.error().to_string();
  EXPECT_EQ(bucket.count("PUT"), 2u);
  EXPECT_EQ(bucket.objects().at("pack"), "content");
}

TEST(ConditionalPut, AnotherWritersEqualContentIsAConflictAllTheSame) {
  ScriptedBucket bucket;
  bucket.set("pack", "content");
  const auto store = bucket.store();
  bucket.before(first(1, "PUT", HttpAnswer{.no_answer = true}));
  EXPECT_EQ(put(*store, "content", Condition::kAbsent).error().code(), Code::kAlreadyExists);
}

TEST(ConditionalPut, AConflictInTheMakingIsWaitedFor) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  bucket.before(first(2, "PUT", s3_error(409, "ConditionalRequestConflict")));
  EXPECT_TRUE(put(*store, "content", Condition::kAbsent).ok());
}

TEST(Get, GoesOnWhereTheConnectionBroke) {
  ScriptedBucket bucket;
  std::string content;
  for (int i = 0; i < 100000; ++i) content += std::to_string(i);
  bucket.set("pack", content);
  const auto store = bucket.store();
  // More breaks than one request has attempts: each comes after progress.
  std::atomic<int> breaks{0};
  bucket.after([&](const HttpQuestion& question, HttpAnswer& answer) {
    if (question.method == "GET" && answer.body.size() > 50000 && breaks < 6) {
      answer.cut_after = 40000 + 7 * ++breaks;
    }
  });
  EXPECT_TRUE(get_whole(*store, "pack").value() == content);
  EXPECT_EQ(breaks, 6);

  breaks = 4;
  std::string part;
  const auto keep = [&](ByteView block) -> Result<void> {
    part += as_text(block);
    return {};
  };
  ASSERT_TRUE(store->get("pack", {1000, 200000}, keep).ok());
  EXPECT_TRUE(part == content.substr(1000, 200000));
}

TEST(Get, NeverMixesTwoVersionsOfAnObject) {
  ScriptedBucket bucket;
  bucket.set("pack", std::string(100000, 'a'));
  const auto store = bucket.store();
  bucket.after([&](const HttpQuestion& question, HttpAnswer& answer) {
    if (question.method == "GET" && question.header("range").empty()) answer.cut_after = 5000;
  });
  std::string seen;
  const auto read = store->get("pack", {}, [&](ByteView block) -> Result<void> {
    if (seen.empty()) bucket.set("pack", std::string(100000, 'b'));
    seen += as_text(block);
    return {};
  });
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Code::kCorrupt);
  EXPECT_THAT(read.error().message(), HasSubstr("replaced while it was being read"));
  EXPECT_THAT(seen, Not(HasSubstr("b")));
}

TEST(Get, AServerThatIgnoresRangesIsNotBelieved) {
  ScriptedBucket bucket;
  bucket.set("pack", "0123456789");
  const auto store = bucket.store();
  bucket.after([](const HttpQuestion& question, HttpAnswer& answer) {
    if (question.method != "GET" || question.header("range").empty()) return;
    answer = {.status = 200, .body = "0123456789"};
  });
  const auto read = store->get("pack", {2, 3}, [](ByteView) -> Result<void> { return {}; });
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Code::kUnsupported);
}

TEST(Errors, EachHasItsKindAndAHint) {
  struct Case {
    HttpAnswer answer;
    Code code;
    const char* hint;
  };
  const Case cases[] = {
      {s3_error(404, "NoSuchBucket"), Code::kRepositoryMissing, "S3_BUCKET"},
      {s3_error(403, "AccessDenied"), Code::kDenied, "docs/storage.md"},
      {s3_error(403, "InvalidAccessKeyId"), Code::kDenied, "AWS_ACCESS_KEY_ID"},
      {s3_error(403, "SignatureDoesNotMatch"), Code::kDenied, "AWS_SECRET_ACCESS_KEY"},
      {s3_error(400, "ExpiredToken"), Code::kDenied, "AWS_SESSION_TOKEN"},
      {s3_error(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>"), Code::kConfig,
       "AWS_REGION=eu-central-1"},
      {HttpAnswer{.status = 301, .headers = {{"x-amz-bucket-region", "eu-west-1"}}}, Code::kConfig,
       "AWS_REGION=eu-west-1"},
      {s3_error(507, "XMinioStorageFull"), Code::kNoSpace, "prune"},
  };
  for (const Case& expected : cases) {
    ScriptedBucket bucket;
    const auto store = bucket.store();
    bucket.before([&](const HttpQuestion&) { return expected.answer; });
    const auto stored = put(*store, "content");
    ASSERT_FALSE(stored.ok());
    EXPECT_EQ(stored.error().code(), expected.code) << stored.error().to_string();
    EXPECT_THAT(stored.error().hint(), HasSubstr(expected.hint)) << stored.error().to_string();
    EXPECT_THAT(stored.error().to_string(), Not(HasSubstr("the-secret-access-key")));
  }
}

TEST(Errors, ARefusedHeadIsExplained) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  bucket.before([](const HttpQuestion&) { return s3_error(403, "InvalidAccessKeyId"); });
  const auto head = store->head("pack");
  ASSERT_FALSE(head.ok());
  EXPECT_THAT(head.error().message(), HasSubstr("access key is not known"));
}

// A server whose clock is a day ahead.
std::optional<HttpAnswer> judge_clock(const HttpQuestion& question, Instant theirs) {
  const auto signed_at = from_compact(question.header("x-amz-date"));
  if (signed_at && std::chrono::abs(*signed_at - theirs) < std::chrono::minutes(15)) return std::nullopt;
  return s3_error(403, "RequestTimeTooSkewed",
                  fmt::format("<ServerTime>{}</ServerTime>", to_rfc3339(theirs)));
}

TEST(Clock, TheServersIsFollowed) {
  ScriptedBucket bucket;
  bucket.before(
      [](const HttpQuestion& question) { return judge_clock(question, now() + std::chrono::hours(24)); });
  const auto store = bucket.store();
  ASSERT_TRUE(put(*store, "content").ok());
  EXPECT_EQ(get_whole(*store, "pack").value(), "content");
  EXPECT_GT(store->clock_offset(), std::chrono::hours(23));
  // One correction serves all that follows.
  EXPECT_EQ(bucket.count("PUT"), 1u);
}

TEST(Clock, AServerThatCannotBeFollowedIsReportedWithBothTimes) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  bucket.before([](const HttpQuestion&) {
    return s3_error(403, "RequestTimeTooSkewed", "<ServerTime>2031-01-01T00:00:00Z</ServerTime>");
  });
  const auto stored = put(*store, "content");
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), Code::kDenied);
  EXPECT_THAT(stored.error().message(), HasSubstr("2031-01-01T00:00:00"));
  EXPECT_THAT(stored.error().message(), HasSubstr(to_rfc3339(now()).substr(0, 10)));
  EXPECT_THAT(stored.error().hint(), HasSubstr("timedatectl"));
}

TEST(Encryption, AServerThatIgnoresItKeepsNothing) {
  ScriptedBucket bucket;
  S3Settings settings = bucket.settings();
  settings.encryption = ServerEncryption::kS3;
  const auto store = bucket.store(settings);
  const auto stored = put(*store, "in the clear");
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), Code::kUnsupported);
  EXPECT_THAT(stored.error().message(), HasSubstr("did not apply the requested encryption AES256"));
  EXPECT_TRUE(bucket.objects().empty());
}

TEST(Encryption, AnotherKeyThanTheRequestedIsAnError) {
  ScriptedBucket bucket;
  S3Settings settings = bucket.settings();
  settings.encryption = ServerEncryption::kKms;
  settings.kms_key_id = "1234abcd-12ab-34cd-56ef-1234567890ab";
  const auto store = bucket.store(settings);
  std::string key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  bucket.after([&](const HttpQuestion& question, HttpAnswer& answer) {
    if (question.method != "PUT") return;
    EXPECT_EQ(question.header("x-amz-server-side-encryption-aws-kms-key-id"), settings.kms_key_id);
    answer.headers["x-amz-server-side-encryption"] = "aws:kms";
    answer.headers["x-amz-server-side-encryption-aws-kms-key-id"] = key;
  });
  EXPECT_TRUE(put(*store, "content").ok());
  key = "arn:aws:kms:us-west-2:111122223333:key/ffffffff-12ab-34cd-56ef-1234567890ab";
  EXPECT_EQ(put(*store, "content").error().code(), Code::kUnsupported);
  EXPECT_TRUE(bucket.objects().empty());
}

TEST(Integrity, EveryBodyIsSentWithItsDigest) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  ASSERT_TRUE(put(*store, "content").ok());
  const HttpQuestion sent = bucket.server().questions().back();
  EXPECT_EQ(sent.header("x-amz-content-sha256"),
            "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73");
  EXPECT_EQ(sent.header("x-amz-checksum-sha256"), "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=");
  EXPECT_THAT(sent.header("authorization"), HasSubstr("x-amz-checksum-sha256;x-amz-content-sha256"));
}

TEST(Connections, AreUsedAgain) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put(*store, "content").ok());
  EXPECT_EQ(bucket.server().connections(), 1u);
}

TEST(Bandwidth, IsLimited) {
  ScriptedBucket bucket;
  S3Settings settings = bucket.settings();
  settings.transport.bytes_per_second = 2 * MiB;
  const auto store = bucket.store(settings);
  const Stopwatch watch;
  ASSERT_TRUE(put(*store, std::string(600 * KiB, 'x')).ok());
  ASSERT_TRUE(get_whole(*store, "pack").ok());
  // 1.2 MiB at 2 MiB a second, less what the bucket held. A slow machine only makes it longer.
  EXPECT_GT(watch.elapsed().count(), 0.45);
}

TEST(Listing, IsReadPageByPageAndCheckedForOrder) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  std::atomic<bool> in_order{true};
  bucket.before([&](const HttpQuestion& question) -> std::optional<HttpAnswer> {
    const auto object = [](std::string_view key) {
      return fmt::format(
          "<Contents><Key>{}</Key><Size>5</Size><LastModified>2026-11-21T03:10:48.000Z</LastModified></"
          "Contents>",
          key);
    };
    const bool second = question.query.find("start-after=b") != std::string::npos;
    const std::string objects =
        second ? object(in_order ? "c%2Fd" : "a") : object("a") + object("a%20folder%2F") + object("b");
    return HttpAnswer{.body =
                          fmt::format("<ListBucketResult><IsTruncated>{}</IsTruncated>{}</ListBucketResult>",
                                      second ? "false" : "true", objects)};
  });
  std::vector<std::string> keys;
  const auto keep = [&](const ObjectInfo& info) -> Result<bool> {
    keys.push_back(info.key);
    return true;
  };
  ASSERT_TRUE(store->list("", "", keep).ok());
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b", "c/d"}));
  in_order = false;
  EXPECT_EQ(store->list("", "", keep).error().code(), Code::kUnsupported);
}

TEST(Listing, AnswersThatAreNoListingsAreErrors) {
  for (const char* body :
       {"", "<html>", "not xml", "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>%zz</Key><Size>5</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    ScriptedBucket bucket;
    const auto store = bucket.store();
    bucket.before([&](const HttpQuestion&) { return HttpAnswer{.body = body}; });
    EXPECT_FALSE(store->list("", "", [](const ObjectInfo&) -> Result<bool> { return true; }).ok()) << body;
  }
}

TEST(Leftovers, OldUploadsAreDroppedAndYoungOnesStay) {
  ScriptedBucket bucket;
  const auto store = bucket.store();
  bucket.before([](const HttpQuestion& question) -> std::optional<HttpAnswer> {
    if (question.query.find("uploads=") == std::string::npos) return std::nullopt;
    return HttpAnswer{
        .body = fmt::format(
            "<ListMultipartUploadsResult>"
            "<Upload><Key>packs/old</Key><UploadId>1</UploadId><Initiated>2026-01-01T00:00:00Z</Initiated></"
            "Upload>"
            "<Upload><Key>packs/young</Key><UploadId>2</UploadId><Initiated>{}</Initiated></Upload>"
            "</ListMultipartUploadsResult>",
            to_rfc3339(now()))};
  });
  EXPECT_EQ(*store->remove_leftovers(std::chrono::hours(1)), 1u);
  EXPECT_EQ(bucket.count("DELETE", "/bucket/packs/old?uploadId=1"), 1u);
  EXPECT_EQ(bucket.count("DELETE"), 1u);
}

TEST(Probe, AServerThatIgnoresConditionsIsFound) {
  ScriptedBucket honest;
  EXPECT_TRUE(probe(*honest.store())->conditional_put);
  EXPECT_TRUE(honest.objects().empty());

  ScriptedBucket careless;
  careless.before([](const HttpQuestion& question) -> std::optional<HttpAnswer> {
    if (question.method == "PUT") return HttpAnswer{};
    return std::nullopt;
  });
  EXPECT_FALSE(probe(*careless.store())->conditional_put);

  ScriptedBucket ignorant;
  ignorant.before([](const HttpQuestion& question) -> std::optional<HttpAnswer> {
    if (question.method == "PUT") return s3_error(501, "NotImplemented");
    return std::nullopt;
  });
  EXPECT_FALSE(probe(*ignorant.store())->conditional_put);
}

}  // namespace
}  // namespace summit::storage
