#include "devtools/sample/redis_sample.h"

#include "devtools/platform/redis_client.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

using platform::RedisClient;
using Words = std::vector<std::string>;

class Filler {
 public:
  Filler(RedisClient& client, const World& world, int64_t now_seconds)
      : client_(client), world_(world), today_(now_seconds / kDay) {}

  Result<void> fill() {
    RETURN_IF_ERROR(client_.send({"SELECT", "0"}));
    RETURN_IF_ERROR(fill_caches());
    RETURN_IF_ERROR(fill_rate_limits());
    RETURN_IF_ERROR(fill_queues());
    RETURN_IF_ERROR(fill_streams());
    RETURN_IF_ERROR(fill_collections());
    RETURN_IF_ERROR(fill_edges());
    RETURN_IF_ERROR(client_.send({"SELECT", "1"}));
    RETURN_IF_ERROR(fill_sessions());
    RETURN_IF_ERROR(client_.send({"SELECT", "9"}));
    RETURN_IF_ERROR(fill_oddities());
    return client_.flush();
  }

 private:
  static constexpr int64_t kDay = 86400;

  // Midnight, 1 to `days` days after tomorrow's begin.
  std::string expiry(Random& random, uint64_t days) const {
    return std::to_string((today_ + 2 + static_cast<int64_t>(random.below(days))) * kDay);
  }

  Result<void> fill_caches() {
    for (uint64_t i = 1; i <= world_.scaled(2000); ++i) {
      Random random = world_.random("cache", i);
      const Entity entity = world_.entity(1 + random.below(world_.entities()));
      const std::string key = fmt::format("cache:entity:{}", i);
      const std::string value =
          fmt::format(R"({{"id":{},"name":{},"body":{}}})", entity.id, json_string(entity.name),
                      json_string(paragraph(random, random.below(400))));
      Words words{"SET", key, value};
      if (random.chance(0.8)) {
        words.emplace_back("EXAT");
        words.push_back(expiry(random, 6));
      }
      RETURN_IF_ERROR(client_.send(words));
    }
    return {};
  }

  Result<void> fill_rate_limits() {
    for (uint64_t i = 1; i <= world_.scaled(500); ++i) {
      Random random = world_.random("limit", i);
      const Person person = world_.user(1 + i % world_.users());
      RETURN_IF_ERROR(client_.send({"SET", fmt::format("ratelimit:{}:{}", person.tenant, i),
                                    std::to_string(random.below(600)), "EXAT", expiry(random, 2)}));
    }
    return {};
  }

  Result<void> fill_queues() {
    for (const char* name : {"queue:ingest", "queue:notify", "queue:exports"}) {
      for (uint64_t i = 1; i <= world_.scaled(200); ++i) {
        Random random = world_.random(name, i);
        RETURN_IF_ERROR(client_.send(
            {"RPUSH", name, fmt::format(R"({{"task":{},"note":{}}})", i, json_string(some_text(random)))}));
      }
    }
    // A short one is stored in another way than a long one.
    RETURN_IF_ERROR(client_.send({"RPUSH", "queue:dead-letters", "", "x", awkward_texts().back()}));
    return {};
  }

  // Entries, a group that has read some and acknowledged part of them, and a stream whose entries are all
  // gone.
  Result<void> fill_streams() {
    const int64_t start = world_.until() / 1000 - 86'400'000;
    for (uint64_t i = 1; i <= world_.scaled(500); ++i) {
      Random random = world_.random("stream", i);
      RETURN_IF_ERROR(client_.send(
          {"XADD", "stream:events", fmt::format("{}-{}", start + static_cast<int64_t>(i / 2), i % 2),
           "entity", std::to_string(1 + random.below(world_.entities())), "text", some_text(random)}));
    }
    RETURN_IF_ERROR(
        client_.send({"XGROUP", "CREATE", "stream:events", "indexers", fmt::format("{}-0", start + 50)}));
    RETURN_IF_ERROR(client_.send({"XGROUP", "CREATE", "stream:events", "idle", "0"}));
    for (int i = 1; i <= 20; ++i) {
      // XREADGROUP would record the time of the day.
      RETURN_IF_ERROR(client_.send({"XCLAIM", "stream:events", "indexers", fmt::format("indexer-{}", i % 3),
                                    "0", fmt::format("{}-0", start + i), "TIME", std::to_string(start + 1000),
                                    "RETRYCOUNT", std::to_string(i % 4), "FORCE", "JUSTID"}));
    }
    RETURN_IF_ERROR(client_.send({"XADD", "stream:trimmed", "5-1", "a", "b"}));
    RETURN_IF_ERROR(client_.send({"XADD", "stream:trimmed", "7-1", "a", "b"}));
    return client_.send({"XTRIM", "stream:trimmed", "MAXLEN", "0"});
  }

  Result<void> fill_collections() {
    for (const std::string& tenant : world_.tenants()) {
      for (uint64_t i = 1; i <= world_.scaled(100); ++i) {
        Random random = world_.random(tenant, i);
        const std::string member = std::to_string(1 + random.below(world_.users()));
        RETURN_IF_ERROR(client_.send(
            {"ZADD", "leaderboard:" + tenant,
             fmt::format("{}", random.chance(0.1) ? 1.0 / 3 : static_cast<double>(random.below(5000))),
             "user:" + member}));
        RETURN_IF_ERROR(client_.send({"SADD", "members:" + tenant, member}));
        RETURN_IF_ERROR(client_.send({"PFADD", "visitors:" + tenant, ip_address(random)}));
        RETURN_IF_ERROR(
            client_.send({"GEOADD", "places:" + tenant, fmt::format("{}", random.unit() * 170 - 85),
                          fmt::format("{}", random.unit() * 160 - 80), member}));
      }
      RETURN_IF_ERROR(client_.send({"HSET", "settings:" + tenant, "theme", "dark", "limit", "100", "empty",
                                    "", "note", awkward_texts()[3]}));
    }
    for (uint64_t id = 1; id <= world_.scaled(500); ++id) {
      const Person person = world_.user(1 + id % world_.users());
      RETURN_IF_ERROR(client_.send({"HSET", fmt::format("user:{}", id), "id", std::to_string(person.id),
                                    "email", person.email, "name", person.name}));
    }
    return {};
  }

  // Each type at the edges of what it can hold.
  Result<void> fill_edges() {
    Random random = world_.random("edges", 1);
    for (const Words& words : std::vector<Words>{
             {"SET", "edge:empty", ""},
             {"SET", "edge:integer", "-9223372036854775808"},
             {"SET", "edge:bytes", bytes(random, 5000)},
             {"SET", "edge:long", paragraph(random, 1 << 20)},
             {"SET", std::string("edge:zero\0byte\r\n", 16), std::string("\0\r\n\xff", 4)},
             {"SET", "", "the empty key"},
             {"SETBIT", "edge:bits", "100001", "1"},
             {"ZADD", "edge:scores", "inf", "a", "-inf", "b", "-0", "c", "1e-300", "d",
              "17976931348623157e292", "e"},
             {"SADD", "edge:integers", "1", "-70000", "5000000000"},
             {"SADD", "edge:mixed", "1", "one", ""},
             {"HSET", "edge:big-hash", "field", paragraph(random, 3000)},
         }) {
      RETURN_IF_ERROR(client_.send(words));
    }
    for (size_t i = 0; i < awkward_texts().size(); ++i) {
      RETURN_IF_ERROR(client_.send(
          {"HSET", "edge:texts", std::to_string(i), awkward_texts()[i], awkward_texts()[i], "key"}));
      RETURN_IF_ERROR(
          client_.send({"SET", "edge:text:" + awkward_texts()[i].substr(0, 60), std::to_string(i)}));
    }
    return {};
  }

  Result<void> fill_sessions() {
    for (uint64_t i = 1; i <= world_.scaled(1000); ++i) {
      Random random = world_.random("session", i);
      const Person person = world_.user(1 + random.below(world_.users()));
      const std::string key = "session:" + uuid(random);
      RETURN_IF_ERROR(client_.send({"HSET", key, "user", std::to_string(person.id), "tenant", person.tenant,
                                    "ip", ip_address(random), "token", hex(random, 40)}));
      RETURN_IF_ERROR(client_.send({"EXPIREAT", key, expiry(random, 28)}));
    }
    return {};
  }

  Result<void> fill_oddities() {
    RETURN_IF_ERROR(client_.send({"SET", "alone", "in database 9"}));
    // With milliseconds.
    return client_.send(
        {"SET", "expires", "later", "PXAT", std::to_string((today_ + 60) * kDay * 1000 + 123)});
  }

  RedisClient& client_;
  const World& world_;
  int64_t today_;
};

}  // namespace

Result<void> fill_redis(const config::RedisEndpoint& endpoint, const World& world, int64_t now_seconds) {
  ASSIGN_OR_RETURN(RedisClient client, RedisClient::connect(endpoint));
  ASSIGN_OR_RETURN(const auto filled, client.command({"EXISTS", "stream:events"}));
  if (filled.integer != 0) {
    return Error(Code::kAlreadyExists, "redis has the sample's keys already")
        .hint("run `summit-dr-dev destroy` first");
  }
  RETURN_IF_ERROR(
      client.send({"FUNCTION", "LOAD", "REPLACE",
                   "#!lua name=summit\nredis.register_function('summit_size', function(keys) return "
                   "redis.call('STRLEN', keys[1]) end)"}));
  return Filler(client, world, now_seconds).fill();
}

}  // namespace summit::sample
