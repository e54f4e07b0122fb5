#include "stores/redis/restore.h"

#include "core/time.h"
#include "formats/rdb/payload.h"
#include "stores/redis/fingerprint.h"
#include "stores/redis/marker.h"
#include "stores/redis/own_keys.h"
#include "stores/redis/pipeline.h"
#include "stores/redis/probe.h"

namespace summit::redis {

namespace {

// FLUSHALL frees everything before it answers; and it may wait for a save.
constexpr std::chrono::minutes kPatience{10};
// Larger values are not copied into the pipeline's buffer.
constexpr size_t kLargeValue = 16 * KiB;
constexpr uint64_t kControlCommand = 0;

// From here on nothing of the old data is left, in one step with the word that says so.
Result<void> empty_server(Connection& connection, const std::optional<config::EnvironmentMarker>& marker) {
  ASSIGN_OR_RETURN(const ServerInfo info, read_info(connection, "server"));
  const std::string since = to_rfc3339(now());
  std::vector<std::vector<std::string_view>> commands{{"FLUSHALL"}};
  if (has_functions(info)) commands.push_back({"FUNCTION", "FLUSH"});
  commands.push_back({"SET", kIncompleteKey, since});
  if (marker) {
    for (auto& command : marker_commands(*marker)) commands.push_back(std::move(command));
  }
  RETURN_IF_ERROR(connection.select(0));
  RETURN_IF_ERROR(connection.transaction(commands), "while emptying the server");
  return {};
}

class Filler {
 public:
  Filler(Connection& connection, const Cancellation& cancellation,
         const std::function<void(uint64_t)>& advance)
      : pipeline_(connection, [](const Reply& reply, uint64_t tag) { return check(reply, tag); }),
        cancellation_(cancellation),
        advance_(advance) {}

  Result<void> add(const rdb::Record& record) {
    RETURN_IF_ERROR(cancellation_.check());
    switch (record.kind) {
      case rdb::Record::Kind::kFunction:
        ++counts_.functions;
        return pipeline_.send({"FUNCTION", "LOAD", "REPLACE", record.text}, kControlCommand);
      case rdb::Record::Kind::kEntry:
        return add_entry(record);
      default:
        return {};
    }
  }

  Result<RestoreCounts> finish() {
    RETURN_IF_ERROR(pipeline_.drain());
    return counts_;
  }

 private:
  Result<void> add_entry(const rdb::Record& entry) {
    if (advance_) advance_(entry.raw.size());
    if (is_own_key(entry)) return {};
    if (entry.expires_at_ms && *entry.expires_at_ms <= to_milliseconds(now())) {
      ++counts_.expired;
      return {};
    }
    if (entry.db != db_) {
      RETURN_IF_ERROR(pipeline_.send({"SELECT", std::to_string(entry.db)}, kControlCommand));
      db_ = entry.db;
    }
    ++counts_.keys;
    return send(entry);
  }

  Result<void> send(const rdb::Record& entry) {
    const std::string expiry = std::to_string(entry.expires_at_ms.value_or(0));
    std::vector<std::string_view> options{"REPLACE", "ABSTTL"};
    std::string hint;
    if (entry.idle_seconds) {
      hint = std::to_string(*entry.idle_seconds);
      options.insert(options.end(), {"IDLETIME", hint});
    } else if (entry.frequency) {
      hint = std::to_string(*entry.frequency);
      options.insert(options.end(), {"FREQ", hint});
    }
    const auto type = static_cast<std::byte>(entry.type);
    const std::string trailer = rdb::payload_trailer(entry.type, entry.value, entry.version);
    const std::vector<std::string_view> before{"RESTORE", entry.key, expiry};
    if (entry.value.size() >= kLargeValue)
      return pipeline_.send_large(before, {ByteView(&type, 1), entry.value, as_bytes(trailer)}, options,
                                  counts_.keys);

    std::string payload(1, static_cast<char>(entry.type));
    payload += as_text(entry.value);
    payload += trailer;
    std::vector<std::string_view> words = before;
    words.emplace_back(payload);
    words.insert(words.end(), options.begin(), options.end());
    return pipeline_.send(words, counts_.keys);
  }

  // Keys may be secrets (session tokens), so a message counts them instead of naming them.
  static Result<void> check(const Reply& reply, uint64_t tag) {
    if (!reply.is_error()) return {};
    if (tag == kControlCommand)
      return error_of(reply.text, "a database or function library cannot be restored");
    return error_of(reply.text, fmt::format("key number {} of the backup cannot be restored", tag));
  }

  Pipeline pipeline_;
  const Cancellation& cancellation_;
  const std::function<void(uint64_t)>& advance_;
  uint32_t db_ = 0;
  RestoreCounts counts_;
};

Result<RestoreCounts> fill(Connection& connection, const RdbSource& source, const Cancellation& cancellation,
                           const std::function<void(uint64_t)>& advance) {
  Filler filler(connection, cancellation, advance);
  RETURN_IF_ERROR(read_records(source, [&](const rdb::Record& record) { return filler.add(record); }));
  return filler.finish();
}

}  // namespace

Result<RestoreCounts> restore(Connection& connection, const RdbSource& source,
                              const std::optional<config::EnvironmentMarker>& marker,
                              const Cancellation& cancellation,
                              const std::function<void(uint64_t)>& advance) {
  connection.set_patience(kPatience);
  RETURN_IF_ERROR(empty_server(connection, marker));
  auto counts = fill(connection, source, cancellation, advance);
  if (!counts.ok()) {
    const std::string hint = counts.error().hint();
    return std::move(counts)
        .error()
        .at("the restore stopped halfway, and redis holds incomplete data")
        .hint(hint.empty() ? "run the restore again, or `summit-dr rollback`"
                           : hint + "; then run the restore again, or `summit-dr rollback`");
  }
  // Only now: what the server holds is what the backup holds.
  RETURN_IF_ERROR(connection.select(0));
  RETURN_IF_ERROR(connection.call({"DEL", kIncompleteKey}), "while ending the restore");
  return counts;
}

}  // namespace summit::redis
