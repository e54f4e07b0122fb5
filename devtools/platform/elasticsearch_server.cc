#include "devtools/platform/elasticsearch_server.h"

#include "core/http.h"

namespace summit::platform {

ElasticsearchServer::ElasticsearchServer(Options options) : Server("elasticsearch", std::move(options)) {}

Result<std::unique_ptr<ElasticsearchServer>> ElasticsearchServer::create(Options options) {
  std::unique_ptr<ElasticsearchServer> server(new ElasticsearchServer(std::move(options)));
  RETURN_IF_ERROR(server->locate());
  RETURN_IF_ERROR(server->establish());
  RETURN_IF_ERROR(server->start());
  return server;
}

Result<std::unique_ptr<ElasticsearchServer>> ElasticsearchServer::open(const fs::path& root) {
  Options options;
  options.root = root;
  options.lifetime = Lifetime::kDetached;
  std::unique_ptr<ElasticsearchServer> server(new ElasticsearchServer(std::move(options)));
  RETURN_IF_ERROR(server->locate());
  RETURN_IF_ERROR(server->load());
  return server;
}

Result<void> ElasticsearchServer::locate() {
  ASSIGN_OR_RETURN(const fs::path program, cached("elasticsearch-7/bin/elasticsearch"));
  installation_ = program.parent_path().parent_path();
  ASSIGN_OR_RETURN(server_user_, unprivileged_user());
  return {};
}

Server::Launch ElasticsearchServer::launch() const {
  Launch launch;
  launch.argv = {installation_ / "bin" / "elasticsearch"};
  launch.env = {{"ES_PATH_CONF", data_directory() / "config"}, {"ES_TMPDIR", data_directory() / "tmp"}};
  launch.user = server_user_;
  launch.start_patience = std::chrono::minutes(3);
  return launch;
}

Result<void> ElasticsearchServer::prepare() {
  for (const char* folder : {"", "config", "data", "logs", "snapshots", "tmp"}) {
    RETURN_IF_ERROR(make_directories(data_directory() / folder, 0755));
    RETURN_IF_ERROR(give_to_server(data_directory() / folder));
  }
  return copy_configuration();
}

Result<void> ElasticsearchServer::copy_configuration() {
  const fs::path target = data_directory() / "config";
  for (const char* name : {"elasticsearch.yml", "jvm.options", "log4j2.properties"}) {
    ASSIGN_OR_RETURN(std::string text, read_file(installation_ / "config" / name));
    if (std::string_view(name) == "elasticsearch.yml") {
      auto lines = settings();
      lines["http.port"] = std::to_string(port());
      // The port for other nodes, of which there are none; a fixed one would let only one such server run on
      // a machine.
      lines.insert({"transport.port", "15000-32000"});
      lines["path.data"] = (data_directory() / "data").string();
      lines["path.logs"] = (data_directory() / "logs").string();
      lines["path.repo"] = (data_directory() / "snapshots").string();
      text += "\n";
      for (const auto& [setting, value] : lines) text += fmt::format("{}: {}\n", setting, value);
    }
    RETURN_IF_ERROR(write_file_durably(target / name, text));
    RETURN_IF_ERROR(give_to_server(target / name));
  }
  return {};
}

Result<bool> ElasticsearchServer::answers() {
  HttpRequest request;
  request.url = url() + "/_cluster/health?wait_for_status=yellow&timeout=1s";
  HttpClient client;
  const auto response = client.send(request);
  return response.ok() && response->status == 200;
}

config::ElasticsearchEndpoint ElasticsearchServer::endpoint() const {
  config::ElasticsearchEndpoint endpoint;
  endpoint.url = url();
  return endpoint;
}

}  // namespace summit::platform
