// A project with a running platform, as an engineer has it after `make up`, and the built program in it.
//
// One World serves all cases of a test program: real servers take seconds to start. Everything ends and is
// removed with the process, however that ends.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/process.h"
#include "devtools/platform/platform.h"

namespace summit::e2e {

struct Ran {
  int exit_code = -1;
  std::string out{};
  std::string err{};  // its last 64 KiB
};

// For messages of a failed assertion.
std::ostream& operator<<(std::ostream& stream, const Ran& ran);

using Variables = std::map<std::string, std::string>;

class World {
 public:
  // The platform is filled with the sample and adopted as `dev`. Throws when that does not succeed.
  World();
  ~World();

  // The one of this test program, made at the first call.
  static World& shared();

  // `summit-dr` in the project's directory, to its end.
  Ran run(const std::vector<std::string>& arguments, const Variables& variables = {}) const;
  // Any program in the project's directory.
  Ran run_program(const std::vector<std::string>& argv, const Variables& variables = {}) const;
  // A shell's line, as the runbook prints it; only for lines that are documented with a shell's syntax.
  Ran shell(const std::string& line, const Variables& variables = {}) const;
  // `summit-dr`, running; its output goes nowhere.
  Process start(const std::vector<std::string>& arguments, const Variables& variables = {}) const;

  // The same; what it says goes to the end of `log`.
  Process start_with_log(const std::vector<std::string>& arguments, const fs::path& log,
                         const Variables& variables = {}) const;

  platform::Platform& platform() { return *platform_; }
  const fs::path& project() const { return project_; }
  fs::path backups() const { return project_ / "backups"; }
  // Ids of the backups that a listing shows, in a base of its own or the project's.
  std::vector<std::string> ids(const fs::path& base) const;
  nlohmann::json metadata(const fs::path& backup) const;
  // A directory for one test's own backups.
  fs::path new_base(const std::string& name) const;

  // The option that chooses another configuration of the same platform: the project's environments.yaml after
  // `edit`, in a project `name` beside it.
  std::string configured(const std::string& name, const std::function<void(std::string&)>& edit) const;

  // A backup of PostgreSQL, Redis and the configuration in a base of its own: seconds, not a minute. Its
  // directory.
  fs::path small_backup(const fs::path& base) const;
  // Processes whose command line has one of `texts` in it.
  static std::vector<pid_t> processes_with(const std::vector<std::string>& texts);
  static std::vector<pid_t> processes_with(const std::string& text) {
    return processes_with(std::vector<std::string>{text});
  }

 private:
  Command command(std::vector<std::string> argv, const Variables& variables) const;

  std::unique_ptr<platform::Platform> platform_;
  fs::path project_;
};

// Replaces the first `line` at or behind `section` of `text`; fails the test when there is none.
void replace_line(std::string& text, const std::string& section, const std::string& line,
                  const std::string& by);

// A stock program that the platform's servers are of: "redis-7/bin/redis-server". Fails the test when there
// is none.
fs::path installed(const std::string& program);

std::string read_text(const fs::path& file);
void write_text(const fs::path& file, const std::string& text);
// Turns one bit in the middle of `file`.
void flip_bit(const fs::path& file);

}  // namespace summit::e2e
