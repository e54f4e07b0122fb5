#include "devtools/platform/s3_server.h"

#include "core/http.h"

namespace summit::platform {

S3Server::S3Server(Options options) : Server("s3", std::move(options)) {}

Result<std::unique_ptr<S3Server>> S3Server::create(Options options) {
  std::unique_ptr<S3Server> server(new S3Server(std::move(options)));
  RETURN_IF_ERROR(server->locate());
  RETURN_IF_ERROR(server->establish());
  RETURN_IF_ERROR(server->start());
  return server;
}

Result<std::unique_ptr<S3Server>> S3Server::open(const fs::path& root) {
  Options options;
  options.root = root;
  options.lifetime = Lifetime::kDetached;
  std::unique_ptr<S3Server> server(new S3Server(std::move(options)));
  RETURN_IF_ERROR(server->locate());
  RETURN_IF_ERROR(server->load());
  return server;
}

Result<void> S3Server::locate() {
  ASSIGN_OR_RETURN(program_, cached("s3/bin/minio"));
  return {};
}

Server::Launch S3Server::launch() const {
  Launch launch;
  launch.argv = {program_,        "server", "--quiet", "--address", fmt::format("127.0.0.1:{}", port()),
                 data_directory()};
  launch.env = settings();
  launch.env.insert({"MINIO_BROWSER", "off"});
  launch.env.insert({"MINIO_UPDATE", "off"});
  launch.env["MINIO_ROOT_USER"] = access_key_;
  launch.env["MINIO_ROOT_PASSWORD"] = password().reveal();
  launch.env["MINIO_SITE_REGION"] = region_;
  return launch;
}

Result<void> S3Server::prepare() { return make_directories(data_directory(), 0700); }

Result<bool> S3Server::answers() {
  HttpRequest request;
  request.url = url() + "/minio/health/ready";
  HttpClient client;
  const auto response = client.send(request);
  return response.ok() && response->status == 200;
}

}  // namespace summit::platform
