// Tenants, people, cases, entities, runs, tasks, configuration, billing.
#include "devtools/sample/copy_writer.h"
#include "devtools/sample/postgres_tables.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

constexpr int64_t kDay = 86'400'000'000;
const std::vector<std::string> kStatuses{"queued", "in progress", "done", "won't run", "échoué"};

// {"a","b"}: an array literal with every element quoted.
std::string array_of(const std::vector<std::string>& values) {
  std::string text = "{";
  for (const std::string& value : values) {
    text += text.size() == 1 ? "\"" : ",\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

std::string embedding(Random& random) {
  std::string text = "[";
  for (int i = 0; i < 64; ++i) text += fmt::format("{}{:.4f}", i == 0 ? "" : ",", random.unit() * 2 - 1);
  return text + "]";
}

Result<void> fill_tenants(pg_conn* connection, const World& world) {
  return fill_table(connection, "tenants (id, name, settings, created_at)", world.tenants().size(),
                    [&](CopyRow& row, uint64_t i) {
                      Random random = world.random("tenant", i);
                      row.text(world.tenants()[i - 1]).text(organisation_name(random));
                      row.text(fmt::format(R"({{"plan": "gold", "seats": {}, "note": {}}})",
                                           random.below(500), json_string(some_text(random))));
                      row.text(timestamp(world.instant(random, 900)));
                    });
}

Result<void> fill_users(pg_conn* connection, const World& world) {
  const std::string_view target =
      "users (id, tenant_id, name, email, phone, address, login, password_hash, roles, preferences, labels, "
      "avatar, created_at, deleted_at)";
  return fill_table(connection, target, world.users(), [&](CopyRow& row, uint64_t id) {
    const Person person = world.user(id);
    Random random = world.random("user row", id);
    row.number(id)
        .text(person.tenant)
        .text(person.name)
        .text(person.email)
        .text(person.phone)
        .text(person.address);
    row.text(fmt::format("User{}", id))
        .text("$argon2id$v=19$m=65536,t=3,p=4$" + hex(random, 22) + "$" + hex(random, 43));
    row.text(array_of({"analyst", fmt::format("team {}", random.below(9))}));
    random.chance(0.1)
        ? row.null()
        : row.text(fmt::format(R"({{"theme": "dark", "page": {}, "nested": {{"a": [1, 2.5, null]}}}})",
                               random.below(100)));
    random.chance(0.5) ? row.null()
                       : row.text(fmt::format(R"("desk"=>"{}", "badge"=>NULL)", random.below(400)));
    random.chance(0.9) ? row.null() : row.bytes(bytes(random, random.below(2000)));
    row.text(timestamp(world.instant(random, 700)));
    random.chance(0.95) ? row.null() : row.text(timestamp(world.instant(random, 30)));
  });
}

Result<void> fill_investigations(pg_conn* connection, const World& world) {
  const std::string_view target =
      "investigations (id, tenant_id, title, lead_user_id, classified_info, internal_notes, importance, "
      "budget, open, pauses, metadata, updated_at)";
  return fill_table(connection, target, world.investigations(), [&](CopyRow& row, uint64_t number) {
    const Investigation found = world.investigation(number);
    Random random = world.random("investigation row", number);
    row.text(found.id)
        .text(found.tenant)
        .text(found.title)
        .number(found.lead_user)
        .text(found.classified_info)
        .text(found.internal_notes);
    row.number(1 + random.below(5));
    random.chance(0.2) ? row.null()
                       : row.text(fmt::format("{}.{:04}", random.below(10'000'000), random.below(10000)));
    row.text(fmt::format("[{},{})", timestamp(found.opened_at),
                         random.chance(0.5) ? "" : timestamp(found.opened_at + 90 * kDay)));
    row.text(fmt::format("{{[{0},{1}),[{2},{3}]}}", timestamp(found.opened_at + kDay),
                         timestamp(found.opened_at + 2 * kDay), timestamp(found.opened_at + 9 * kDay),
                         timestamp(found.opened_at + 11 * kDay)));
    row.text(fmt::format(R"({{"tags": ["{}", ""], "summary": {}}})", random.below(50),
                         json_string(paragraph(random, 300))));
    row.null();
  });
}

void fill_entity(CopyRow& row, const World& world, uint64_t id) {
  const Entity entity = world.entity(id);
  Random random = world.random("entity row", id);
  row.number(id).text(entity.tenant).text(entity.investigation).text(entity.kind).text(entity.name);
  row.text(entity.contact_email).text(entity.phone_number);
  random.chance(0.05) ? row.null() : row.text(embedding(random));
  row.text(fmt::format(R"({{"source": {}, "rank": {}, "live": {}}})", json_string(some_text(random)),
                       random.below(1000), random.chance(0.5)));
  random.chance(0.3)
      ? row.null()
      : row.text(array_of(
            {person_name(random), random.chance(0.1) ? random.pick(awkward_texts()) : "a,b\"c\\d {x}", ""}));
  row.text(fmt::format("({},{})", entity.latitude, entity.longitude))
      .text(fmt::format("({},{})", entity.longitude, entity.latitude));
  const double luck = random.unit();
  luck < 0.01   ? row.text("NaN")
  : luck < 0.02 ? row.text("Infinity")
  : luck < 0.03 ? row.text("-0")
  : luck < 0.1  ? row.null()
                : row.number(random.unit());
  row.number(static_cast<double>(random.below(1000)) / 1024);
  random.chance(0.5) ? row.null() : row.text(fmt::format("[0.25,{})", 0.5 + random.unit()));
  random.chance(0.1) ? row.text("empty") : row.text(fmt::format("[{},)", date(world.instant(random, 500))));
  random.chance(0.3) ? row.null() : row.text(ip_address(random));
  row.text(
      fmt::format("08:00:2b:{:02x}:{:02x}:{:02x}", random.below(256), random.below(256), random.below(256)));
  row.text(random.chance(0.1) ? "" : fmt::format("{:b}", random.below(65536)));
  random.chance(0.1) ? row.bytes("") : row.bytes(bytes(random, 16));
  row.text(uuid(random))
      .text(fmt::format("{} mons {} days {}:0{}:07.25", random.below(9), random.below(40), random.below(30),
                        random.below(10)));
  row.text(timestamp(world.instant(random, 400)));
}

Result<void> fill_entities(pg_conn* connection, const World& world) {
  const std::string_view target =
      "entities (id, tenant_id, investigation_id, kind, name, contact_email, phone_number, embedding, "
      "attributes, aliases, place, location, "
      "risk, confidence, trusted, valid, address, mac, flags, fingerprint, token, seen, created_at)";
  return fill_table(connection, target, world.entities(),
                    [&](CopyRow& row, uint64_t id) { fill_entity(row, world, id); });
}

Result<void> fill_runs(pg_conn* connection, const World& world) {
  const std::string_view target =
      "runs (id, tenant_id, investigation_id, status, parameters, started_at, finished_at)";
  return fill_table(connection, target, world.runs(), [&](CopyRow& row, uint64_t number) {
    Random random = world.random("run row", number);
    const Investigation found = world.investigation(1 + random.below(world.investigations()));
    const int64_t started = world.instant(random, 120);
    row.text(world.run_id(number)).text(found.tenant).text(found.id).text(random.pick(kStatuses));
    row.text(fmt::format("{{\"depth\" : {}, \"depth\": 2,\n  \"model\":\"v{}\"}}", random.below(6),
                         random.below(12)));
    row.text(timestamp(started));
    random.chance(0.1) ? row.null()
                       : row.text(timestamp(started + static_cast<int64_t>(random.below(7'200'000'000))));
  });
}

Result<void> fill_tasks(pg_conn* connection, const World& world) {
  const std::string_view target =
      "tasks (id, run_id, parent_id, tenant_id, title, status, history, output, weights)";
  return fill_table(connection, target, world.scaled(4000), [&](CopyRow& row, uint64_t id) {
    Random random = world.random("task", id);
    row.number(id).text(world.run_id(1 + random.below(world.runs())));
    id == 1 || random.chance(0.6) ? row.null() : row.number(1 + random.below(id - 1));
    row.text(random.pick(world.tenants())).text(some_text(random)).text(random.pick(kStatuses));
    random.chance(0.5) ? row.null() : row.text(array_of({"queued", "in progress", random.pick(kStatuses)}));
    // Some are far above the size from which PostgreSQL moves a value out of its row.
    const double luck = random.unit();
    luck < 0.4 ? row.null() : row.text(paragraph(random, luck < 0.98 ? 150 : 30000));
    random.chance(0.8) ? row.null()
                       : row.text(fmt::format("{{{{{}, NULL}},{{0.10, 1e-20}}}}", random.below(100)));
  });
}

Result<void> fill_results(pg_conn* connection, const World& world) {
  return fill_table(connection, "results (id, task_id, kind, artifact)", world.scaled(2000),
                    [&](CopyRow& row, uint64_t id) {
                      Random random = world.random("result", id);
                      row.number(id)
                          .number(1 + random.below(world.scaled(4000)))
                          .text(random.chance(0.5) ? "report" : "table");
                      random.chance(0.1) ? row.null() : row.bytes(bytes(random, random.below(400)));
                    });
}

Result<void> fill_runbooks(pg_conn* connection, const World& world) {
  return fill_table(connection, "runbooks (id, name, steps, source, schedule, at)", world.scaled(60),
                    [&](CopyRow& row, uint64_t id) {
                      Random random = world.random("runbook", id);
                      row.number(id).text(fmt::format("runbook {} – {}", id, sentence(random)));
                      row.text(fmt::format(R"([{{"run": {}}}, {{"wait": "{} s"}}])",
                                           json_string(some_text(random)), random.below(90)));
                      row.text(paragraph(random, 600))
                          .text(fmt::format("{} hours", 1 + random.below(48)))
                          .text(fmt::format("{:02}:30:00.5+0{}:30", random.below(24), random.below(9)));
                    });
}

Result<void> fill_configuration(pg_conn* connection, const World& world) {
  static const std::vector<std::string> names{
      "OPENAI_API_KEY", "MAPS_API_KEY",     "SIGNING_KEY",   "JWT_SECRET", "WEBHOOK_SECRET", "SMTP_PASSWORD",
      "LDAP_PASSWORD",  "FEATURE_TIMELINE", "MAX_UPLOAD_MB", "MOTD",       "SUPPORT_EMAIL",  "EMPTY_VALUE"};
  return fill_table(connection, "configuration (name, value, description, secret)", names.size(),
                    [&](CopyRow& row, uint64_t i) {
                      Random random = world.random("configuration", i);
                      const std::string& name = names[i - 1];
                      const bool secret =
                          name.ends_with("_KEY") || name.ends_with("_SECRET") || name.ends_with("_PASSWORD");
                      row.text(name);
                      if (name == "EMPTY_VALUE") {
                        row.text("");
                      } else {
                        row.text(secret ? "prod-" + hex(random, 32) : some_text(random));
                      }
                      random.chance(0.5) ? row.null() : row.text(sentence(random));
                      row.boolean(secret);
                    });
}

Result<void> fill_billing(pg_conn* connection, const World& world) {
  const std::string_view target =
      "billing (id, tenant_id, user_id, credit_card, bank_account, amount, currency, period, due)";
  return fill_table(connection, target, world.scaled(1500), [&](CopyRow& row, uint64_t id) {
    Random random = world.random("billing", id);
    const Person person = world.user(1 + random.below(world.users()));
    const int64_t due = world.instant(random, 700);
    row.number(id).text(person.tenant).number(person.id);
    random.chance(0.3) ? row.null()
                       : row.text(fmt::format("4{:03}-{:04}-{:04}-{:04}", random.below(1000),
                                              random.below(10000), random.below(10000), random.below(10000)));
    random.chance(0.4)
        ? row.null()
        : row.text(fmt::format("DE{:02}{:018}", random.below(100), random.below(1'000'000'000'000'000'000)));
    row.text(
        fmt::format("{}{}.{:02}", random.chance(0.05) ? "-" : "", random.below(100000), random.below(100)));
    row.text(random.chance(0.5) ? "EUR" : "USD")
        .text(fmt::format("[{},{})", date(due - 31 * kDay), date(due)))
        .text(date(due));
  });
}

}  // namespace

Result<void> fill_core_tables(pg_conn* connection, const World& world) {
  for (const auto fill : {fill_tenants, fill_users, fill_investigations, fill_entities, fill_runs, fill_tasks,
                          fill_results, fill_runbooks, fill_configuration, fill_billing}) {
    RETURN_IF_ERROR(fill(connection, world));
  }
  return {};
}

}  // namespace summit::sample
