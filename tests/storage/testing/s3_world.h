// A real S3 server for tests, with server-side encryption, and fresh buckets and prefixes in it.
#pragma once

#include <atomic>

#include "devtools/platform/s3_server.h"
#include "storage/aws_credentials.h"
#include "storage/s3_bucket_admin.h"
#include "storage/s3_store.h"

namespace summit::storage {

class S3World {
 public:
  // Starts the server. Throws std::runtime_error when it does not start.
  S3World();

  // One for all tests of a program, started when it is first asked for.
  static S3World& shared();

  platform::S3Server& server() { return *server_; }
  S3Settings settings() const;
  std::shared_ptr<AwsIdentity> identity() const;
  std::unique_ptr<S3Bucket> bucket(const std::string& name) const;

  // Names that no other test has.
  std::string new_bucket(bool with_object_lock);
  std::string new_prefix();

  // A store on a fresh prefix of one bucket without versions.
  std::unique_ptr<S3Store> new_store();
  std::unique_ptr<S3Store> open(const S3Settings& settings, const std::string& bucket,
                                const std::string& prefix) const;

 private:
  std::unique_ptr<platform::S3Server> server_;
  std::string common_bucket_;
  std::atomic<int> names_{0};
};

}  // namespace summit::storage
