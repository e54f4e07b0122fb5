#include "config/smoke.h"

#include "config/yaml_reader.h"
#include "core/text.h"

namespace summit::config {
namespace {

SmokeQuery read_query(const Mapping& mapping) {
  SmokeQuery query;
  const std::vector<std::pair<std::string, std::string>> choices{
      {"postgresql", "postgresql"}, {"neo4j", "neo4j"}, {"redis", "redis"}};
  if (mapping.require("store", "add `store: postgresql`, `neo4j` or `redis`"))
    mapping.read_choice("store", choices, query.store);
  mapping.read("endpoint", query.endpoint);
  if (mapping.require("query", "add `query:` with one statement that gives one column"))
    mapping.read("query", query.text);
  return query;
}

// "> 0", "= 12"
void read_expectation(const Value& value, SmokeCheck& check) {
  const auto text = value.text();
  if (!text) return;
  const auto end = text->find_first_not_of("<>=");
  check.comparison = text->substr(0, end);
  const bool known = check.comparison == "=" || check.comparison == ">" || check.comparison == ">=" ||
                     check.comparison == "<" || check.comparison == "<=";
  const auto digits = text->find_first_not_of("<>= ");
  const auto number = digits == std::string::npos ? std::string() : text->substr(digits);
  const auto bound = parse_number<int64_t>(number);
  check.bound = bound.value_or(0);
  if (known && bound) return;
  value.complain(fmt::format("`{}` is no expectation", *text),
                 "write a comparison and a whole number, such as `> 0`");
}

SmokeCheck read_check(const Value& item) {
  SmokeCheck check;
  check.line = item.line();
  const Mapping mapping(item, "check", {"name", "store", "endpoint", "query", "expect", "same"});
  if (mapping.require("name", "add `name:` with what holds")) mapping.read("name", check.name);
  if (const auto pair = mapping.find("same")) {
    check.kind = SmokeCheck::Kind::kSame;
    const auto sides = pair->items();
    if (sides.size() != 2) {
      pair->complain(fmt::format("`same` has {} sides", sides.size()),
                     "give two: each with `store` and `query`");
      return check;
    }
    check.left = read_query(Mapping(sides[0], "side of `same`", {"store", "endpoint", "query"}));
    check.right = read_query(Mapping(sides[1], "side of `same`", {"store", "endpoint", "query"}));
    return check;
  }
  check.left = read_query(mapping);
  if (const auto expected = mapping.require("expect", "add `expect: \"> 0\"`"))
    read_expectation(*expected, check);
  return check;
}

}  // namespace

Result<std::vector<SmokeCheck>> load_smoke_checks(const std::filesystem::path& directory,
                                                  const Variables& variables) {
  const auto path = directory / "smoke.yaml";
  std::vector<SmokeCheck> checks;
  if (!std::filesystem::exists(path)) return checks;
  std::vector<Finding> findings;
  ReadContext context{.file = "config/smoke.yaml",
                      .project = directory.parent_path(),
                      .variables = &variables,
                      .findings = &findings,
                      .deferred = nullptr};
  try {
    const Value root(YAML::LoadFile(path.string()), context);
    const Mapping mapping(root, "smoke checks", {"checks"});
    if (const auto list = mapping.require("checks", "add `checks:` with a list")) {
      for (const auto& item : list->items()) checks.push_back(read_check(item));
    }
  } catch (const YAML::Exception& problem) {
    findings.push_back({problem.mark.line + 1, problem.msg});
  }
  if (findings.empty()) return checks;
  std::string text;
  for (const auto& finding : findings)
    text += fmt::format("{}{}:{}: {}", text.empty() ? "" : "\n", context.file, finding.line, finding.text);
  return Error(Code::kConfig, "{}", text).hint("mend those lines, then try again: summit-dr smoke");
}

}  // namespace summit::config
