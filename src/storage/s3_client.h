// Signed requests to one bucket, repeated while that can help. Internal to the S3 store and the bucket's
// administration.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "storage/aws_credentials.h"
#include "storage/s3_settings.h"
#include "storage/s3_xml.h"

namespace summit::storage {

struct S3Request {
  std::string method = "GET";
  std::string key{};  // the whole key in the bucket; empty: the bucket itself
  std::vector<std::pair<std::string, std::string>> query{};
  std::map<std::string, std::string> headers{};  // names in lower case
  ByteView body{};                               // must outlive the request
  bool with_md5 = false;  // Content-MD5, which some requests must have and some servers insist on
  std::function<Result<void>(const WireResponse&, ByteView)> consume{};  // as in WireRequest
};

struct S3Response {
  WireResponse wire;
  S3ErrorBody error;  // when the status is no success

  long status() const { return wire.status; }
  bool ok() const { return wire.status >= 200 && wire.status < 300; }
  bool is(std::string_view code) const { return error.code == code; }
};

// What came of one attempt, and whether another could end better.
struct S3Attempt {
  Result<S3Response> outcome;
  bool worth_repeating = false;
  std::chrono::milliseconds server_wish{};
};

// Thread-safe.
class S3Client {
 public:
  // kUsage for a malformed bucket name or endpoint.
  static Result<std::shared_ptr<S3Client>> create(const S3Settings& settings,
                                                  std::shared_ptr<AwsIdentity> identity, std::string bucket);

  const S3Settings& settings() const { return settings_; }
  const std::string& bucket() const { return bucket_; }
  // How far the server's clock is ahead of ours, as far as that had to be made up for.
  std::chrono::microseconds clock_offset() const { return std::chrono::microseconds(clock_offset_.load()); }

  // Any status is an answer here, once it is not worth repeating.
  Result<S3Response> send(const S3Request& request, const Cancellation& cancellation);
  // The same, and every status but success is an error.
  Result<S3Response> require(const S3Request& request, const Cancellation& cancellation);

  // One attempt. Renews rejected credentials and follows the server's clock, each once.
  S3Attempt attempt(const S3Request& request, const Cancellation& cancellation);

  // The error that a refusing answer means.
  Error error_of(const S3Response& response, const S3Request& request) const;

 private:
  S3Client(const S3Settings& settings, std::shared_ptr<AwsIdentity> identity, std::string bucket);
  Result<void> locate();
  Result<S3Response> send_once(const S3Request& request, const AwsCredentials& credentials,
                               const Cancellation& cancellation);
  // To a refused HEAD, whose answer has no body, adds what the same GET would have been told.
  Result<S3Response> send_explained(const S3Request& request, const AwsCredentials& credentials,
                                    const Cancellation& cancellation);
  bool follow_server_clock(const S3Response& response);
  Error denied(const S3Response& response, const S3Request& request) const;

  S3Settings settings_;
  std::shared_ptr<AwsIdentity> identity_;
  std::string bucket_;
  std::string base_url_;   // scheme and host
  std::string host_;       // as the Host header has it
  std::string base_path_;  // "" or "/bucket"
  HttpTransport transport_;
  std::atomic<int64_t> clock_offset_{0};
};

// Base64 of a digest, as S3's checksum headers have it.
std::string base64(ByteView bytes);

}  // namespace summit::storage
