// What happens over time: the three hypertables, and the audit log.
#include "devtools/sample/audit_chain.h"
#include "devtools/sample/copy_writer.h"
#include "devtools/sample/postgres_tables.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

Result<void> fill_events(pg_conn* connection, const World& world) {
  static const std::vector<std::string> kinds{"seen", "moved", "paid", "called", "document.added"};
  return fill_table(connection, "events (time, id, tenant_id, entity_id, kind, payload)", world.scaled(5000),
                    [&](CopyRow& row, uint64_t id) {
                      Random random = world.random("event", id);
                      const Entity entity = world.entity(1 + random.below(world.entities()));
                      row.text(timestamp(world.instant(random, 90)))
                          .number(id)
                          .text(entity.tenant)
                          .number(entity.id)
                          .text(random.pick(kinds));
                      random.chance(0.2)
                          ? row.null()
                          : row.text(fmt::format(R"({{"amount": {}.{:02}, "note": {}}})", random.below(10000),
                                                 random.below(100), json_string(some_text(random))));
                    });
}

Result<void> fill_temporal_patterns(pg_conn* connection, const World& world) {
  static const std::vector<std::string> patterns{"weekly", "night-time", "burst", "quiet", "month's end"};
  const std::string_view target = "temporal_patterns (time, tenant_id, entity_id, pattern, strength, hours)";
  return fill_table(connection, target, world.scaled(2000), [&](CopyRow& row, uint64_t i) {
    Random random = world.random("pattern", i);
    const Entity entity = world.entity(1 + random.below(world.entities()));
    row.text(timestamp(world.instant(random, 180)))
        .text(entity.tenant)
        .number(entity.id)
        .text(random.pick(patterns));
    random.chance(0.05) ? row.text("NaN") : row.number(random.unit());
    row.text(fmt::format("{{{},{},NULL}}", random.below(24), random.below(24)));
  });
}

Result<void> fill_analytics_traces(pg_conn* connection, const World& world) {
  static const std::vector<std::string> spans{"query", "render", "graph.walk", "export", "login"};
  const std::string_view target = "analytics_traces (time, trace_id, tenant_id, span, milliseconds, tags)";
  return fill_table(connection, target, world.scaled(5000), [&](CopyRow& row, uint64_t i) {
    Random random = world.random("trace", i);
    row.text(timestamp(world.instant(random, 90)))
        .text(uuid(random))
        .text(random.pick(world.tenants()))
        .text(random.pick(spans));
    row.number(static_cast<double>(random.below(4'000'000)) / 1024);
    random.chance(0.5) ? row.null()
                       : row.text(fmt::format(R"({{"http.status": {}}})", random.chance(0.9) ? 200 : 500));
  });
}

Result<void> fill_audit_logs(pg_conn* connection, const World& world) {
  AuditChain chain(world);
  const std::string_view target =
      "audit_logs (seq, ts, tenant_id, actor, action, target, user_ip, session_data, prev_hash, hash)";
  return fill_table(connection, target, chain.length(), [&](CopyRow& row, uint64_t seq) {
    const AuditEntry entry = chain.next();
    Random random = world.random("audit row", seq);
    row.number(entry.seq)
        .text(timestamp(entry.at))
        .text(entry.tenant)
        .text(entry.actor)
        .text(entry.action)
        .text(entry.target)
        .text(entry.ip);
    random.chance(0.4)
        ? row.null()
        : row.text(fmt::format(R"({{"session": "{}", "agent": "Mozilla/5.0"}})", uuid(random)));
    row.text(entry.prev_hash).text(entry.hash);
  });
}

}  // namespace

Result<void> fill_time_series(pg_conn* connection, const World& world) {
  for (const auto fill : {fill_events, fill_temporal_patterns, fill_analytics_traces, fill_audit_logs})
    RETURN_IF_ERROR(fill(connection, world));
  return {};
}

}  // namespace summit::sample
