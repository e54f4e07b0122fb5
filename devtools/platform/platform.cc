#include "devtools/platform/platform.h"

#include <sys/stat.h>

#include <algorithm>
#include <mutex>

#include "core/task_group.h"
#include "devtools/platform/postgres_client.h"

namespace summit::platform {

namespace {

const std::vector<std::string> kAlways{"postgresql", "neo4j", "redis"};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<void> check_store_names(const std::vector<std::string>& names, const std::vector<std::string>& known) {
  for (const std::string& name : names) {
    if (!contains(known, name))
      return Error(Code::kUsage, "no store is named {}", name)
          .hint(fmt::format("one of {}", fmt::join(known, ", ")));
  }
  return {};
}

bool has_store(const fs::path& root, const std::string& store) {
  return fs::exists(root / "state" / (store + ".json"));
}

// Starts a server that the root has, or makes it. `server` keeps it even when its start failed, so that it
// can be stopped.
template <typename S>
Result<bool> open_or_create(std::unique_ptr<S>& server, const std::string& store,
                            const PlatformOptions& options, const fs::path& root) {
  if (has_store(root, store)) {
    ASSIGN_OR_RETURN(server, S::open(root));
    const bool ran = server->running();
    RETURN_IF_ERROR(server->start());
    return ran;
  }
  typename S::Options server_options;
  server_options.root = root;
  server_options.lifetime = Lifetime::kDetached;
  if (const auto settings = options.settings.find(store); settings != options.settings.end())
    server_options.settings = settings->second;
  if constexpr (std::is_same_v<S, Neo4jServer>) {
    if (options.neo4j_http) server_options.http_port = 0;
  }
  ASSIGN_OR_RETURN(server, S::create(server_options));
  return false;
}

Result<void> drop_each(PostgresClient& client, const std::string& list_sql, std::string_view drop,
                       std::string_view after = "") {
  ASSIGN_OR_RETURN(const Rows names, client.execute(list_sql));
  for (const auto& row : names)
    RETURN_IF_ERROR(client.execute(fmt::format("{} {}{}", drop, client.quoted(*row[0]), after)));
  return {};
}

Result<void> drop_databases_and_roles(const PostgresServer& server) {
  ASSIGN_OR_RETURN(PostgresClient client, PostgresClient::connect(server.endpoint(), "postgres"));
  RETURN_IF_ERROR(
      drop_each(client, "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'",
                "DROP DATABASE", " WITH (FORCE)"));
  return drop_each(client, "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user",
                   "DROP ROLE");
}

Result<void> delete_volume(Server& server) {
  RETURN_IF_ERROR(server.stop());
  RETURN_IF_ERROR(server.wipe());
  return server.start();
}

// An argument vector as a shell would read it, quoted where that is needed.
std::string as_one_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    const bool plain =
        word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/=:,+@") ==
        std::string::npos;
    if (plain) {
      text += word;
      continue;
    }
    text += '"';
    for (const char c : word) {
      if (c == '"' || c == '\\' || c == '$' || c == '`') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text;
}

// For URIs (RFC 3986): everything but the unreserved letters is escaped.
std::string url_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace

const std::vector<std::string>& store_names() {
  static const std::vector<std::string> names{"postgresql", "neo4j", "redis", "elasticsearch", "s3"};
  return names;
}

Result<std::unique_ptr<Server>> open_server(std::string_view store, const fs::path& root) {
  const auto widened = [](auto opened) -> Result<std::unique_ptr<Server>> {
    if (!opened) return std::move(opened).error();
    return std::unique_ptr<Server>(std::move(opened).value());
  };
  if (store == "postgresql" || store == "postgres") return widened(PostgresServer::open(root));
  if (store == "neo4j") return widened(Neo4jServer::open(root));
  if (store == "redis") return widened(RedisServer::open(root));
  if (store == "elasticsearch") return widened(ElasticsearchServer::open(root));
  if (store == "s3") return widened(S3Server::open(root));
  return Error(Code::kUsage, "no store is named {}", store)
      .hint(fmt::format("one of {}", fmt::join(store_names(), ", ")));
}

Result<void> Platform::start_store(const std::string& store, const PlatformOptions& options) {
  static std::mutex one_at_a_time;
  const Stopwatch watch;
  Result<bool> ran = false;
  if (store == "postgresql") ran = open_or_create(postgres_, store, options, root_);
  if (store == "neo4j") ran = open_or_create(neo4j_, store, options, root_);
  if (store == "redis") ran = open_or_create(redis_, store, options, root_);
  if (store == "elasticsearch") ran = open_or_create(elasticsearch_, store, options, root_);
  if (store == "s3") ran = open_or_create(s3_, store, options, root_);
  if (!ran) return std::move(ran).error();
  if (!options.on_answer) return {};
  ASSIGN_OR_RETURN(const auto server, open_server(store, root_));
  const std::lock_guard held(one_at_a_time);
  options.on_answer(*server, *ran, watch.elapsed());
  return {};
}

Result<std::unique_ptr<Platform>> Platform::create(PlatformOptions options) {
  RETURN_IF_ERROR(check_store_names(options.with, store_names()));
  std::unique_ptr<Platform> platform(new Platform);
  platform->root_ = options.root;
  if (options.root.empty()) {
    ASSIGN_OR_RETURN(platform->root_, make_temporary_root("platform"));
  }
  platform->root_ = fs::absolute(platform->root_).lexically_normal();

  std::vector<std::string> stores;
  for (const std::string& store : store_names()) {
    if (contains(kAlways, store) || contains(options.with, store) || has_store(platform->root_, store))
      stores.push_back(store);
  }
  // One guard for all: the directory goes after the last server has gone.
  if (options.lifetime == Lifetime::kWithObject) {
    std::vector<fs::path> records;
    for (const std::string& store : stores)
      records.push_back(platform->root_ / "state" / (store + ".process"));
    ASSIGN_OR_RETURN(Guard guard, Guard::start(records, options.root.empty() ? std::optional(platform->root_)
                                                                             : std::nullopt));
    platform->guard_.emplace(std::move(guard));
  }
  RETURN_IF_ERROR(parallel_for(stores.size(), stores.size(),
                               [&](size_t i) { return platform->start_store(stores[i], options); }));
  return platform;
}

Result<std::unique_ptr<Platform>> Platform::open(const fs::path& root) {
  std::unique_ptr<Platform> platform(new Platform);
  platform->root_ = fs::absolute(root).lexically_normal();
  for (const std::string& store : kAlways) {
    if (!has_store(root, store)) {
      return Error(Code::kNotFound, "{} has no {}", platform->root_.string(), store)
          .hint("run `summit-dr-dev up`");
    }
  }
  ASSIGN_OR_RETURN(platform->postgres_, PostgresServer::open(root));
  ASSIGN_OR_RETURN(platform->neo4j_, Neo4jServer::open(root));
  ASSIGN_OR_RETURN(platform->redis_, RedisServer::open(root));
  if (has_store(root, "elasticsearch")) {
    ASSIGN_OR_RETURN(platform->elasticsearch_, ElasticsearchServer::open(root));
  }
  if (has_store(root, "s3")) {
    ASSIGN_OR_RETURN(platform->s3_, S3Server::open(root));
  }
  return platform;
}

std::vector<Server*> Platform::servers() const {
  std::vector<Server*> all{postgres_.get(), neo4j_.get(), redis_.get(), elasticsearch_.get(), s3_.get()};
  std::erase(all, nullptr);
  return all;
}

Result<void> Platform::stop() {
  const auto all = servers();
  std::vector<Result<void>> results(all.size());
  RETURN_IF_ERROR(parallel_for(all.size(), all.size(), [&](size_t i) -> Result<void> {
    results[i] = all[i]->stop();
    return {};
  }));
  for (auto& result : results) RETURN_IF_ERROR(std::move(result));
  return {};
}

Result<void> Platform::destroy(const std::vector<std::string>& stores) {
  auto known = store_names();
  known.emplace_back("files");
  RETURN_IF_ERROR(check_store_names(stores, known));
  const auto chosen = [&](const std::string& store) {
    return stores.empty() ? store != "s3" : contains(stores, store);
  };
  if (chosen("files")) RETURN_IF_ERROR(remove_recursively(files_root()));
  const auto all = servers();
  return parallel_for(all.size(), all.size(), [&](size_t i) -> Result<void> {
    if (!chosen(all[i]->store())) return {};
    RETURN_IF_ERROR(all[i]->start());
    return all[i] == postgres_.get() ? drop_databases_and_roles(*postgres_) : delete_volume(*all[i]);
  });
}

std::map<std::string, std::string> Platform::environment() const {
  const auto neo4j = neo4j_->endpoint();
  const auto postgres = postgres_->endpoint();
  std::map<std::string, std::string> variables{
      {"DATABASE_URL", fmt::format("postgresql://{}:{}@127.0.0.1:{}/{}", url_encoded(postgres_->user()),
                                   url_encoded(postgres_->password().reveal()), postgres_->port(),
                                   url_encoded(postgres_->database()))},
      {"NEO4J_BIN_DIR", neo4j.bin_directory},
      {"NEO4J_HOME", neo4j.home},
      {"NEO4J_PASSWORD", neo4j.password.reveal()},
      {"NEO4J_START_COMMAND", as_one_text(neo4j_->start_command())},
      {"NEO4J_STOP_COMMAND", as_one_text(neo4j_->stop_command())},
      {"NEO4J_URI", neo4j.bolt_uri},
      {"NEO4J_USERNAME", neo4j.user},
      {"POSTGRES_BIN_DIR", postgres.bin_directory},
      {"POSTGRES_DATA_DIR", postgres.data_directory},
      {"POSTGRES_DB", postgres_->database()},
      {"POSTGRES_HOST", postgres.host},
      {"POSTGRES_PASSWORD", postgres.password.reveal()},
      {"POSTGRES_PORT", std::to_string(postgres.port)},
      {"POSTGRES_RUN_AS", postgres.access.run_as},
      {"POSTGRES_START_COMMAND", as_one_text(postgres_->start_command())},
      {"POSTGRES_STOP_COMMAND", as_one_text(postgres_->stop_command())},
      {"POSTGRES_USER", postgres.user},
      {"REDISCLI_AUTH", redis_->password().reveal()},
      {"REDIS_HOST", "127.0.0.1"},
      {"REDIS_PASSWORD", redis_->password().reveal()},
      {"REDIS_PORT", std::to_string(redis_->port())},
      {"REDIS_START_COMMAND", as_one_text(redis_->start_command())},
      {"REDIS_STOP_COMMAND", as_one_text(redis_->stop_command())},
      {"SUMMIT_DR_ENVIRONMENT", "dev"},
      {"SUMMIT_PLATFORM_ROOT", files_root()},
  };
  if (const auto http = neo4j_->http_uri()) variables["NEO4J_HTTP_URI"] = *http;
  if (elasticsearch_) variables["ELASTICSEARCH_URL"] = elasticsearch_->url();
  if (s3_) {
    variables["AWS_ACCESS_KEY_ID"] = s3_->access_key();
    variables["AWS_ENDPOINT_URL"] = s3_->url();
    variables["AWS_REGION"] = s3_->region();
    variables["AWS_SECRET_ACCESS_KEY"] = s3_->secret_key().reveal();
  }
  return variables;
}

}  // namespace summit::platform
