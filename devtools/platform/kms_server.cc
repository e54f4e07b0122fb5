#include "devtools/platform/kms_server.h"

#include <nlohmann/json.hpp>

#include "core/http.h"

namespace summit::platform {

KmsServer::KmsServer(Options options) : Server("kms", std::move(options)) {}

Result<std::unique_ptr<KmsServer>> KmsServer::create(Options options) {
  std::unique_ptr<KmsServer> server(new KmsServer(std::move(options)));
  ASSIGN_OR_RETURN(const fs::path module, cached("kms/lib/moto/server.py"));
  server->packages_ = module.parent_path().parent_path();
  RETURN_IF_ERROR(server->establish());
  RETURN_IF_ERROR(server->start());
  return server;
}

Server::Launch KmsServer::launch() const {
  Launch launch;
  launch.argv = {"python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", std::to_string(port())};
  launch.env = settings();
  launch.env["PYTHONPATH"] = packages_;
  launch.env["PYTHONDONTWRITEBYTECODE"] = "1";
  return launch;
}

Result<void> KmsServer::prepare() { return make_directories(data_directory(), 0700); }

Result<bool> KmsServer::answers() {
  HttpRequest request;
  request.url = url() + "/moto-api/";
  HttpClient client;
  const auto response = client.send(request);
  return response.ok() && response->status == 200;
}

// The region and the service are read from the signature's scope, which alone is looked at.
Result<std::string> KmsServer::call(const std::string& action, const std::string& body) const {
  HttpRequest request;
  request.method = "POST";
  request.url = url() + "/";
  request.headers = {
      {"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Target", "TrentService." + action},
      {"Authorization",
       fmt::format(
           "AWS4-HMAC-SHA256 Credential=test/20260101/{}/kms/aws4_request, SignedHeaders=host, Signature=0",
           region_)}};
  request.body = body;
  HttpClient client;
  ASSIGN_OR_RETURN(const auto response, client.send(request));
  if (response.status != 200)
    return Error(Code::kFailed, "{} answers {}: {}", action, response.status, response.body);
  return response.body;
}

Result<std::string> KmsServer::create_key() const {
  ASSIGN_OR_RETURN(const std::string answer, call("CreateKey", "{}"));
  const auto document = nlohmann::json::parse(answer, nullptr, false);
  if (!document.is_object() || !document.contains("KeyMetadata"))
    return Error(Code::kFailed, "CreateKey gave no key");
  return document["KeyMetadata"].value("Arn", std::string());
}

}  // namespace summit::platform
