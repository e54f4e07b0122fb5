// opa/, policy-bundles/, policy-store/, catalog/, provenance/, audit/.
#include <map>

#include "core/digest.h"
#include "devtools/sample/audit_chain.h"
#include "devtools/sample/files_content.h"
#include "devtools/sample/policy_bundle.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

std::map<std::string, std::string> policies() {
  return {
      {"authz.rego",
       "package summit.authz\n\nimport rego.v1\n\ndefault allow := false\n\nallow if {\n\tinput.user.tenant "
       "== input.resource.tenant\n\t"
       "some role in input.user.roles\n\trole in data.roles[input.action]\n}\n"},
      {"export.rego",
       "package summit.export\n\nimport rego.v1\n\n# Classified entities stay inside.\ndeny contains msg if "
       "{\n\t\"Classified\" in input.entity.labels\n\t"
       "msg := sprintf(\"entity %v is classified\", [input.entity.id])\n}\n"},
      {"retention/audit.rego", "package summit.retention.audit\n\nkeep_days := 2555\n"},
  };
}

Result<void> write_bundles(FileTree& tree, const World& world) {
  std::string public_key;
  for (const std::string_view version : {"1.3.0", "1.4.0"}) {
    auto files = policies();
    files[".manifest"] = fmt::format(R"({{"revision": "{}", "roots": ["summit"]}})", version);
    files["data.json"] = R"({"roles": {"read": ["analyst", "lead"], "export": ["lead"]}})";
    ASSIGN_OR_RETURN(
        const SignedBundle bundle,
        make_bundle(files, fmt::format("bundle signing key {}", world.seed()), world.until() / 1'000'000));
    const std::string name = fmt::format("policy-bundles/summit-authz-{}.tar.gz", version);
    RETURN_IF_ERROR(tree.write(name, bundle.archive));
    RETURN_IF_ERROR(tree.write(name + ".sig", bundle.signature));
    public_key = bundle.public_key;
  }
  return tree.write("policy-bundles/signing-key.pub.pem", public_key);
}

Result<void> write_policy_store(FileTree& tree, const World& world) {
  RETURN_IF_ERROR(tree.write("policy-store/policies.json",
                             R"({"policies": [{"id": "authz", "version": "1.4.0", "state": "active"},)"
                             "\n"
                             R"( {"id": "export", "version": "1.4.0", "state": "active"}]})"
                             "\n"));
  return tree.write_lines("policy-store/decisions.jsonl", world.scaled(300), [&](uint64_t i) {
    Random random = world.random("decision", i);
    const Person person = world.user(1 + random.below(world.users()));
    return fmt::format(
        R"({{"id": "{}", "at": "{}", "policy": "authz", "tenant_id": {}, "subject": {}, "allow": {}}})",
        uuid(random), timestamp(world.instant(random, 90)), json_string(person.tenant), person.id,
        random.chance(0.9));
  });
}

Result<void> write_catalog(FileTree& tree, const World& world) {
  for (const std::string_view table : {"users", "entities", "investigations", "events"}) {
    Random random = world.random(table, 0);
    RETURN_IF_ERROR(tree.write(
        fmt::format("catalog/datasets/{}.yaml", table),
        fmt::format("name: {}\nowner: platform-team@example.com\nstore: postgresql\nclassification: "
                    "{}\ndescription: {}\ncolumns:\n  - {{name: tenant_id, pii: false}}\n",
                    table, table == "users" ? "pii" : "internal", json_string(sentence(random)))));
  }
  return tree.write(
      "catalog/glossary.yaml",
      "terms:\n  entity: who or what an investigation is about\n  größe: \"size, 尺寸, حجم\"\n");
}

// Each record names the digest of its output, and the record from which it was derived.
std::string provenance_record(const World& world, uint64_t i) {
  Random random = world.random("provenance", i);
  const Entity entity = world.entity(1 + random.below(world.entities()));
  const std::string output = to_hex(sha256(as_bytes(fmt::format("output {} of {}", i, world.seed()))));
  const std::string parent =
      i > 1 && random.chance(0.7) ? fmt::format("\"prov-{}\"", 1 + random.below(i - 1)) : "null";
  return fmt::format(
      R"({{"id": "prov-{}", "at": "{}", "tenant_id": {}, "investigation_id": "{}", "entity_id": {}, "derived_from": {}, "sha256": "{}"}})",
      i, timestamp(world.instant(random, 200)), json_string(entity.tenant), entity.investigation, entity.id,
      parent, output);
}

Result<void> write_provenance(FileTree& tree, const World& world) {
  constexpr uint64_t kFiles = 4;
  const uint64_t each = world.scaled(200);
  for (uint64_t file = 0; file < kFiles; ++file) {
    RETURN_IF_ERROR(tree.write_lines(fmt::format("provenance/lineage-{}.jsonl", file), each,
                                     [&](uint64_t i) { return provenance_record(world, file * each + i); }));
  }
  return tree.write(
      "provenance/attestations/build-4.12.0.json",
      R"({"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "summit/api:4.12.0"}]})"
      "\n");
}

Result<void> write_audit_chain(FileTree& tree, const World& world) {
  AuditChain chain(world);
  return tree.write_lines(
      "audit/audit-chain.jsonl", chain.length(), [&](uint64_t) { return chain.next().to_json(); }, 0640);
}

}  // namespace

Result<void> write_policies(FileTree& tree, const World& world) {
  for (const auto& [name, text] : policies()) RETURN_IF_ERROR(tree.write("opa/policies/" + name, text));
  RETURN_IF_ERROR(write_bundles(tree, world));
  return write_policy_store(tree, world);
}

Result<void> write_records(FileTree& tree, const World& world) {
  RETURN_IF_ERROR(write_catalog(tree, world));
  RETURN_IF_ERROR(write_provenance(tree, world));
  return write_audit_chain(tree, world);
}

}  // namespace summit::sample
