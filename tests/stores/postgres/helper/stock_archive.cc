#include "tests/stores/postgres/helper/stock_archive.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "core/process.h"

namespace summit::postgres {

namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // A random word of later versions.
    const bool varies = line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
    if (!varies) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace

std::string output_of(const fs::path& program, std::vector<std::string> arguments) {
  Command command;
  command.argv = std::move(arguments);
  command.argv.insert(command.argv.begin(), program.string());
  auto output = run(command, {}, {}, GiB);
  if (!output.ok()) throw std::runtime_error(output.error().to_string());
  return *std::move(output);
}

std::vector<std::string> listed(const fs::path& pg_restore, const fs::path& archive) {
  std::vector<std::string> entries;
  for (const auto& line : lines_of(output_of(pg_restore, {"--list", archive.string()}))) {
    if (!line.starts_with(";")) entries.push_back(line.substr(line.find(';')));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<std::string> script_of(const fs::path& pg_restore, const fs::path& archive) {
  std::vector<std::string> entries(1);
  std::vector<std::string> rows;
  bool within_rows = false;
  for (const auto& line : lines_of(output_of(pg_restore, {"--file=-", archive.string()}))) {
    if (within_rows && line == "\\.") {
      std::sort(rows.begin(), rows.end());
      for (const auto& row : std::exchange(rows, {})) entries.back() += row + "\n";
      within_rows = false;
    }
    if (within_rows) {
      rows.push_back(line);
      continue;
    }
    if (line.starts_with("-- Name: ") || line.starts_with("-- Data for Name: ")) entries.emplace_back();
    entries.back() += line + "\n";
    within_rows = line.starts_with("COPY ") && line.ends_with(" FROM stdin;");
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<std::string> only_in_one(const std::vector<std::string>& left,
                                     const std::vector<std::string>& right) {
  std::vector<std::string> different;
  std::set_symmetric_difference(left.begin(), left.end(), right.begin(), right.end(),
                                std::back_inserter(different));
  for (auto& entry : different) entry = entry.substr(0, 2000);
  return different;
}

}  // namespace summit::postgres
