#include "recovery/smoke.h"

#include <algorithm>

#include "core/fingerprint.h"
#include "core/text.h"
#include "stores/files/capture.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/value.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/probe.h"
#include "stores/redis/connection.h"
#include "stores/redis/probe.h"

namespace summit::recovery {
namespace {

using config::SmokeCheck;
using config::SmokeQuery;

// What one answer of a query holds, in constant memory.
using Consume = std::function<void(std::string_view)>;

template <typename Endpoint>
Result<const Endpoint*> choose(const std::vector<Endpoint>& endpoints, const SmokeQuery& query) {
  for (const auto& endpoint : endpoints) {
    if (query.endpoint.empty() || endpoint.name == query.endpoint) return &endpoint;
  }
  return Error(Code::kConfig, "no {} endpoint{} is declared", query.store,
               query.endpoint.empty() ? "" : " `" + query.endpoint + "`")
      .hint("declare it in config/environments.yaml");
}

Result<void> ask_postgres(const config::PostgresEndpoint& endpoint, const std::string& sql,
                          const Consume& consume, const Cancellation& cancellation) {
  if (endpoint.databases.empty()) return Error(Code::kConfig, "{} declares no database", endpoint.name);
  ASSIGN_OR_RETURN(auto connection, postgres::Connection::open(endpoint, endpoint.databases.front(),
                                                               {.cancellation = cancellation}));
  RETURN_IF_ERROR(connection.execute("SET default_transaction_read_only = on"));
  return connection.stream(sql, {}, [&](const postgres::Rows& row) -> Result<void> {
    consume(row.text(0, 0));
    return {};
  });
}

// Internal ids stand in them, which differ from server to server.
bool has_element(const neo4j::Value& value) {
  if (const auto* list = value.as<neo4j::Value::List>()) return std::ranges::any_of(*list, has_element);
  if (const auto* map = value.as<neo4j::Value::Map>())
    return std::ranges::any_of(*map, [](const auto& entry) { return has_element(entry.value); });
  return value.as<bolt::Shared<bolt::Node>>() || value.as<bolt::Shared<bolt::Relationship>>() ||
         value.as<bolt::Shared<bolt::Path>>();
}

Result<void> ask_neo4j(const config::Neo4jEndpoint& endpoint, const std::string& cypher,
                       const Consume& consume, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint, cancellation));
  ASSIGN_OR_RETURN(const auto no_parameters, neo4j::pack({}));
  return bolt.stream(
      cypher, as_bytes(no_parameters),
      [&](bolt::Cursor row) -> Result<void> {
        uint32_t columns = 0;
        if (!row.list(columns)) return row.error("row");
        if (columns == 0) return Error(Code::kFailed, "the query gives no column");
        ASSIGN_OR_RETURN(const auto value, bolt::read_value(row));
        if (has_element(value)) {
          return Error(Code::kUnsupported, "the query gives a node, relationship or path")
              .hint("let it return a property or a count");
        }
        consume(neo4j::to_text(value));
        return {};
      },
      neo4j::BoltConnection::Access::kRead);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// Numbers as their digits; the members of an answer one by one.
void consume_texts(const redis::Reply& reply, const Consume& consume) {
  using Kind = redis::Reply::Kind;
  if (reply.kind == Kind::kInteger) consume(std::to_string(reply.integer));
  if (reply.kind == Kind::kString || reply.kind == Kind::kStatus) consume(reply.text);
  for (const auto& element : reply.elements) consume_texts(element, consume);
}

Result<void> ask_redis(const config::RedisEndpoint& endpoint, const std::string& command,
                       const Consume& consume, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  ASSIGN_OR_RETURN(const auto reply, connection.call(words_of(command)));
  consume_texts(reply, consume);
  return {};
}

Result<void> ask(const config::Environment& environment, const SmokeQuery& query, const Consume& consume,
                 const Cancellation& cancellation) {
  if (query.store == "postgresql") {
    ASSIGN_OR_RETURN(const auto* endpoint, choose(environment.postgresql, query));
    return ask_postgres(*endpoint, query.text, consume, cancellation);
  }
  if (query.store == "neo4j") {
    ASSIGN_OR_RETURN(const auto* endpoint, choose(environment.neo4j, query));
    return ask_neo4j(*endpoint, query.text, consume, cancellation);
  }
  ASSIGN_OR_RETURN(const auto* endpoint, choose(environment.redis, query));
  return ask_redis(*endpoint, query.text, consume, cancellation);
}

bool compare(int64_t value, const std::string& comparison, int64_t bound) {
  if (comparison == ">") return value > bound;
  if (comparison == ">=") return value >= bound;
  if (comparison == "<") return value < bound;
  if (comparison == "<=") return value <= bound;
  return value == bound;
}

Result<std::string> check_value(const config::Environment& environment, const SmokeCheck& check,
                                const Cancellation& cancellation) {
  std::optional<std::string> answer;
  RETURN_IF_ERROR(ask(environment, check.left, [&](std::string_view text) { answer = text; }, cancellation));
  if (!answer) return Error(Code::kMismatch, "the query gives no row");
  const auto value = parse_number<int64_t>(*answer);
  if (!value) return Error(Code::kMismatch, "`{}` is no whole number", *answer);
  if (!compare(*value, check.comparison, check.bound))
    return Error(Code::kMismatch, "{} is not {} {}", *value, check.comparison, check.bound);
  return fmt::format("{} {} {}", *value, check.comparison, check.bound);
}

Result<SetHash> collect(const config::Environment& environment, const SmokeQuery& query,
                        const Cancellation& cancellation) {
  SetHash hash;
  RETURN_IF_ERROR(
      ask(environment, query, [&](std::string_view text) { hash.add(as_bytes(text)); }, cancellation));
  return hash;
}

Result<std::string> check_same(const config::Environment& environment, const SmokeCheck& check,
                               const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto left, collect(environment, check.left, cancellation), "{}", check.left.store);
  ASSIGN_OR_RETURN(const auto right, collect(environment, check.right, cancellation), "{}",
                   check.right.store);
  if (left == right)
    return fmt::format("{} in {} and in {}", left.count(), check.left.store, check.right.store);
  return Error(Code::kMismatch, "{} in {}, {} in {}{}", left.count(), check.left.store, right.count(),
               check.right.store, left.count() == right.count() ? ", and not the same ones" : "");
}

Result<std::string> check_audit_chain(const config::FilesEndpoint& tree, const Cancellation& cancellation) {
  files::CaptureOptions options;
  options.root = tree.root;
  options.patterns = files::TreePatterns::of(tree);
  options.check_chain = true;
  options.cancellation = cancellation;
  ASSIGN_OR_RETURN(const auto report, files::capture_tree(options, nullptr));
  if (!report.chain) return std::string("no chain is kept here");
  if (report.chain->problem)
    return Error(Code::kMismatch, "broken: {}", *report.chain->problem)
        .hint("summit-dr list, and restore a backup from before");
  return fmt::format("{} entries, unbroken", report.chain->entries);
}

SmokeFinding finding(std::string check, const Result<std::string>& result) {
  return {std::move(check), result.ok(), result.ok() ? *result : result.error().to_string()};
}

Result<std::string> check_postgres(const config::PostgresEndpoint& endpoint,
                                   const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto lines, postgres::probe(endpoint, {}, cancellation));
  return fmt::format("{}", fmt::join(lines, ", "));
}

Result<std::string> check_neo4j(const config::Neo4jEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint, cancellation));
  ASSIGN_OR_RETURN(const auto counts, neo4j::count_elements(bolt));
  ASSIGN_OR_RETURN(const auto indexes, neo4j::index_states(bolt));
  for (const auto& index : indexes) {
    if (index.state != "ONLINE")
      return Error(Code::kFailed, "index {} is {}", index.name, index.state).hint("CALL db.awaitIndexes()");
  }
  return fmt::format("answers, {} nodes, {} relationships, {} indexes online", counts.nodes,
                     counts.relationships, indexes.size());
}

Result<std::string> check_redis(const config::RedisEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  RETURN_IF_ERROR(redis::ping(connection));
  ASSIGN_OR_RETURN(const auto counts, redis::count_keys(connection));
  uint64_t keys = 0;
  for (const auto& [db, count] : counts) keys += count;
  return fmt::format("answers, {} keys in {} databases", keys, counts.size());
}

}  // namespace

std::vector<SmokeFinding> run_smoke(const config::Environment& environment,
                                    const std::vector<SmokeCheck>& checks, const Cancellation& cancellation) {
  std::vector<SmokeFinding> findings;
  for (const auto& endpoint : environment.postgresql)
    findings.push_back(finding(endpoint.name, check_postgres(endpoint, cancellation)));
  for (const auto& endpoint : environment.neo4j)
    findings.push_back(finding(endpoint.name, check_neo4j(endpoint, cancellation)));
  for (const auto& endpoint : environment.redis)
    findings.push_back(finding(endpoint.name, check_redis(endpoint, cancellation)));
  for (const auto& tree : environment.files) {
    if (tree.name == "audit_chain")
      findings.push_back(finding("audit chain", check_audit_chain(tree, cancellation)));
  }
  for (const auto& check : checks) {
    findings.push_back(finding(check.name, check.kind == SmokeCheck::Kind::kSame
                                               ? check_same(environment, check, cancellation)
                                               : check_value(environment, check, cancellation)));
  }
  return findings;
}

}  // namespace summit::recovery
