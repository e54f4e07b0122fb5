#include "stores/redis/reply.h"

#include <hiredis/hiredis.h>

#include <algorithm>

namespace summit::redis {

namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

Reply converted(const redisReply& reply) {
  Reply result;
  if (reply.str != nullptr) result.text.assign(reply.str, reply.len);
  switch (reply.type) {
    case REDIS_REPLY_STATUS:
      result.kind = Reply::Kind::kStatus;
      break;
    case REDIS_REPLY_STRING:
      result.kind = Reply::Kind::kString;
      break;
    case REDIS_REPLY_ERROR:
      result.kind = Reply::Kind::kError;
      break;
    case REDIS_REPLY_INTEGER:
      result.kind = Reply::Kind::kInteger;
      result.integer = reply.integer;
      break;
    case REDIS_REPLY_ARRAY:
      result.kind = Reply::Kind::kArray;
      result.elements.reserve(reply.elements);
      for (size_t i = 0; i < reply.elements; ++i) result.elements.push_back(converted(*reply.element[i]));
      break;
    default:
      result.kind = Reply::Kind::kNull;
      break;
  }
  return result;
}

// The first word of an error reply is its class, in capitals.
struct ErrorClass {
  std::string_view prefix;
  Code code;
  std::string_view hint;
};

constexpr std::string_view kCredentialsHint =
    "set REDIS_PASSWORD (or REDIS_PASSWORD_FILE) in the environment or .env to the server's password";

constexpr ErrorClass kErrorClasses[] = {
    {"WRONGPASS", Code::kDenied, kCredentialsHint},
    {"NOAUTH", Code::kDenied, kCredentialsHint},
    {"ERR invalid password", Code::kDenied, kCredentialsHint},
    {"ERR Client sent AUTH, but no password is set", Code::kDenied,
     "unset REDIS_PASSWORD: the server asks for none"},
    {"ERR AUTH <password> called without any password configured", Code::kDenied,
     "unset REDIS_PASSWORD: the server asks for none"},
    {"NOPERM", Code::kDenied,
     "give the user the right with ACL SETUSER, or use another user; src/stores/redis/README.md lists what "
     "is needed"},
    {"DENIED", Code::kDenied,
     "the server is in protected mode: set a password with requirepass, or connect from its own host"},
    {"LOADING", Code::kBusy, "wait until the server has loaded its data: redis-cli INFO persistence"},
    {"BUSY", Code::kBusy, "a script or function runs too long: redis-cli SCRIPT KILL, or FUNCTION KILL"},
    {"MISCONF", Code::kNoSpace, "the server cannot save to its disk: free space there, see its log"},
    {"OOM", Code::kNoSpace, "raise the server's maxmemory: redis-cli CONFIG SET maxmemory"},
    {"READONLY", Code::kRefused, "this server is a replica: name its master in config/environments.yaml"},
    {"NOREPLICAS", Code::kRefused, "min-replicas-to-write is not met: bring the replicas back"},
    {"MASTERDOWN", Code::kUnreachable,
     "this replica has lost its master: name the master in config/environments.yaml"},
    {"NOMASTERLINK", Code::kUnreachable,
     "this replica has lost its master: name the master in config/environments.yaml"},
    {"CLUSTERDOWN", Code::kUnreachable, "redis-cli CLUSTER INFO"},
    {"MOVED", Code::kUnsupported, "this is a node of a cluster: clusters are not supported"},
    {"ERR unknown command", Code::kUnsupported,
     "the server's operator has taken the command away, as managed services do"},
    {"ERR unknown subcommand", Code::kUnsupported, "the server is too old for this command"},
};

}  // namespace

std::vector<std::string> texts_of(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::kNull:
      return {};
    case Reply::Kind::kInteger:
      return {std::to_string(reply.integer)};
    case Reply::Kind::kArray:
      break;
    default:
      return {reply.text};
  }
  std::vector<std::string> texts;
  for (const Reply& element : reply.elements) {
    for (std::string& text : texts_of(element)) texts.push_back(std::move(text));
  }
  return texts;
}

struct ReplyParser::State {
  std::unique_ptr<redisReader, FreeReply> reader{redisReaderCreate()};
};

ReplyParser::ReplyParser() : state_(std::make_unique<State>()) {}
ReplyParser::~ReplyParser() = default;
ReplyParser::ReplyParser(ReplyParser&&) noexcept = default;
ReplyParser& ReplyParser::operator=(ReplyParser&&) noexcept = default;

Result<void> ReplyParser::feed(ByteView bytes) {
  if (!state_->reader) return Error(Code::kFailed, "no memory for the replies of redis");
  if (redisReaderFeed(state_->reader.get(), reinterpret_cast<const char*>(bytes.data()), bytes.size()) ==
      REDIS_OK)
    return {};
  return Error(Code::kFailed, "the redis server's answer cannot be read: {}", state_->reader->errstr);
}

Result<std::optional<Reply>> ReplyParser::next() {
  void* object = nullptr;
  if (redisReaderGetReply(state_->reader.get(), &object) != REDIS_OK) {
    return Error(Code::kFailed, "the redis server's answer cannot be read: {}", state_->reader->errstr)
        .hint("check that a redis server listens on this port");
  }
  const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(object));
  if (!reply) return std::optional<Reply>();
  return std::optional<Reply>(converted(*reply));
}

Error error_of(std::string_view reply, std::string_view what) {
  // Some errors repeat the words of the command, which may hold data.
  const std::string_view shown =
      reply.substr(0, std::min({reply.find(", with args"), reply.find('\n'), size_t{200}}));
  for (const ErrorClass& known : kErrorClasses) {
    if (!reply.starts_with(known.prefix)) continue;
    return Error(known.code, "{}: redis answers \"{}\"", what, shown).hint(std::string(known.hint));
  }
  return Error(Code::kFailed, "{}: redis answers \"{}\"", what, shown);
}

void append_command(std::string& out, const std::vector<std::string_view>& words) {
  fmt::format_to(std::back_inserter(out), "*{}\r\n", words.size());
  for (const std::string_view word : words) {
    fmt::format_to(std::back_inserter(out), "${}\r\n", word.size());
    out.append(word);
    out.append("\r\n");
  }
}

}  // namespace summit::redis
