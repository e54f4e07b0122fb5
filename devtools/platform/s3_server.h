// A real S3 server (MinIO) with conditional writes, versions, object lock and lifecycle rules.
// data_directory() holds its objects.
//
// The access key is fixed, the secret key is the server's password.
#pragma once

#include "devtools/platform/server.h"

namespace summit::platform {

class S3Server final : public Server {
 public:
  using Options = ServerOptions;

  // A new server, started. `settings` are environment variables of MinIO.
  static Result<std::unique_ptr<S3Server>> create(Options options = {});
  // One that `root` has already, whether it runs or not. Nothing is stopped at the end.
  static Result<std::unique_ptr<S3Server>> open(const fs::path& root);

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port()); }
  const std::string& access_key() const { return access_key_; }
  const Secret& secret_key() const { return password(); }
  const std::string& region() const { return region_; }

 protected:
  Result<void> prepare() override;
  Launch launch() const override;
  Result<bool> answers() override;

 private:
  explicit S3Server(Options options);
  Result<void> locate();

  fs::path program_;
  std::string access_key_ = "summit";
  std::string region_ = "us-west-2";
};

}  // namespace summit::platform
