#include "tests/storage/testing/scripted_bucket.h"

#include <stdexcept>

#include "core/digest.h"

namespace summit::storage {

namespace {

constexpr std::string_view kBucket = "/bucket";

}  // namespace

HttpAnswer s3_error(int status, std::string_view code, std::string_view more) {
  return {.status = status,
          .body = fmt::format(
              "<?xml version=\"1.0\"?><Error><Code>{}</Code><Message>the server's words</Message>{}</Error>",
              code, more)};
}

ScriptedBucket::ScriptedBucket()
    : server_(
          std::make_unique<HttpServer>([this](const HttpQuestion& question) { return answer(question); })) {}

void ScriptedBucket::before(Before hook) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(hook);
}

void ScriptedBucket::after(After hook) {
  const std::lock_guard lock(mutex_);
  after_ = std::move(hook);
}

S3Settings ScriptedBucket::settings() const {
  S3Settings settings;
  settings.region = "us-west-2";
  settings.endpoint_url = server_->url();
  settings.retry = {
      .attempts = 4, .base = std::chrono::milliseconds(1), .longest = std::chrono::milliseconds(20)};
  return settings;
}

std::shared_ptr<AwsIdentity> ScriptedBucket::identity() {
  return AwsIdentity::fixed({"AKIDEXAMPLE", Secret("the-secret-access-key")});
}

std::unique_ptr<S3Store> ScriptedBucket::store() { return store(settings()); }

std::unique_ptr<S3Store> ScriptedBucket::store(const S3Settings& settings) {
  auto store = S3Store::open(settings, identity(), "bucket", "");
  if (!store.ok()) throw std::runtime_error(store.error().to_string());
  return std::move(*store);
}

size_t ScriptedBucket::count(std::string_view method, std::string_view part) const {
  size_t found = 0;
  for (const HttpQuestion& question : server_->questions()) {
    const std::string target = question.path + "?" + question.query;
    if (question.method == method && target.find(part) != std::string::npos) ++found;
  }
  return found;
}

std::map<std::string, std::string> ScriptedBucket::objects() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> contents;
  for (const auto& [key, object] : objects_) contents[key] = object.content;
  return contents;
}

void ScriptedBucket::set(const std::string& key, std::string content) {
  const std::lock_guard lock(mutex_);
  objects_[key] = {std::move(content), {}};
}

HttpAnswer ScriptedBucket::answer(const HttpQuestion& question) {
  const std::lock_guard lock(mutex_);
  if (before_) {
    if (auto instead = before_(question)) return *instead;
  }
  HttpAnswer answer = carry_out(question);
  if (after_) after_(question, answer);
  return answer;
}

HttpAnswer ScriptedBucket::carry_out(const HttpQuestion& question) {
  if (!question.path.starts_with(kBucket)) return s3_error(404, "NoSuchBucket");
  std::string key = question.path.substr(kBucket.size());
  if (question.query == "object-lock=") return s3_error(404, "ObjectLockConfigurationNotFoundError");
  if (question.query.starts_with("list-type=2")) return {.body = "<ListBucketResult></ListBucketResult>"};
  if (key.empty()) return s3_error(501, "NotImplemented");
  key.erase(0, 1);
  if (question.method == "PUT") return put(key, question);
  if (question.method == "GET" || question.method == "HEAD") return get(key, question);
  if (question.method == "DELETE") {
    objects_.erase(key);
    return {.status = 204};
  }
  return s3_error(501, "NotImplemented");
}

HttpAnswer ScriptedBucket::put(const std::string& key, const HttpQuestion& question) {
  if (question.header("if-none-match") == "*" && objects_.contains(key))
    return s3_error(412, "PreconditionFailed");
  Object object{question.body, {}};
  for (const auto& [name, value] : question.headers) {
    if (name.starts_with("x-amz-meta-")) object.headers[name] = value;
  }
  objects_[key] = std::move(object);
  return {.headers = {{"etag", "\"e\""}}};
}

HttpAnswer ScriptedBucket::get(const std::string& key, const HttpQuestion& question) const {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return s3_error(404, "NoSuchKey");
  const std::string& content = found->second.content;
  HttpAnswer answer{.body = content, .headers = found->second.headers};
  answer.headers["etag"] = fmt::format("\"{}\"", to_hex(sha256(as_bytes(content))));
  answer.headers["last-modified"] = "Sat, 21 Nov 2026 03:10:48 GMT";
  const std::string wanted = question.header("if-match");
  if (!wanted.empty() && wanted != answer.headers["etag"]) return s3_error(412, "PreconditionFailed");
  const std::string range = question.header("range");
  if (range.empty()) return answer;
  const size_t begin = std::stoul(range.substr(6));
  if (begin >= content.size()) return s3_error(416, "InvalidRange");
  const std::string last = range.substr(range.find('-') + 1);
  const size_t end = last.empty() ? content.size() : std::min(content.size(), std::stoul(last) + 1);
  answer.status = 206;
  answer.body = content.substr(begin, end - begin);
  answer.headers["content-range"] = fmt::format("bytes {}-{}/{}", begin, end - 1, content.size());
  return answer;
}

}  // namespace summit::storage
