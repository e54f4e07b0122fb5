#include "formats/bolt/messages.h"

#include "formats/bolt/chunks.h"

namespace summit::bolt {

namespace {

constexpr uint8_t kHello = 0x01;
constexpr uint8_t kLogon = 0x6a;
constexpr uint8_t kRun = 0x10;
constexpr uint8_t kBegin = 0x11;
constexpr Version kLatest{5, 8};

void put(Writer& writer, std::string_view key, std::string_view value) {
  writer.text(key);
  writer.text(value);
}

constexpr size_t credentials_size(const Identity& identity) { return identity.user.empty() ? 1 : 3; }

void put_credentials(Writer& writer, const Identity& identity) {
  put(writer, "scheme", identity.user.empty() ? "none" : "basic");
  if (identity.user.empty()) return;
  put(writer, "principal", identity.user);
  put(writer, "credentials", identity.password.reveal());
}

// Where a statement or transaction runs.
void put_place(Writer& writer, std::string_view database, Requests::Access access) {
  const bool reads = access == Requests::Access::kRead;
  writer.map((reads ? 1U : 0U) + (database.empty() ? 0U : 1U));
  if (reads) put(writer, "mode", "r");
  if (!database.empty()) put(writer, "db", database);
}

}  // namespace

std::string handshake(std::optional<Version> only) {
  const std::string greeting("\x60\x60\xb0\x17", 4);
  if (only) {
    return greeting +
           std::string({'\0', '\0', static_cast<char>(only->minor), static_cast<char>(only->major)}) +
           std::string(12, '\0');
  }
  return greeting + std::string({'\0', kLatest.minor, kLatest.minor, kLatest.major}) +
         std::string("\0\0\4\4", 4) + std::string(8, '\0');
}

Result<Version> version_of(const std::array<unsigned char, 4>& answer) {
  const Version version{answer[3], answer[2]};
  const bool five = version.major == kLatest.major && version.minor <= kLatest.minor;
  if (answer[0] == 0 && answer[1] == 0 && (five || version == Version{4, 4})) return version;
  if (answer == std::array<unsigned char, 4>{'H', 'T', 'T', 'P'}) {
    return Error(Code::kUnsupported, "what answers speaks http, not bolt")
        .hint(
            "the endpoint's `bolt_uri` must be the address of neo4j's bolt interface, port 7687 by default");
  }
  return Error(Code::kUnsupported, "the server speaks no version of bolt from 5.0 to 5.8, nor 4.4")
      .hint("neo4j 5 and 4.4 are supported; check the port of the endpoint's `bolt_uri`");
}

void Requests::send(const std::string& message) { append_chunked(as_bytes(message), out_); }

void Requests::plain(uint8_t tag) {
  std::string message;
  Writer(message).structure(tag, 0);
  send(message);
}

void Requests::with_count(uint8_t tag, int64_t rows) {
  std::string message;
  Writer writer(message);
  writer.structure(tag, 1);
  writer.map(1);
  writer.text("n");
  writer.integer(rows);
  send(message);
}

void Requests::hello(const Identity& identity, std::string_view user_agent) {
  const bool is_4 = version_.major == 4;
  const bool has_agent = version_ >= Version{5, 3};
  const bool has_notifications = version_ >= Version{5, 2};
  std::string message;
  Writer writer(message);
  writer.structure(kHello, 1);
  writer.map(1U + (is_4 ? 1U : 0U) + (has_agent ? 1U : 0U) + (has_notifications ? 1U : 0U) +
             (logs_on() ? 0U : credentials_size(identity)));
  put(writer, "user_agent", user_agent);
  if (is_4) {
    writer.text("patch_bolt");
    writer.list(1);
    writer.text("utc");
  }
  if (has_agent) {
    writer.text("bolt_agent");
    writer.map(1);
    put(writer, "product", user_agent);
  }
  // Advice on statements is for those who write them by hand.
  if (has_notifications) put(writer, "notifications_minimum_severity", "OFF");
  if (logs_on()) {
    send(message);
    message.clear();
    writer.structure(kLogon, 1);
    writer.map(credentials_size(identity));
  }
  // No reallocation may leave a copy of the password behind.
  message.reserve(message.size() + identity.user.size() + identity.password.reveal().size() + 128);
  put_credentials(writer, identity);
  const Secret wiped(std::move(message));
  send(wiped.reveal());
}

void Requests::run(std::string_view statement, ByteView parameters, std::string_view database,
                   Access access) {
  std::string message;
  message.reserve(statement.size() + parameters.size() + 64);
  Writer writer(message);
  writer.structure(kRun, 3);
  writer.text(statement);
  writer.raw(parameters);
  put_place(writer, database, access);
  send(message);
}

void Requests::begin(std::string_view database, Access access) {
  std::string message;
  Writer writer(message);
  writer.structure(kBegin, 1);
  put_place(writer, database, access);
  send(message);
}

Result<Response> parse_response(ByteView message) {
  Cursor cursor(message);
  uint8_t tag = 0;
  uint32_t fields = 0;
  if (!cursor.structure(tag, fields)) return cursor.error("message");
  Response response;
  response.kind = static_cast<Response::Kind>(tag);
  switch (response.kind) {
    case Response::Kind::kSuccess:
    case Response::Kind::kFailure:
      if (fields != 1 || cursor.type() != Type::kMap) return cursor.error("map of a message");
      break;
    case Response::Kind::kRecord:
      if (fields != 1 || cursor.type() != Type::kList) return cursor.error("list of a record");
      break;
    case Response::Kind::kIgnored:
      break;
    default:
      return Error(Code::kCorrupt, "neo4j sent a message of the unknown kind {:#04x}",
                   static_cast<unsigned>(tag));
  }
  response.fields = cursor;
  return response;
}

Result<Failure> parse_failure(Cursor fields) {
  Failure failure;
  uint32_t count = 0;
  if (!fields.map(count)) return fields.error("failure");
  for (uint32_t i = 0; i < count; ++i) {
    std::string_view key;
    std::string_view text;
    if (!fields.text(key)) return fields.error("key of a failure");
    const bool is_code = key == "code" || key == "neo4j_code";
    if (!is_code && key != "message") {
      if (!fields.skip()) return fields.error("value of a failure");
      continue;
    }
    if (!fields.text(text)) return fields.error("text of a failure");
    (is_code ? failure.code : failure.message) = text;
  }
  return failure;
}

}  // namespace summit::bolt
