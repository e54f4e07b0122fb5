// Reads every key with the command of its type, in batches that are on their way together.
#include <optional>

#include "masking/condition.h"
#include "recovery/leak/leak_scan.h"
#include "recovery/leak/leak_words.h"
#include "stores/redis/connection.h"
#include "stores/redis/own_keys.h"
#include "stores/redis/pipeline.h"
#include "stores/redis/probe.h"

namespace summit::recovery {
namespace {

using redis::Reply;

constexpr std::string_view kBatch = "1000";
constexpr std::string_view kPlacePrefix = "redis:";

// The command that gives the elements of one key from `cursor` on; empty for types that we cannot read.
std::vector<std::string> read_command(const std::string& type, const std::string& key,
                                      const std::string& cursor) {
  const std::string batch(kBatch);
  if (type == "string") return {"GET", key};
  if (type == "hash") return {"HSCAN", key, cursor, "COUNT", batch};
  if (type == "set") return {"SSCAN", key, cursor, "COUNT", batch};
  if (type == "zset") return {"ZSCAN", key, cursor, "COUNT", batch};
  if (type == "list") return {"LRANGE", key, cursor, std::to_string(std::stoull(cursor) + 999)};
  if (type == "stream") return {"XRANGE", key, cursor == "0" ? "-" : cursor, "+", "COUNT", batch};
  return {};
}

// Where to read on; nothing at the end.
std::optional<std::string> next_cursor(const std::string& type, const std::string& cursor,
                                       const Reply& reply) {
  if (type == "hash" || type == "set" || type == "zset") {
    const bool more = reply.elements.size() == 2 && reply.elements[0].text != "0";
    return more ? std::optional(reply.elements[0].text) : std::nullopt;
  }
  const bool full = reply.elements.size() == 1000;
  if (type == "list" && full) return std::to_string(std::stoull(cursor) + 1000);
  if (type == "stream" && full && !reply.elements.back().elements.empty())
    return "(" + reply.elements.back().elements[0].text;
  return {};
}

std::vector<std::string_view> views_of(const std::vector<std::string>& words) {
  return {words.begin(), words.end()};
}

class KeySearch {
 public:
  KeySearch(redis::Connection& connection, const LeakScan& scan, Phase& phase)
      : connection_(connection), scan_(scan), phase_(phase), search_(scan.table) {
    const auto& places = scan.table.places();
    for (uint32_t number = 0; number < places.size(); ++number) {
      const std::string_view place = places[number];
      if (scan.table.has_own_values(number) && place.starts_with(kPlacePrefix))
        own_places_.push_back({number, place.substr(kPlacePrefix.size())});
    }
  }

  Result<void> database(uint32_t db) {
    db_ = db;
    RETURN_IF_ERROR(connection_.select(db));
    std::string cursor = "0";
    do {
      RETURN_IF_ERROR(scan_.cancellation.check());
      ASSIGN_OR_RETURN(const Reply page, connection_.call({"SCAN", cursor, "COUNT", kBatch}));
      if (page.elements.size() != 2) return Error(Code::kUnsupported, "SCAN gives no cursor");
      cursor = page.elements[0].text;
      keys_.clear();
      for (const auto& key : page.elements[1].elements) {
        if (!redis::is_own_key(db, key.text)) keys_.push_back({.name = key.text, .type = {}});
      }
      RETURN_IF_ERROR(batch());
    } while (cursor != "0");
    return {};
  }

  // Code that is stored in the server.
  Result<void> functions() {
    ASSIGN_OR_RETURN(const Reply list, connection_.ask({"FUNCTION", "LIST", "WITHCODE"}));
    if (list.is_error()) {
      scan_.report.not_searched("redis: functions");
      return {};
    }
    for (const auto& text : redis::texts_of(list))
      report_text(search_, scan_.report, text, "redis: functions");
    return {};
  }

 private:
  struct Key {
    std::string name;
    std::string type;
  };
  // Of a rule; "session:*:email".
  struct OwnPlace {
    uint32_t number;
    std::string_view pattern;
  };

  Result<void> batch() {
    redis::Pipeline types(connection_, [this](const Reply& reply, uint64_t tag) -> Result<void> {
      keys_[tag].type = reply.text;
      return {};
    });
    for (size_t i = 0; i < keys_.size(); ++i) RETURN_IF_ERROR(types.send({"TYPE", keys_[i].name}, i));
    RETURN_IF_ERROR(types.drain());

    std::vector<std::pair<size_t, std::string>> unfinished;
    redis::Pipeline values(connection_, [&](const Reply& reply, uint64_t tag) -> Result<void> {
      RETURN_IF_ERROR(look_at(keys_[tag], reply));
      if (auto more = next_cursor(keys_[tag].type, "0", reply)) unfinished.emplace_back(tag, *more);
      return {};
    });
    for (size_t i = 0; i < keys_.size(); ++i) {
      const auto& key = keys_[i];
      look_at_name(key);
      const auto command = read_command(key.type, key.name, "0");
      if (!command.empty()) {
        RETURN_IF_ERROR(values.send(views_of(command), i));
      } else if (key.type != "none") {
        scan_.report.not_searched(fmt::format("redis db{}: values of type {}", db_, key.type));
      }
    }
    RETURN_IF_ERROR(values.drain());
    for (auto& [index, cursor] : unfinished) RETURN_IF_ERROR(read_rest(keys_[index], std::move(cursor)));
    return readers();
  }

  // The names of those who read a stream: groups, and the consumers of each.
  Result<void> readers() {
    std::vector<std::pair<size_t, std::string>> groups;
    redis::Pipeline asking(connection_, [&](const Reply& reply, uint64_t tag) -> Result<void> {
      for (const auto& group : reply.elements) {
        // "name", the name, and what does not matter here.
        if (group.elements.size() > 1) groups.emplace_back(tag, group.elements[1].text);
      }
      return look_at_readers(reply);
    });
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i].type == "stream") RETURN_IF_ERROR(asking.send({"XINFO", "GROUPS", keys_[i].name}, i));
    }
    RETURN_IF_ERROR(asking.drain());
    redis::Pipeline consumers(connection_,
                              [this](const Reply& reply, uint64_t) { return look_at_readers(reply); });
    for (const auto& [index, group] : groups)
      RETURN_IF_ERROR(consumers.send({"XINFO", "CONSUMERS", keys_[index].name, group}, index));
    return consumers.drain();
  }

  Result<void> look_at_readers(const Reply& reply) {
    if (reply.is_error()) {
      // One that came and went meanwhile.
      const bool gone = reply.text.starts_with("WRONGTYPE") || reply.text.starts_with("NOGROUP") ||
                        reply.text.starts_with("ERR no such key");
      return gone ? Result<void>() : redis::error_of(reply.text, "cannot read the groups of a stream");
    }
    const auto place = fmt::format("redis:db{}: a group or consumer of a stream", db_);
    for (const auto& reader : reply.elements) {
      if (reader.elements.size() > 1) report_text(search_, scan_.report, reader.elements[1].text, place);
    }
    return {};
  }

  Result<void> read_rest(const Key& key, std::string cursor) {
    for (;;) {
      RETURN_IF_ERROR(scan_.cancellation.check());
      ASSIGN_OR_RETURN(const Reply reply,
                       connection_.call(views_of(read_command(key.type, key.name, cursor))));
      RETURN_IF_ERROR(look_at(key, reply));
      auto more = next_cursor(key.type, cursor, reply);
      if (!more) return {};
      cursor = *std::move(more);
    }
  }

  void look_at_name(const Key& key) {
    scan_.report.searched("redis", {.elements = 1, .bytes = key.name.size()});
    phase_.advance(1);
    report_text(search_, scan_.report, key.name, fmt::format("redis:db{}: the name of a key", db_));
  }

  Result<void> look_at(const Key& key, const Reply& reply) {
    // One that came and went meanwhile is of another type now.
    if (reply.is_error()) {
      if (reply.text.starts_with("WRONGTYPE")) return {};
      return redis::error_of(reply.text, "cannot read a key");
    }
    texts_.clear();
    // Of a page of a scan only the elements, not the cursor.
    const bool page = key.type == "hash" || key.type == "set" || key.type == "zset";
    texts_ = redis::texts_of(page && reply.elements.size() == 2 ? reply.elements[1] : reply);
    const bool tells = search_.holds_any(key.name, masking::TextSearch::Separators::kNone);
    const auto place = tells ? fmt::format("redis:db{}: a key whose name tells", db_)
                             : fmt::format("redis:db{}:{}", db_, key.name);
    uint64_t bytes = 0;
    std::string_view field;
    for (size_t i = 0; i < texts_.size(); ++i) {
      const auto& text = texts_[i];
      bytes += text.size();
      const bool is_field = key.type == "hash" && i % 2 == 0;
      if (is_field) field = text;
      if (!report_text(search_, scan_.report, text, place) && !is_field) look_at_own(key, field, text, place);
    }
    scan_.report.searched("redis", {.elements = 0, .bytes = bytes});
    return {};
  }

  void look_at_own(const Key& key, std::string_view field, std::string_view text, const std::string& place) {
    const auto name = field.empty() ? key.name : fmt::format("{}:{}", key.name, field);
    for (const auto& own : own_places_) {
      if (masking::matches_wildcard(name, own.pattern))
        report_own(search_, scan_.report, own.number, text, place);
    }
  }

  redis::Connection& connection_;
  const LeakScan& scan_;
  Phase& phase_;
  masking::TextSearch search_;
  std::vector<OwnPlace> own_places_;  // those that hold short values
  uint32_t db_ = 0;
  std::vector<Key> keys_;
  std::vector<std::string> texts_;
};

}  // namespace

Result<void> search_redis(const config::RedisEndpoint& endpoint, const LeakScan& scan) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, scan.cancellation));
  ASSIGN_OR_RETURN(const auto info, redis::read_info(connection, "keyspace"));
  const auto phase = scan.reporter.phase("redis", "looking for replaced values", "keys");
  KeySearch search(connection, scan, *phase);
  for (const auto& [db, keys] : info.key_counts())
    RETURN_IF_ERROR(search.database(db), "while searching db{}", db);
  return search.functions();
}

}  // namespace summit::recovery
