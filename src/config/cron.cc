#include "config/cron.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "core/text.h"

namespace summit::config {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int lowest;
  int highest;
  std::span<const std::string_view> words;  // the first one means `lowest`
};

const std::array<Field, 5> kFields = {{{"minute", 0, 59, {}},
                                       {"hour", 0, 23, {}},
                                       {"day of month", 1, 31, {}},
                                       {"month", 1, 12, kMonths},
                                       {"day of week", 0, 7, kDays}}};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<int> number_in(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  return parse_number<int>(text);
}

std::optional<int> value_in(const Field& field, std::string_view text) {
  for (size_t i = 0; i < field.words.size(); ++i) {
    if (equals_ignoring_case(field.words[i], text)) return field.lowest + static_cast<int>(i);
  }
  const auto number = number_in(text);
  return number && *number >= field.lowest && *number <= field.highest ? number : std::nullopt;
}

std::string problem_of_part(const Field& field, std::string_view part) {
  const auto stepped = split(part, '/');
  if (stepped.size() > 2) return fmt::format("{} `{}` has two steps", field.name, part);
  if (stepped.size() == 2) {
    const auto step = number_in(stepped[1]);
    if (!step || *step < 1 || *step > field.highest)
      return fmt::format("{} `{}` has no usable step", field.name, part);
  }
  if (stepped[0] == "*") return {};
  const auto ends = split(stepped[0], '-');
  std::optional<int> previous;
  for (const auto& end : ends) {
    const auto value = value_in(field, end);
    if (!value)
      return fmt::format("{} `{}` is not within {} and {}", field.name, end, field.lowest, field.highest);
    if (previous && *value < *previous) return fmt::format("{} `{}` runs backwards", field.name, part);
    previous = value;
  }
  if (ends.size() > 2) return fmt::format("{} `{}` is no range", field.name, part);
  return {};
}

}  // namespace

std::string cron_problem(std::string_view expression) {
  std::vector<std::string_view> fields;
  for (const auto& field : split(expression, ' ')) {
    if (!field.empty()) fields.push_back(field);
  }
  if (fields.size() != kFields.size())
    return fmt::format("a schedule has 5 fields, this one {}", fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    for (const auto& part : split(fields[i], ',')) {
      auto problem = problem_of_part(kFields[i], part);
      if (!problem.empty()) return problem;
    }
  }
  return {};
}

}  // namespace summit::config
