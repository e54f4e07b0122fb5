#include "devtools/sample/elasticsearch_sample.h"

#include <nlohmann/json.hpp>

#include "core/http.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

constexpr std::string_view kMapping = R"({
  "settings": {"number_of_shards": 1, "number_of_replicas": 0},
  "mappings": {"properties": {"tenant_id": {"type": "keyword"}, "kind": {"type": "keyword"}, "name": {"type": "text"},
                              "place": {"type": "geo_point"}}}})";

Result<HttpResponse> send(HttpClient& client, std::string method, std::string url, std::string body) {
  HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = {{"Content-Type", "application/x-ndjson"}};
  request.body = std::move(body);
  return client.send(request);
}

Result<void> index(HttpClient& client, const std::string& url, std::string lines) {
  ASSIGN_OR_RETURN(const HttpResponse response,
                   send(client, "POST", url + "/entities/_bulk", std::move(lines)));
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  if (response.status != 200 || !answer.is_object() || answer.value("errors", true)) {
    return Error(Code::kFailed, "elasticsearch refuses documents with status {}", response.status);
  }
  return {};
}

}  // namespace

Result<void> fill_elasticsearch(const config::ElasticsearchEndpoint& endpoint, const World& world) {
  constexpr size_t kBlock = 1 << 20;
  HttpClient client;
  ASSIGN_OR_RETURN(const HttpResponse made,
                   send(client, "PUT", endpoint.url + "/entities", std::string(kMapping)));
  if (made.status == 400) {
    return Error(Code::kAlreadyExists, "elasticsearch has an index `entities` already")
        .hint("run `summit-dr-dev destroy` first");
  }
  if (made.status != 200)
    return Error(Code::kFailed, "elasticsearch refuses an index with status {}", made.status);
  std::string lines;
  for (uint64_t id = 1; id <= world.entities(); ++id) {
    const Entity entity = world.entity(id);
    lines += fmt::format("{{\"index\":{{\"_id\":\"{}\"}}}}\n", id);
    lines += fmt::format(R"({{"tenant_id":{},"kind":"{}","name":{},"place":{{"lat":{},"lon":{}}}}})",
                         json_string(entity.tenant), entity.kind, json_string(entity.name), entity.latitude,
                         entity.longitude) +
             "\n";
    if (lines.size() < kBlock && id < world.entities()) continue;
    RETURN_IF_ERROR(index(client, endpoint.url, std::exchange(lines, {})));
  }
  ASSIGN_OR_RETURN(const HttpResponse refreshed,
                   send(client, "POST", endpoint.url + "/entities/_refresh", ""));
  return refreshed.status == 200 ? Result<void>()
                                 : Error(Code::kFailed, "elasticsearch cannot refresh its index");
}

}  // namespace summit::sample
