// The messages of Bolt and its handshake. Format: docs/formats/bolt.md.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"
#include "formats/bolt/packstream.h"

namespace summit::bolt {

struct Version {
  uint8_t major = 0;
  uint8_t minor = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};

// What a client says first: all versions we speak, or `only` one of them.
std::string handshake(std::optional<Version> only = {});
// kUnsupported with a hint when the server speaks none of our versions, or something else than Bolt.
Result<Version> version_of(const std::array<unsigned char, 4>& answer);

struct Identity {
  std::string user;  // empty: no authentication
  Secret password;
};

// The messages of a client, each appended as chunks; all are whole on return.
class Requests {
 public:
  Requests(Version version, std::string& out) : version_(version), out_(out) {}

  // HELLO, and LOGON where the version has it: then two answers come. `out` holds the password afterwards:
  // reserve it beforehand, and let a Secret take it.
  void hello(const Identity& identity, std::string_view user_agent);
  bool logs_on() const { return version_ >= Version{5, 1}; }

  enum class Access { kRead, kWrite };
  // `parameters` is an encoded map. An empty `database` is the server's default, or that of the transaction.
  void run(std::string_view statement, ByteView parameters, std::string_view database, Access access);
  void pull(int64_t rows) { with_count(0x3f, rows); }
  void discard() { with_count(0x2f, -1); }
  void begin(std::string_view database, Access access);
  void commit() { plain(0x12); }
  void rollback() { plain(0x13); }
  void reset() { plain(0x0f); }
  void goodbye() { plain(0x02); }

 private:
  void plain(uint8_t tag);
  void with_count(uint8_t tag, int64_t rows);
  void send(const std::string& message);

  Version version_;
  std::string& out_;
};

// A message of the server. `fields` is a view of it, good as long as its bytes.
struct Response {
  enum class Kind : uint8_t { kSuccess = 0x70, kRecord = 0x71, kIgnored = 0x7e, kFailure = 0x7f };
  Kind kind = Kind::kIgnored;
  Cursor fields;  // at the list of a RECORD, the map of the others
};

// kCorrupt when it is none.
Result<Response> parse_response(ByteView message);

// What a FAILURE says.
struct Failure {
  std::string code;  // "Neo.ClientError.Statement.SyntaxError"
  std::string message;
};
Result<Failure> parse_failure(Cursor fields);

}  // namespace summit::bolt
