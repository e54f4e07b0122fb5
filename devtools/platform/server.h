// One real server of a development platform: started on loopback, stopped by its process record, found again
// by anybody.
//
// Everything about it lies below one root directory:
//   state/<store>.json     what it is: ports, password, settings (mode 0600). Written before the first start,
//   kept by stop. state/<store>.process  which process it is (devtools/launcher/process_record.h). Written
//   before the program runs. state/<store>.log      what it said <store>/               its data
// So `summit-dr-dev start neo4j --root=DIR` and a Neo4jServer object on the same root are the same thing, and
// may be mixed.
//
// Functions of one object are called by one thread at a time; several objects on one root may exist, in
// several processes.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/result.h"
#include "core/secret.h"
#include "devtools/launcher/privileges.h"
#include "devtools/launcher/process_record.h"
#include "devtools/platform/guard.h"

namespace summit::platform {

enum class Lifetime {
  kWithObject,  // ends with the object, or with this process however that ends
  kDetached,    // stays until somebody stops it
};

// What all servers share. Zero values are filled in by `create`.
struct ServerOptions {
  fs::path root;    // empty: a temporary directory of its own, removed at the end (then the lifetime must be
                    // kWithObject)
  Secret password;  // empty: random
  uint16_t port = 0;  // 0: a free one
  std::map<std::string, std::string>
      settings{};  // lines of the server's own configuration; they win over our defaults
  Lifetime lifetime = Lifetime::kWithObject;
};

class Server {
 public:
  virtual ~Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& store() const { return store_; }  // "postgresql"
  const fs::path& root() const { return root_; }
  fs::path data_directory() const {
    return root_ / store_;
  }  // all that it owns; see the subclass for what lies in it
  fs::path log_file() const { return root_ / "state" / (store_ + ".log"); }
  uint16_t port() const { return port_; }
  const Secret& password() const { return password_; }

  bool running() const;
  std::optional<pid_t> pid() const;  // nothing when it does not run

  // Returns once the server answers with the right password. Nothing to do when it runs. The data directory
  // is filled first when it is empty. An error carries the end of the server's log.
  Result<void> start();
  // In order, waiting until the process and its children are gone. Nothing to do when it does not run.
  Result<void> stop();
  // SIGKILL to the server and all of its children at once: as after a power failure, less the page cache.
  Result<void> kill();
  Result<void> restart();
  // Deletes the data. The next start is that of an empty server with the same ports, password and settings.
  // Refused while it runs.
  Result<void> wipe();

  // Argument vectors that start and stop this server from anywhere, for config::Access.
  std::vector<std::string> start_command() const;
  std::vector<std::string> stop_command() const;

  // The last lines of the log.
  std::string log_tail() const;

 protected:
  struct Launch {
    std::vector<std::string> argv;
    std::map<std::string, std::string> env{};
    std::optional<User> user{};
    int stop_signal = 15;
    int quick_stop_signal = 9;  // for data that nobody needs any more
    std::chrono::milliseconds start_patience{60000};
    std::chrono::milliseconds stop_patience{60000};
  };

  Server(std::string store, ServerOptions options);

  // Fills an empty data directory. Called before a start.
  virtual Result<void> prepare() = 0;
  virtual Launch launch() const = 0;
  // Does it answer? An error means that it never will.
  virtual Result<bool> answers() = 0;
  // After the first answer of each start.
  virtual Result<void> after_start() { return {}; }
  // More of the state than port, password and settings.
  virtual std::map<std::string, std::string> more_state() const { return {}; }

  // For `create`: makes the root, chooses what was left open, and writes the state. kAlreadyExists when the
  // root has this server.
  Result<void> establish();
  // For `open`: reads the state. kNotFound with a hint when the root has no such server.
  Result<std::map<std::string, std::string>> load();

  // Runs a program as the user of launch(), to the end.
  Result<std::string> run_as_server(std::vector<std::string> argv,
                                    std::map<std::string, std::string> env = {}) const;
  // Gives `path` to the user of launch().
  Result<void> give_to_server(const fs::path& path) const;
  const std::map<std::string, std::string>& settings() const { return settings_; }

 private:
  fs::path record_file() const { return root_ / "state" / (store_ + ".process"); }
  fs::path state_file() const { return root_ / "state" / (store_ + ".json"); }
  std::optional<ProcessRecord> record() const;
  std::vector<std::string> launcher(const Launch& launch, std::vector<std::string> words) const;
  Result<UniqueFd> lock() const;
  Result<void> start_locked();
  Result<void> launch_and_wait();
  Result<void> wait_until_answering(const Launch& launch);

  std::string store_;
  fs::path root_;
  bool owns_root_ = false;
  Lifetime lifetime_;
  uint16_t port_;
  Secret password_;
  std::map<std::string, std::string> settings_;
  std::optional<Guard> guard_;  // alone ends the server and removes a temporary root, here and after a crash
};

// A new directory for servers that go with their object, for its owner to remove. In memory where that has
// room: a test's cluster is a thousand small files, and file systems without a journal search ever longer for
// an inode when so many come and go. Short, because a socket's path may have 107 bytes only; passable,
// because a server may run as another user.
Result<fs::path> make_temporary_root(const std::string& name);

// A port of 127.0.0.1 that nothing uses now, outside the range from which the kernel takes ports for outgoing
// connections. It is given to nobody else on this machine until this process ends.
Result<uint16_t> free_port();

// 24 random letters and digits.
Secret random_password();

// The server cache: $SUMMIT_DR_CACHE, else the user's cache directory (scripts/setup fills it). kMissingTool
// with a hint when `program`
// ("postgresql-16/bin/postgres") is not there.
Result<fs::path> cached(std::string_view program);

// The user for servers that refuse root: nothing unless we are root; else $SUMMIT_DR_SERVER_USER or nobody.
Result<std::optional<User>> unprivileged_user();

}  // namespace summit::platform
