#include "recovery/search_index.h"

#include <fmt/ranges.h>

#include <map>

#include "core/process.h"

namespace summit::recovery {
namespace {

std::map<std::string, std::string> addresses_in(const config::Environment& target) {
  std::map<std::string, std::string> variables{{"SUMMIT_DR_ENVIRONMENT", target.name}};
  if (!target.postgresql.empty()) {
    const auto& postgres = target.postgresql.front();
    variables["POSTGRES_HOST"] = postgres.host;
    variables["POSTGRES_PORT"] = std::to_string(postgres.port);
    variables["POSTGRES_USER"] = postgres.user;
    variables["POSTGRES_PASSWORD"] = postgres.password.reveal();
    if (!postgres.databases.empty()) variables["POSTGRES_DB"] = postgres.databases.front();
  }
  if (!target.neo4j.empty()) {
    const auto& neo4j = target.neo4j.front();
    variables["NEO4J_URI"] = neo4j.bolt_uri;
    variables["NEO4J_USERNAME"] = neo4j.user;
    variables["NEO4J_PASSWORD"] = neo4j.password.reveal();
  }
  if (!target.redis.empty()) {
    const auto& redis = target.redis.front();
    variables["REDIS_HOST"] = redis.host;
    variables["REDIS_PORT"] = std::to_string(redis.port);
    variables["REDIS_USERNAME"] = redis.user;
    variables["REDIS_PASSWORD"] = redis.password.reveal();
  }
  return variables;
}

}  // namespace

std::string describe_indexing(const config::ElasticsearchEndpoint& index) {
  if (index.reindex_command.empty()) {
    return fmt::format(
        "it is indexed again from the masked stores, by hand: `{}` has no reindex_command in "
        "config/environments.yaml",
        index.name);
  }
  return fmt::format("it is indexed again from the masked stores, when they are certified, by `{}`",
                     fmt::join(index.reindex_command, " "));
}

Result<void> index_again(const config::ElasticsearchEndpoint& index, const config::Environment& target,
                         Reporter& reporter, const Cancellation& cancellation) {
  if (index.reindex_command.empty()) {
    reporter.warn(fmt::format("{}: {}", index.name, describe_indexing(index)));
    return {};
  }
  Command command{.argv = index.reindex_command, .env = addresses_in(target)};
  command.env["ELASTICSEARCH_URL"] = index.url;
  command.env["ELASTICSEARCH_USERNAME"] = index.user;
  command.env["ELASTICSEARCH_PASSWORD"] = index.password.reveal();
  const auto phase = reporter.phase(index.name, "indexing what is masked", "");
  const auto drop = [](ByteView) { return Result<void>(); };
  return run_streaming(command, drop, cancellation);
}

}  // namespace summit::recovery
