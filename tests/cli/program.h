// Runs the built program in a project of its own: an environment that has only files, so that no server is
// needed.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/process.h"

namespace summit::cli {

struct Finished {
  int code = 0;
  std::string output;
  std::string diagnostics;

  // Each line of standard output as JSON; fails the test when one is none.
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> parsed;
    for (size_t begin = 0; begin < output.size();) {
      const auto end = std::min(output.find('\n', begin), output.size());
      const auto line = output.substr(begin, end - begin);
      parsed.push_back(nlohmann::json::parse(line, nullptr, false));
      EXPECT_FALSE(parsed.back().is_discarded()) << line;
      begin = end + 1;
    }
    return parsed;
  }

  // The only line of this type.
  nlohmann::json message(const std::string& type) const {
    nlohmann::json found;
    for (const auto& line : lines()) {
      if (line.value("message_type", "") == type) found = line;
    }
    EXPECT_FALSE(found.is_null()) << "no message of type " << type << " in\n" << output << diagnostics;
    return found;
  }
};

inline Finished run_to_end(const Command& command) {
  auto process = Process::start(command, {});
  if (!process.ok()) {
    ADD_FAILURE() << process.error().to_string();
    return {};
  }
  Finished finished;
  char block[4096];
  for (;;) {
    const auto got = read_some(process->output_fd(), block, sizeof block, "pipe");
    if (!got.ok() || *got == 0) break;
    finished.output.append(block, *got);
  }
  const auto status = process->wait();
  if (!status.ok()) {
    ADD_FAILURE() << status.error().to_string();
    return finished;
  }
  finished.code = status->code;
  finished.diagnostics = status->diagnostics;
  return finished;
}

class Project {
 public:
  Project() {
    write("config/environments.yaml", R"(environments:
  dev:
    class: dev
    objectives: {recovery_point: 4 hours, recovery_time: 30 minutes}
    retention: 7 days
    layout: plain
    encrypted: false
    sanitization: full
    endpoints:
      files:
        - {name: uploads, root: uploads}
)");
    write("config/backup-sets.yaml", R"(backup_sets:
  full:
    retention: 30 days
    storage: [local]
    components:
      - {name: uploads}
)");
    write("uploads/report.txt", "what a user uploaded\n");
  }

  fs::path path() const { return directory_.path(); }

  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(make_directories((path() / name).parent_path()).ok());
    ASSERT_TRUE(write_file_durably(path() / name, text).ok());
  }

  Finished run(std::vector<std::string> words, std::map<std::string, std::string> env = {}) const {
    words.insert(words.begin(), std::string(SUMMIT_BIN_DIR) + "/summit-dr");
    env.try_emplace("SUMMIT_DR_CONFIG", (path() / "config").string());
    env.try_emplace("BACKUP_BASE", (path() / "backups").string());
    env.try_emplace("HOME", path().string());
    return run_to_end({.argv = std::move(words), .env = std::move(env), .directory = path()});
  }

 private:
  TemporaryDirectory directory_ =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-cli-").value();
};

}  // namespace summit::cli
