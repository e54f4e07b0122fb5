#include "stores/neo4j/admin.h"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/digest.h"
#include "core/text.h"
#include "stores/neo4j/release.h"

namespace summit::neo4j {
namespace {

constexpr std::chrono::seconds kVersionPatience{60};

Command admin_command(const Programs& programs, const PrivateHome& home, std::vector<std::string> words) {
  Command command;
  command.argv = {programs.admin.native()};
  command.argv.insert(command.argv.end(), std::make_move_iterator(words.begin()),
                      std::make_move_iterator(words.end()));
  command.env = {{"NEO4J_CONF", home.configuration().native()}, {"HEAP_SIZE", "512m"}};
  // A working directory that surely can be entered: ours may be closed to another user.
  command.directory = home.root;
  return command;
}

std::map<std::string, std::string> directories_of(const PrivateHome& home) {
  return {{"server.directories.data", home.layout.data.native()},
          {"server.directories.transaction.logs.root", home.layout.transactions.native()},
          {"server.directories.logs", (home.root / "logs").native()},
          {"server.directories.run", (home.root / "run").native()},
          {"server.directories.plugins", (home.root / "plugins").native()},
          {"server.directories.import", (home.root / "import").native()},
          {"server.directories.licenses", (home.root / "licenses").native()},
          {"server.directories.dumps.root", (home.root / "dumps").native()}};
}

}  // namespace

Result<Programs> find_programs(const config::Neo4jEndpoint& endpoint) {
  std::vector<fs::path> directories;
  if (!endpoint.bin_directory.empty()) directories.push_back(endpoint.bin_directory);
  if (!endpoint.home.empty()) directories.push_back(endpoint.home / "bin");
  const auto find_one = [&](std::string_view name) -> Result<fs::path> {
    auto found = find_program(name, directories);
    if (found.ok() || found.error().code() != Code::kMissingTool) return found;
    return Error(Code::kMissingTool,
                 "{} is not installed here; a dump of neo4j cannot be made or loaded without it", name)
        .hint(fmt::format(
            "install neo4j of the server's version, and set `bin_directory` of endpoint `{}` to its bin/",
            endpoint.name));
  };
  Programs programs;
  ASSIGN_OR_RETURN(programs.server, find_one("neo4j"));
  ASSIGN_OR_RETURN(programs.admin, find_one("neo4j-admin"));
  return programs;
}

Result<std::string> installed_version(const Programs& programs, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto output,
                   run({.argv = {programs.server.native(), "--version"}}, cancellation, kVersionPatience));
  // "5.26.30" or "neo4j 5.26.30"
  std::string_view version = trimmed(output);
  version.remove_prefix(
      version.find_last_of(" \n") == std::string_view::npos ? 0 : version.find_last_of(" \n") + 1);
  if (leading_number(version).empty()) {
    return Error(Code::kUnsupported, "{} does not tell its version", programs.server.native())
        .hint("install neo4j 5");
  }
  return std::string(version);
}

Result<void> check_versions(std::string_view installed, std::string_view server) {
  const auto ours = Release::of(installed);
  const auto theirs = Release::of(server);
  // Stores of one major version open with any newer minor version of it, never with an older one.
  if (ours.major == theirs.major && ours >= theirs) return {};
  return Error(Code::kUnsupported, "the neo4j programs here are {}, but the server is {}", installed, server)
      .hint(
          fmt::format("install neo4j {} here, and set `bin_directory` of the endpoint to its bin/", server));
}

Result<void> PrivateHome::create(const std::map<std::string, std::string>& settings) const {
  std::map<std::string, std::string> lines{{"server.default_listen_address", "127.0.0.1"},
                                           // Not every release knows all of these.
                                           {"server.config.strict_validation.enabled", "false"},
                                           {"server.https.enabled", "false"},
                                           {"dbms.usage_report.enabled", "false"},
                                           {"db.tx_log.preallocate", "false"}};
  for (const auto& [name, value] : directories_of(*this)) lines[name] = value;
  for (const auto& [name, value] : settings) lines[name] = value;
  std::string content;
  for (const auto& [name, value] : lines) {
    if (value.find_first_of("\n\\") != std::string::npos) {
      return Error(Code::kConfig, "neo4j cannot work in {}: its configuration takes no such path", value);
    }
    content += fmt::format("{}={}\n", name, value);
  }
  for (const char* name : {"conf", "logs", "run", "plugins", "import", "licenses", "dumps"}) {
    RETURN_IF_ERROR(make_directories(root / name));
  }
  return write_file_durably(configuration() / "neo4j.conf", content);
}

Result<void> dump_database(const Programs& programs, const PrivateHome& home, std::string_view database,
                           const std::function<Result<void>(ByteView)>& consume,
                           const Cancellation& cancellation) {
  return run_streaming(
      admin_command(programs, home, {"database", "dump", std::string(database), "--to-stdout"}), consume,
      cancellation);
}

Result<void> load_database(const Programs& programs, const PrivateHome& home, std::string_view database,
                           const ArchiveFeed& feed, const std::optional<RunAs>& run_as,
                           const Cancellation& cancellation) {
  auto command = admin_command(
      programs, home,
      {"database", "load", std::string(database), "--from-stdin", "--overwrite-destination=true"});
  if (run_as) {
    command.uid = run_as->uid;
    command.gid = run_as->gid;
  }
  ASSIGN_OR_RETURN(auto process, Process::start(command, {.input = Process::Stream::kPipe,
                                                          .output = Process::Stream::kNull}));
  // A program that ends early closes its input: its own words then say more than our failed write.
  bool refused = false;
  auto fed = feed([&](ByteView block) -> Result<void> {
    RETURN_IF_ERROR(cancellation.check());
    auto written = write_all(process.input_fd(), block, "the input of neo4j-admin");
    refused = refused || !written.ok();
    return written;
  });
  if (!fed.ok() && !refused) {
    // Its input must not look like a whole archive that merely ended.
    process.end();
    return fed;
  }
  ASSIGN_OR_RETURN(const auto status, process.wait(cancellation));
  RETURN_IF_ERROR(require_success(command, status));
  return fed;
}

Result<void> write_initial_password(const StoreLayout& layout, const Secret& password,
                                    const std::optional<RunAs>& run_as) {
  constexpr int kIterations = 1024;
  std::array<char, 32> salt{};
  if (::getrandom(salt.data(), salt.size(), 0) != static_cast<ssize_t>(salt.size())) {
    return errno_error(errno, "cannot read random bytes");
  }
  Sha256 hasher;
  hasher.update(std::string_view(salt.data(), salt.size()));
  hasher.update(password.reveal());
  auto digest = hasher.finish();
  for (int i = 1; i < kIterations; ++i) digest = sha256(digest);
  const std::string line = fmt::format("neo4j:SHA-256,{},{},{}:\n", to_hex(digest),
                                       to_hex(as_bytes({salt.data(), salt.size()})), kIterations);
  RETURN_IF_ERROR(make_directories(layout.credentials()));
  RETURN_IF_ERROR(write_file_durably(layout.credentials() / "auth.ini", line, 0600));
  return give_to(layout.credentials(), run_as);
}

Result<void> give_to(const fs::path& path, const std::optional<RunAs>& run_as) {
  if (!run_as) return {};
  const auto give_one = [&](const fs::path& one) -> Result<void> {
    if (::lchown(one.c_str(), run_as->uid, run_as->gid) == 0 || errno == ENOENT) return {};
    return errno_error(errno, fmt::format("cannot change the owner of {}", one.native()));
  };
  RETURN_IF_ERROR(give_one(path));
  std::error_code error;
  if (!fs::is_directory(path, error)) return {};
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    RETURN_IF_ERROR(give_one(entry->path()));
  }
  if (error) return errno_error(error.value(), fmt::format("cannot list {}", path.native()));
  return {};
}

}  // namespace summit::neo4j
