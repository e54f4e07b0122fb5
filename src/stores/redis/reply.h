// Answers of a Redis server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::redis {

struct Reply {
  enum class Kind { kStatus, kString, kInteger, kArray, kNull, kError };
  Kind kind = Kind::kNull;
  std::string text{};  // kStatus, kString, kError
  int64_t integer = 0;
  std::vector<Reply> elements{};

  bool is_error() const { return kind == Kind::kError; }
};

// All texts in a reply, depth first: strings and statuses as they are, integers in decimal, nothing for null.
std::vector<std::string> texts_of(const Reply& reply);

// Cuts the bytes of a connection into replies. Not thread-safe.
class ReplyParser {
 public:
  ReplyParser();
  ~ReplyParser();
  ReplyParser(ReplyParser&&) noexcept;
  ReplyParser& operator=(ReplyParser&&) noexcept;

  Result<void> feed(ByteView bytes);
  // The next whole reply; nothing when more bytes are needed. kFailed when the bytes are no replies of Redis.
  Result<std::optional<Reply>> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// An error reply ("NOPERM this user has no permissions …") as our error: wrong password or right kDenied,
// LOADING kBusy, out of memory kNoSpace, unknown commands kUnsupported, … `what` reads like "cannot read the
// databases".
Error error_of(std::string_view reply, std::string_view what);

// What is sent: the words of one command, each of any bytes.
void append_command(std::string& out, const std::vector<std::string_view>& words);

}  // namespace summit::redis
