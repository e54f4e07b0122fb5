#include "stores/elasticsearch/client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/http.h"

namespace summit::elasticsearch {
namespace {

Result<nlohmann::json> get(HttpClient& client, const config::ElasticsearchEndpoint& endpoint, const std::string& path,
                           const Cancellation& cancellation) {
  HttpRequest request{.url = endpoint.url + path, .headers = {{"accept", "application/json"}}};
  if (!endpoint.user.empty()) request.basic_auth = {endpoint.user, endpoint.password};
  ASSIGN_OR_RETURN(const auto response, client.send(request, cancellation));
  if (response.status == 401 || response.status == 403) {
    return Error(Code::kDenied, "{} refuses user `{}`", endpoint.url, endpoint.user)
        .hint("set ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD");
  }
  if (response.status / 100 != 2) return Error(Code::kFailed, "{}{} answers {}", endpoint.url, path, response.status);
  auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (json.is_discarded()) return Error(Code::kFailed, "{}{} answers no JSON", endpoint.url, path);
  return json;
}

// The catalogue API writes numbers as text.
uint64_t number(const nlohmann::json& object, const char* key) {
  const auto text = object.value(key, std::string("0"));
  return std::strtoull(text.c_str(), nullptr, 10);
}

Result<Inventory> read(const config::ElasticsearchEndpoint& endpoint, const Cancellation& cancellation) {
  HttpClient client;
  Inventory inventory;
  ASSIGN_OR_RETURN(const auto nodes, get(client, endpoint, "/_nodes/_local?filter_path=nodes.*.version", cancellation));
  for (const auto& node : nodes.value("nodes", nlohmann::json::object())) inventory.version = node.value("version", "");
  ASSIGN_OR_RETURN(const auto indexes, get(client, endpoint, "/_cat/indices?format=json&bytes=b&h=index,docs.count,store.size", cancellation));
  for (const auto& index : indexes) {
    const auto name = index.value("index", std::string());
    if (!name.starts_with('.')) inventory.indexes.push_back({name, number(index, "docs.count"), number(index, "store.size")});
  }
  std::sort(inventory.indexes.begin(), inventory.indexes.end(), [](const Index& a, const Index& b) { return a.name < b.name; });
  return inventory;
}

}  // namespace

Result<Inventory> read_inventory(const config::ElasticsearchEndpoint& endpoint, const Cancellation& cancellation) {
  try {
    return read(endpoint, cancellation);
  } catch (const nlohmann::json::exception& problem) {
    return Error(Code::kFailed, "{} answers unexpectedly: {}", endpoint.url, problem.what());
  }
}

}  // namespace summit::elasticsearch
