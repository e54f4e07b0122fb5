// A key service that speaks the protocol of AWS KMS (moto). It checks no signature, keeps its keys in memory,
// and forgets them when it stops.
#pragma once

#include "devtools/platform/server.h"

namespace summit::platform {

class KmsServer final : public Server {
 public:
  using Options = ServerOptions;

  // A new server, started. `settings` are environment variables of moto.
  static Result<std::unique_ptr<KmsServer>> create(Options options = {});

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port()); }
  const std::string& region() const { return region_; }

  // A new symmetric key; its ARN.
  Result<std::string> create_key() const;

 protected:
  Result<void> prepare() override;
  Launch launch() const override;
  Result<bool> answers() override;

 private:
  explicit KmsServer(Options options);
  Result<std::string> call(const std::string& action, const std::string& body) const;

  fs::path packages_;
  std::string region_ = "us-west-2";
};

}  // namespace summit::platform
