// A bucket in memory behind a real HTTP connection, whose requests a test can see and spoil.
#pragma once

#include "storage/aws_credentials.h"
#include "storage/s3_store.h"
#include "tests/storage/testing/http_server.h"

namespace summit::storage {

class ScriptedBucket {
 public:
  // Asked before each request is carried out; an answer replaces it.
  using Before = std::function<std::optional<HttpAnswer>(const HttpQuestion&)>;
  // Asked after; may change the answer.
  using After = std::function<void(const HttpQuestion&, HttpAnswer&)>;

  ScriptedBucket();

  void before(Before hook);
  void after(After hook);

  HttpServer& server() { return *server_; }
  S3Settings settings() const;
  static std::shared_ptr<AwsIdentity> identity();
  std::unique_ptr<S3Store> store();
  std::unique_ptr<S3Store> store(const S3Settings& settings);

  // Requests of this method whose path or query contains `part`.
  size_t count(std::string_view method, std::string_view part = "") const;
  std::map<std::string, std::string> objects() const;
  void set(const std::string& key, std::string content);

 private:
  struct Object {
    std::string content;
    std::map<std::string, std::string> headers;  // to be given back
  };

  HttpAnswer answer(const HttpQuestion& question);
  HttpAnswer carry_out(const HttpQuestion& question);
  HttpAnswer put(const std::string& key, const HttpQuestion& question);
  HttpAnswer get(const std::string& key, const HttpQuestion& question) const;

  mutable std::mutex mutex_;
  Before before_;
  After after_;
  std::map<std::string, Object> objects_;
  std::unique_ptr<HttpServer> server_;
};

// <Error><Code>…</Code></Error> with this status.
HttpAnswer s3_error(int status, std::string_view code, std::string_view more = "");

}  // namespace summit::storage
