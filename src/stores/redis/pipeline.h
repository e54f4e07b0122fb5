// Many commands on their way at once, their answers read while later ones are written: so neither side ever
// waits for the other to read. Bounded: a command is only begun when fewer than `max_commands` and
// `max_bytes` are unanswered.
//
// One thread at a time. Nothing else may use the connection until drain() has returned.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "stores/redis/connection.h"

namespace summit::redis {

class Pipeline {
 public:
  struct Limits {
    size_t max_commands = 1000;
    uint64_t max_bytes = 4 * MiB;
  };
  // `on_reply` gets each answer with the tag of its command, in order; its error ends the pipeline.
  using OnReply = std::function<Result<void>(const Reply& reply, uint64_t tag)>;

  Pipeline(Connection& connection, OnReply on_reply, Limits limits);
  Pipeline(Connection& connection, OnReply on_reply) : Pipeline(connection, std::move(on_reply), Limits()) {}

  Result<void> send(const std::vector<std::string_view>& words, uint64_t tag);

  // A command with one large word, given as consecutive parts that are not copied: `before`, the parts as one
  // word, `after`.
  Result<void> send_large(const std::vector<std::string_view>& before, const std::vector<ByteView>& parts,
                          const std::vector<std::string_view>& after, uint64_t tag);

  // Sends what is left and waits for all answers.
  Result<void> drain();

 private:
  struct InFlight {
    uint64_t tag;
    uint64_t bytes;
  };

  Result<void> make_room(uint64_t bytes);
  Result<void> push(ByteView bytes);
  Result<void> flush();
  // Reads what has come; true when something had.
  Result<bool> take_replies();

  Connection& connection_;
  OnReply on_reply_;
  Limits limits_;
  std::string unsent_;
  std::deque<InFlight> in_flight_;
  uint64_t bytes_in_flight_ = 0;
  std::string buffer_;
};

}  // namespace summit::redis
