#include "config/endpoint_reader.h"

#include <fmt/format.h>

#include <regex>
#include <set>

#include "config/url.h"

namespace summit::config {
namespace {

SecretSource read_source(const Mapping& endpoint, std::string_view key) {
  SecretSource source;
  const auto value = endpoint.find(key);
  if (!value || value->node().IsNull()) return source;
  source.where = value->where();
  if (value->node().IsScalar()) {
    value->complain("a password is never written into this file",
                    "write `password: {env: NAME}`, `{file: path}` or `{command: [aws, secretsmanager, "
                    "get-secret-value, --secret-id, …]}`");
    return source;
  }
  const Mapping mapping(*value, "the password of " + endpoint.what(),
                        {"env", "file", "command", "field", "optional"});
  mapping.read("field", source.field);
  mapping.read("optional", source.optional);
  mapping.read("env", source.variables);
  mapping.read("file", source.file);
  mapping.read_words("command", source.command);
  if (!source.given() && value->is_mapping()) {
    value->complain(fmt::format("the password of {} has no source", endpoint.what()),
                    "add env, file or command");
  }
  return source;
}

void require_for_kind(const Mapping& mapping, Access::Kind kind, Access::Kind needs_it,
                      const std::string& given, std::string_view key) {
  if (kind == needs_it && given.empty()) {
    mapping.value().complain(fmt::format("{} has no `{}`", mapping.what(), key),
                             fmt::format("add `{}: …`", key));
  }
}

Access read_access(const Mapping& endpoint) {
  Access access;
  const auto value = endpoint.find("access");
  if (!value || value->node().IsNull()) return access;
  const Mapping mapping(*value, "the access of " + endpoint.what(),
                        {"kind", "unit", "container", "namespace", "pod", "workload", "start_command",
                         "stop_command", "run_as"});
  mapping.read_choice<Access::Kind>("kind",
                                    {{"local", Access::Kind::kLocal},
                                     {"systemd", Access::Kind::kSystemd},
                                     {"docker", Access::Kind::kDocker},
                                     {"podman", Access::Kind::kPodman},
                                     {"kubernetes", Access::Kind::kKubernetes}},
                                    access.kind);
  mapping.read("unit", access.unit);
  mapping.read("container", access.container);
  mapping.read("namespace", access.kube_namespace);
  mapping.read("pod", access.pod);
  mapping.read("workload", access.workload);
  mapping.read_words("start_command", access.start_command);
  mapping.read_words("stop_command", access.stop_command);
  mapping.read("run_as", access.run_as);
  require_for_kind(mapping, access.kind, Access::Kind::kSystemd, access.unit, "unit");
  require_for_kind(mapping, access.kind, Access::Kind::kDocker, access.container, "container");
  require_for_kind(mapping, access.kind, Access::Kind::kPodman, access.container, "container");
  require_for_kind(mapping, access.kind, Access::Kind::kKubernetes, access.pod, "pod");
  return access;
}

void read_name(const Mapping& mapping, std::string& name) {
  const auto value = mapping.find("name");
  mapping.read("name", name);
  if (value && !is_name(name)) {
    value->complain(fmt::format("`{}` is no name", name),
                    "use letters, digits, `_` and `-`, beginning with a letter");
  }
}

void require_scheme(const Mapping& mapping, std::string_view key, const std::string& url,
                    const std::vector<std::string>& schemes) {
  if (url.empty()) return;
  const auto parsed = parse_url(url);
  const auto value = mapping.find(key);
  if (!value) return;
  if (parsed && !parsed->password.empty()) {
    value->complain(fmt::format("the {} of {} carries a password", key, mapping.what()),
                    "write it as `password: {env: NAME}`");
  }
  for (const auto& scheme : schemes) {
    if (parsed && parsed->scheme == scheme && !parsed->host.empty()) return;
  }
  value->complain(fmt::format("the {} of {} is no {}:// address", key, mapping.what(), schemes.front()),
                  fmt::format("write {}://host:port", schemes.front()));
}

PostgresEndpoint read_postgresql(const Value& value) {
  PostgresEndpoint endpoint;
  const Mapping mapping(value, "a postgresql endpoint",
                        {"name", "when", "host", "port", "user", "password", "databases", "ssl_mode",
                         "bin_directory", "data_directory", "access"});
  read_name(mapping, endpoint.name);
  mapping.read("host", endpoint.host);
  mapping.read("port", endpoint.port);
  mapping.read("user", endpoint.user);
  mapping.read("databases", endpoint.databases);
  mapping.read_choice<std::string>("ssl_mode",
                                   {{"disable", "disable"},
                                    {"allow", "allow"},
                                    {"prefer", "prefer"},
                                    {"require", "require"},
                                    {"verify-ca", "verify-ca"},
                                    {"verify-full", "verify-full"}},
                                   endpoint.ssl_mode);
  mapping.read("bin_directory", endpoint.bin_directory);
  mapping.read("data_directory", endpoint.data_directory);
  endpoint.access = read_access(mapping);
  endpoint.password_source = read_source(mapping, "password");
  mapping.require("user", "add `user: …`");
  mapping.require("databases", "add `databases: [name]`; the first is the main one");
  return endpoint;
}

// The words of the vendor's command, whose placeholders are `{directory}`, `{database}` and, of a restore,
// `{file}`.
void read_vendor_command(const Mapping& mapping, std::string_view key, std::vector<std::string>& words) {
  mapping.read_words(key, words);
  const auto value = mapping.find(key);
  if (!value || words.empty()) return;
  bool names_directory = false;
  for (const auto& word : words) {
    static const std::regex kPlaceholder(R"(\{[a-z_]+\})");
    for (std::sregex_iterator found(word.begin(), word.end(), kPlaceholder), end; found != end; ++found) {
      const std::string name = found->str();
      const bool is_file = name == "{file}" && key == "restore_command";
      if (name == "{directory}" || is_file)
        names_directory = true;
      else if (name != "{database}")
        value->complain(fmt::format("the {} of {} knows no {}", key, mapping.what(), name),
                        key == "restore_command" ? "write {file}, {directory} or {database}"
                                                 : "write {directory} or {database}");
    }
  }
  if (names_directory) return;
  value->complain(
      fmt::format("the {} of {} does not say where the files of the backup are", key, mapping.what()),
      "write {directory} where it takes that path: --to-path={directory}, or --from-path={file} for the one "
      "file of a restore");
}

// `http_uri` stands in earlier configurations, also in those that backups hold: nothing asks there any more.
Neo4jEndpoint read_neo4j(const Value& value) {
  Neo4jEndpoint endpoint;
  const Mapping mapping(
      value, "a neo4j endpoint",
      {"name", "when", "bolt_uri", "http_uri", "user", "password", "database", "home", "data_directory",
       "bin_directory", "ca_file", "access", "backup_command", "restore_command", "command_timeout"});
  read_name(mapping, endpoint.name);
  mapping.read("bolt_uri", endpoint.bolt_uri);
  mapping.read("user", endpoint.user);
  mapping.read("database", endpoint.database);
  mapping.read("home", endpoint.home);
  mapping.read("data_directory", endpoint.data_directory);
  mapping.read("bin_directory", endpoint.bin_directory);
  mapping.read("ca_file", endpoint.ca_file);
  read_vendor_command(mapping, "backup_command", endpoint.backup_command);
  read_vendor_command(mapping, "restore_command", endpoint.restore_command);
  mapping.read("command_timeout", endpoint.command_timeout);
  endpoint.access = read_access(mapping);
  endpoint.password_source = read_source(mapping, "password");
  require_scheme(mapping, "bolt_uri", endpoint.bolt_uri,
                 {"bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"});
  return endpoint;
}

RedisEndpoint read_redis(const Value& value) {
  RedisEndpoint endpoint;
  const Mapping mapping(value, "a redis endpoint",
                        {"name", "when", "host", "port", "user", "password", "tls", "ca_file", "access"});
  read_name(mapping, endpoint.name);
  mapping.read("host", endpoint.host);
  mapping.read("port", endpoint.port);
  mapping.read("user", endpoint.user);
  mapping.read("tls", endpoint.tls);
  mapping.read("ca_file", endpoint.ca_file);
  endpoint.access = read_access(mapping);
  endpoint.password_source = read_source(mapping, "password");
  return endpoint;
}

ElasticsearchEndpoint read_elasticsearch(const Value& value) {
  ElasticsearchEndpoint endpoint;
  const Mapping mapping(value, "an elasticsearch endpoint",
                        {"name", "when", "url", "user", "password", "reindex_command"});
  read_name(mapping, endpoint.name);
  mapping.read("url", endpoint.url);
  mapping.read("user", endpoint.user);
  mapping.read_words("reindex_command", endpoint.reindex_command);
  endpoint.password_source = read_source(mapping, "password");
  require_scheme(mapping, "url", endpoint.url, {"http", "https"});
  return endpoint;
}

FilesEndpoint read_files(const Value& value) {
  FilesEndpoint endpoint;
  const Mapping mapping(value, "a tree of files", {"name", "when", "root", "include", "exclude", "secret"});
  read_name(mapping, endpoint.name);
  mapping.read("root", endpoint.root);
  mapping.read("include", endpoint.include);
  mapping.read("exclude", endpoint.exclude);
  mapping.read("secret", endpoint.secret);
  mapping.require("name", "add `name: uploads` or another name");
  mapping.require("root", "add `root: directory`");
  return endpoint;
}

// `when: "${NAME:-}"`: the endpoint is declared only where that is not empty, "false" or "no".
bool is_declared(const Value& value) {
  if (!value.is_mapping()) return true;
  const auto node = value.node()["when"];
  if (!node) return true;
  const auto text = Value(node, value.context()).text();
  return text && *text != "false" && *text != "no";
}

// Reads the endpoints of one kind. What is wrong with their variables concerns only who uses this kind.
class EndpointLists {
 public:
  EndpointLists(const Mapping& endpoints, Environment& environment)
      : endpoints_(endpoints), environment_(environment) {}

  template <typename Endpoint, typename Read>
  void read(const std::string& kind, std::vector<Endpoint>& target, std::set<std::string>& names,
            Read read_one) {
    const auto list = endpoints_.find(kind);
    if (!list) return;
    ReadContext context = list->context();
    context.deferred = &environment_.problems[kind];
    for (const auto& item : Value(list->node(), context).items()) {
      if (!is_declared(item)) {
        const auto name = item.node()["name"];
        environment_.inactive_endpoints.push_back(name && name.IsScalar() ? name.Scalar() : Endpoint{}.name);
        continue;
      }
      auto endpoint = read_one(item);
      if (!names.insert(endpoint.name).second) {
        item.complain(fmt::format("a second endpoint is called `{}`", endpoint.name),
                      "give each a `name` of its own");
      }
      target.push_back(std::move(endpoint));
    }
  }

 private:
  const Mapping& endpoints_;
  Environment& environment_;
};

}  // namespace

void read_endpoints(const Value& value, Environment& environment) {
  const Mapping endpoints(value, fmt::format("endpoints of `{}`", environment.name),
                          {"postgresql", "neo4j", "redis", "elasticsearch", "files"});
  // Names of servers are one space, those of trees another: a tree may be called as a component is.
  std::set<std::string> servers;
  std::set<std::string> trees;
  EndpointLists lists(endpoints, environment);
  lists.read("postgresql", environment.postgresql, servers, read_postgresql);
  lists.read("neo4j", environment.neo4j, servers, read_neo4j);
  lists.read("redis", environment.redis, servers, read_redis);
  lists.read("elasticsearch", environment.elasticsearch, servers, read_elasticsearch);
  lists.read("files", environment.files, trees, read_files);
}

}  // namespace summit::config
