// docker-compose.yml, .env, Justfile, config/, k8s/, terraform/.
#include "devtools/sample/files_content.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

constexpr std::string_view kCompose = R"(# The sample platform, as docker compose would run it.
services:
  api:
    image: summit/api:4.12.0
    env_file: .env
    ports: ["4000:4000"]
    depends_on: [postgres, neo4j, redis]
  postgres:
    image: timescale/timescaledb-ha:pg16
    environment: {POSTGRES_DB: summit_dev, POSTGRES_USER: summit}
    volumes: ["summit_postgres_data:/home/postgres/pgdata/data"]
  neo4j:
    image: neo4j:5-community
    volumes: ["summit_neo4j_data:/data"]
  redis:
    image: redis:7
    command: ["redis-server", "--appendonly", "no"]
    volumes: ["summit_redis_data:/data"]
volumes:
  summit_postgres_data:
  summit_neo4j_data:
  summit_redis_data:
)";

constexpr std::string_view kJustfile = R"(# Everyday recipes.
set dotenv-load := true

default:
    @just --list

backup set="full":
    ./scripts/backup-enhanced.sh --set={{set}}

restore id env="dev":
    ./scripts/restore-enhanced.sh "{{id}}" --env={{env}}
)";

// Values that a careless reader of .env files gets wrong.
std::string dotenv(Random random) {
  return fmt::format(
      "# secrets of the application; never in a clear backup\n"
      "API_KEY=sk-{}\n"
      "JWT_SECRET='single $quoted \\n stays'\n"
      "SMTP_PASSWORD=\"double \\\"quoted\\\" with # and = and \\$dollar\"\n"
      "export STRIPE_SECRET_KEY=sk_live_{}\n"
      "EMPTY=\n"
      "SPACED = around \n"
      "HASH=abc#def # comment\n"
      "UNICODE=пароль-🔑\n"
      "URL=postgres://user:p%40ss@db:5432/summit?sslmode=require&a=b\n"
      "MULTILINE=\"-----BEGIN KEY-----\n{}\n-----END KEY-----\"\n"
      "NO_NEWLINE_AT_END=1",
      hex(random, 40), hex(random, 24), hex(random, 64));
}

std::string tenant_configuration(const World& world, size_t index) {
  Random random = world.random("tenant configuration", index);
  return fmt::format("tenant_id: {}\nlimits:\n  users: {}\n  storage_gb: {}\nbanner: {}\n",
                     json_string(world.tenants()[index]), random.below(1000), random.below(500),
                     json_string(some_text(random)));
}

std::string deployment(const std::string& name, Random& random) {
  return fmt::format(
      "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {0}\n  namespace: summit\nspec:\n  "
      "replicas: {1}\n  selector:\n    matchLabels: {{app: {0}}}\n"
      "  template:\n    metadata:\n      labels: {{app: {0}}}\n    spec:\n      containers:\n        - name: "
      "{0}\n          image: summit/{0}:4.{2}.0\n"
      "          envFrom:\n            - configMapRef: {{name: {0}-config}}\n            - secretRef: "
      "{{name: {0}-secrets}}\n",
      name, 1 + random.below(5), random.below(20));
}

std::string service(const std::string& name) {
  return fmt::format(
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: {0}\n  namespace: summit\nspec:\n  selector: {{app: "
      "{0}}}\n  ports:\n    - port: 80\n      targetPort: 4000\n",
      name);
}

std::string config_map(const std::string& name, Random& random) {
  return fmt::format(
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}-config\n  namespace: summit\ndata:\n  "
      "LOG_LEVEL: info\n  BATCH: \"{}\"\n  motd: |\n    {}\n    second line\n",
      name, random.below(500), sentence(random));
}

std::string kubernetes_secret(const std::string& name, Random& random) {
  return fmt::format(
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}-secrets\n  namespace: summit\ntype: "
      "Opaque\nstringData:\n  DATABASE_PASSWORD: {}\n  API_KEY: {}\n",
      name, hex(random, 24), hex(random, 40));
}

// One document a service, separated by ---.
std::string documents(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, "---\n"));
}

std::string terraform_state(const World& world, uint64_t serial) {
  Random random = world.random("terraform", serial);
  return fmt::format(
      R"({{
  "version": 4,
  "terraform_version": "1.9.5",
  "serial": {},
  "lineage": "{}",
  "outputs": {{"database_endpoint": {{"value": "db.summit.internal:5432", "type": "string"}}}},
  "resources": [
    {{"mode": "managed", "type": "aws_db_instance", "name": "summit", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
     "instances": [{{"schema_version": 2, "attributes": {{"id": "summit-prod", "password": "{}", "allocated_storage": {}}}}}]}},
    {{"mode": "managed", "type": "aws_s3_bucket", "name": "backups", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
     "instances": [{{"schema_version": 0, "attributes": {{"bucket": "summit-backups-prod", "region": "us-west-2"}}}}]}}
  ]
}}
)",
      serial, uuid(random), hex(random, 20), 100 + random.below(900));
}

}  // namespace

Result<void> write_project_files(FileTree& tree, const World& world) {
  RETURN_IF_ERROR(tree.write("docker-compose.yml", kCompose));
  RETURN_IF_ERROR(tree.write(".env", dotenv(world.random("dotenv", 1)), 0600));
  RETURN_IF_ERROR(tree.write("Justfile", kJustfile));
  RETURN_IF_ERROR(tree.write(
      "config/application.yaml",
      "name: summit\nfeatures: [timeline, graph, 'search: full']\nretention: {events: 90d}\nempty:\n"));
  RETURN_IF_ERROR(tree.write("config/logging.yaml",
                             "level: info\nredact: [password, token]\nformat: |\n  %t %l\n  %m\n", 0444));
  RETURN_IF_ERROR(tree.write("config/bin/reload", "#!/bin/sh\nexec kill -HUP 1\n", 0755));
  for (size_t i = 0; i < world.tenants().size(); ++i) {
    RETURN_IF_ERROR(tree.write(fmt::format("config/tenants/{}.yaml", world.tenants()[i]),
                               tenant_configuration(world, i)));
  }
  return {};
}

Result<void> write_infrastructure(FileTree& tree, const World& world) {
  Random random = world.random("kubernetes", 1);
  const std::vector<std::string> services{"api", "worker", "web"};
  std::vector<std::string> deployments, service_documents, config_maps, secrets;
  for (const std::string& name : services) {
    deployments.push_back(deployment(name, random));
    service_documents.push_back(service(name));
    config_maps.push_back(config_map(name, random));
    secrets.push_back(kubernetes_secret(name, random));
  }
  RETURN_IF_ERROR(tree.write("k8s/deployments.yaml", documents(deployments)));
  RETURN_IF_ERROR(tree.write("k8s/services.yaml", documents(service_documents)));
  RETURN_IF_ERROR(tree.write("k8s/configmaps.yaml", documents(config_maps)));
  RETURN_IF_ERROR(tree.write("k8s/secrets.yaml", documents(secrets), 0600));
  RETURN_IF_ERROR(tree.write("terraform/terraform.tfstate", terraform_state(world, 42), 0600));
  return tree.write("terraform/dr/terraform.tfstate", terraform_state(world, 7), 0600);
}

}  // namespace summit::sample
