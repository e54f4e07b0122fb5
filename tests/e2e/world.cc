#include "tests/e2e/world.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "devtools/platform/dotenv.h"
#include "devtools/sample/sample.h"

namespace summit::e2e {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 65536> block{};
  while (true) {
    const auto count = ::read(fd, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(block.data(), static_cast<size_t>(count));
  }
}

void require(const Ran& ran, const std::string& step) {
  if (ran.exit_code != 0) throw std::runtime_error(step + " failed: " + ran.err);
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Ran& ran) {
  return stream << "exit " << ran.exit_code << "\n--- output\n" << ran.out << "\n--- errors\n" << ran.err;
}

World::World() : platform_(must(platform::Platform::create())) {
  // Below the platform's root, which a guard process removes even after a crash of this one.
  project_ = platform_->root() / "project";
  fs::create_directories(project_);
  fs::copy(fs::path(SUMMIT_SOURCE_DIR) / "config", project_ / "config", fs::copy_options::recursive);
  fs::copy(fs::path(SUMMIT_SOURCE_DIR) / "scripts", project_ / "scripts", fs::copy_options::recursive);
  must(platform::write_dotenv_block(project_ / ".env", platform_->environment()));
  must(sample::generate_sample(*platform_, {.scale = 0.2}));
  require(run({"key", "init"}), "key init");
  require(run({"env", "adopt", "dev", "--yes"}), "env adopt");
}

World::~World() = default;

World& World::shared() {
  static World world;
  return world;
}

Command World::command(std::vector<std::string> argv, const Variables& variables) const {
  Command command{.argv = std::move(argv), .env = variables};
  command.env.try_emplace("XDG_CONFIG_HOME", (project_ / "xdg").string());
  command.env.try_emplace("SUMMIT_DR_REPOSITORY_CACHE", (project_ / "cache").string());
  command.env.try_emplace("SUMMIT_DR", SUMMIT_BIN_DIR "/summit-dr");
  command.directory = project_;
  return command;
}

Ran World::run_program(const std::vector<std::string>& argv, const Variables& variables) const {
  auto process = must(Process::start(command(argv, variables), {}));
  Ran ran;
  ran.out = read_all(process.output_fd());
  const auto status = must(process.wait());
  ran.exit_code = status.code;
  ran.err = status.diagnostics;
  return ran;
}

Ran World::run(const std::vector<std::string>& arguments, const Variables& variables) const {
  std::vector<std::string> argv{SUMMIT_BIN_DIR "/summit-dr"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_program(argv, variables);
}

Ran World::shell(const std::string& line, const Variables& variables) const {
  return run_program({"bash", "-o", "pipefail", "-c", line}, variables);
}

Process World::start(const std::vector<std::string>& arguments, const Variables& variables) const {
  std::vector<std::string> argv{SUMMIT_BIN_DIR "/summit-dr"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return must(Process::start(command(std::move(argv), variables), {.output = Process::Stream::kNull}));
}

Process World::start_with_log(const std::vector<std::string>& arguments, const fs::path& log,
                              const Variables& variables) const {
  std::vector<std::string> argv{SUMMIT_BIN_DIR "/summit-dr"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return must(Process::start(command(std::move(argv), variables), {.output_file = log}));
}

std::vector<std::string> World::ids(const fs::path& base) const {
  std::vector<std::string> found;
  if (!fs::exists(base)) return found;
  for (const auto& entry : fs::directory_iterator(base)) {
    const auto name = entry.path().filename().string();
    if (entry.is_directory() && name.starts_with("summit-backup-") &&
        run({"--backup-base=" + base.string(), "info", name}).exit_code == 0) {
      found.push_back(name);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

nlohmann::json World::metadata(const fs::path& backup) const {
  return nlohmann::json::parse(read_text(backup / "backup-metadata.json"));
}

fs::path World::new_base(const std::string& name) const {
  const auto base = project_ / "bases" / name;
  fs::create_directories(base.parent_path());
  return base;
}

std::string World::configured(const std::string& name, const std::function<void(std::string&)>& edit) const {
  const auto project = project_ / name;
  fs::create_directories(project);
  fs::copy(project_ / "config", project / "config",
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  fs::copy_file(project_ / ".env", project / ".env", fs::copy_options::overwrite_existing);
  const auto file = project / "config/environments.yaml";
  auto text = read_text(file);
  edit(text);
  write_text(file, text);
  return "--config=" + (project / "config").string();
}

fs::path World::small_backup(const fs::path& base) const {
  const auto ran = run({"--backup-base=" + base.string(), "backup", "--set=full",
                        "--datastores=postgres,redis,config,secrets"});
  require(ran, "the backup");
  const auto latest = run({"--backup-base=" + base.string(), "list", "--latest"});
  require(latest, "list --latest");
  return base / latest.out.substr(0, latest.out.find('\n'));
}

std::vector<pid_t> World::processes_with(const std::vector<std::string>& texts) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (pid == ::getpid()) continue;
    const auto line = read_text(entry.path() / "cmdline");
    const auto is_in_line = [&](const std::string& text) { return line.find(text) != std::string::npos; };
    if (std::any_of(texts.begin(), texts.end(), is_in_line)) found.push_back(pid);
  }
  return found;
}

void replace_line(std::string& text, const std::string& section, const std::string& line,
                  const std::string& by) {
  const auto begin = text.find(section);
  ASSERT_NE(begin, std::string::npos) << section;
  const auto at = text.find(line, begin);
  ASSERT_NE(at, std::string::npos) << line;
  text.replace(at, line.size(), by);
}

fs::path installed(const std::string& program) {
  auto path = platform::cached(program);
  EXPECT_TRUE(path.ok()) << path.error().to_string();
  return path.ok() ? fs::canonical(*path) : fs::path();
}

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write_text(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

void flip_bit(const fs::path& file) {
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  const auto middle = static_cast<std::streamoff>(fs::file_size(file) / 2);
  stream.seekg(middle);
  const auto byte = static_cast<char>(stream.get() ^ 1);
  stream.seekp(middle);
  stream.put(byte);
}

}  // namespace summit::e2e
