#include "stores/elasticsearch/cluster.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/http.h"
#include "core/text.h"

namespace summit::elasticsearch {

namespace {

using nlohmann::json;

Error not_understood(std::string_view what) {
  return Error(Code::kFailed, "the answer about {} is not what elasticsearch documents", what)
      .hint("check that an elasticsearch server listens at the endpoint's url");
}

Result<std::string> get(HttpClient& client, const config::ElasticsearchEndpoint& endpoint,
                        std::string_view path, const Cancellation& cancellation) {
  HttpRequest request;
  request.url = endpoint.url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += path;
  request.headers["accept"] = "application/json";
  request.stall_timeout = std::chrono::milliseconds(15000);
  if (!endpoint.user.empty()) request.basic_auth = std::pair(endpoint.user, endpoint.password);
  ASSIGN_OR_RETURN(HttpResponse response, client.send(request, cancellation), "elasticsearch `{}` at {}",
                   endpoint.name, endpoint.url);
  if (response.status == 200) return std::move(response.body);
  if (response.status == 401 || response.status == 403) {
    return Error(Code::kDenied, "elasticsearch `{}` at {} refuses user `{}`", endpoint.name, endpoint.url,
                 endpoint.user)
        .hint("correct its user and password in the environment or .env");
  }
  return Error(Code::kFailed, "elasticsearch `{}` at {} answers {} to {}", endpoint.name, endpoint.url,
               response.status, path);
}

// The cat interface gives numbers as texts, and null for a closed index.
uint64_t number_of(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string()) return 0;
  return parse_number<uint64_t>(found->get_ref<const std::string&>()).value_or(0);
}

Result<std::string> parse_version(const std::string& text) {
  const json nodes = json::parse(text, nullptr, false);
  if (!nodes.is_object() || !nodes.contains("nodes") || !nodes["nodes"].is_object())
    return not_understood("the nodes");
  for (const auto& node : nodes["nodes"]) {
    if (node.is_object() && node.contains("version") && node["version"].is_string())
      return node["version"].get<std::string>();
  }
  return not_understood("the nodes");
}

Result<std::string> parse_health(const std::string& text) {
  const json health = json::parse(text, nullptr, false);
  if (!health.is_object() || !health.contains("status") || !health["status"].is_string())
    return not_understood("health");
  return health["status"].get<std::string>();
}

}  // namespace

uint64_t ClusterFacts::documents() const {
  uint64_t total = 0;
  for (const IndexFacts& index : indexes) total += index.documents;
  return total;
}

Result<std::vector<IndexFacts>> parse_indexes(const std::string& text) {
  const json list = json::parse(text, nullptr, false);
  if (!list.is_array()) return not_understood("indexes");
  std::vector<IndexFacts> indexes;
  for (const auto& entry : list) {
    if (!entry.is_object() || !entry.contains("index") || !entry["index"].is_string())
      return not_understood("indexes");
    IndexFacts index{entry["index"].get<std::string>(), number_of(entry, "docs.count"),
                     number_of(entry, "store.size")};
    if (!index.name.starts_with('.')) indexes.push_back(std::move(index));
  }
  std::ranges::sort(indexes, {}, &IndexFacts::name);
  return indexes;
}

Result<ClusterFacts> read_cluster(const config::ElasticsearchEndpoint& endpoint,
                                  const Cancellation& cancellation) {
  HttpClient client;
  ClusterFacts facts;
  // Not `GET /`: minimal distributions of version 8 do not answer it.
  ASSIGN_OR_RETURN(const std::string nodes,
                   get(client, endpoint, "/_nodes/_local?filter_path=nodes.*.version", cancellation));
  ASSIGN_OR_RETURN(facts.version, parse_version(nodes));
  ASSIGN_OR_RETURN(const std::string health, get(client, endpoint, "/_cluster/health", cancellation));
  ASSIGN_OR_RETURN(facts.health, parse_health(health));
  ASSIGN_OR_RETURN(
      const std::string indexes,
      get(client, endpoint, "/_cat/indices?format=json&bytes=b&h=index,docs.count,store.size", cancellation));
  ASSIGN_OR_RETURN(facts.indexes, parse_indexes(indexes));
  return facts;
}

}  // namespace summit::elasticsearch
