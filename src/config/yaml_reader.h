// Reading YAML so that every finding names file, line and fix, and all of them come at once.
//
// Private to src/config: this is the only header with yaml-cpp in it.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/environment.h"
#include "config/variables.h"

namespace summit::config {

struct Finding {
  int line = 0;  // from 1
  std::string text;
};

// What a reader needs besides the YAML. `deferred`, when set, takes what is wrong with a variable's value:
// the file is right then, and it matters only to who uses that part.
struct ReadContext {
  std::string file;  // as shown: "config/environments.yaml"
  std::filesystem::path project;
  const Variables* variables = nullptr;
  std::string env_file = ".env";  // where a missing variable may be put
  std::vector<Finding>* findings = nullptr;
  std::vector<std::string>* deferred = nullptr;
};

// One YAML value. Copies share the node.
class Value {
 public:
  Value(const YAML::Node& node, ReadContext& context) : node_(node), context_(&context) {}

  int line() const { return node_.Mark().line + 1; }
  std::string where() const;
  const YAML::Node& node() const { return node_; }
  ReadContext& context() const { return *context_; }
  bool is_mapping() const { return node_.IsMap(); }
  bool is_list() const { return node_.IsSequence(); }

  // Adds a finding at this line: "what (fix)".
  void complain(std::string what, std::string_view fix) const;

  // Each gives nothing after it has complained; nothing without a complaint for an absent or empty value.
  std::optional<std::string> text() const;  // variables put in
  std::optional<bool> flag() const;
  std::optional<uint64_t> number(uint64_t lowest, uint64_t highest) const;
  std::optional<std::chrono::seconds> duration() const;
  std::optional<uint64_t> size() const;                   // bytes
  std::optional<std::vector<std::string>> texts() const;  // a list, or one text
  std::optional<std::vector<std::string>> words() const;  // a command: a list, or one text that is split
  std::vector<Value> items() const;                       // of a list

 private:
  YAML::Node node_;
  ReadContext* context_;
};

// A YAML mapping whose keys are known. Unknown, repeated and malformed keys are findings at construction.
class Mapping {
 public:
  // `what` is for messages: "component `redis`". A value that is no mapping is a finding and reads as empty.
  Mapping(const Value& value, std::string what, std::vector<std::string> known_keys);

  const Value& value() const { return value_; }
  const std::string& what() const { return what_; }
  std::optional<Value> find(std::string_view key) const;
  // As find(); absence is a finding with `fix`.
  std::optional<Value> require(std::string_view key, std::string_view fix) const;

  // Each leaves the target as it is when the key is absent, empty or wrong.
  void read(std::string_view key, std::string& target) const;
  void read(std::string_view key, bool& target) const;
  void read(std::string_view key, uint16_t& target) const;  // a port
  void read(std::string_view key, std::chrono::seconds& target) const;
  void read(std::string_view key, std::vector<std::string>& target) const;
  void read(std::string_view key,
            std::filesystem::path& target) const;  // relative ones resolve from the project
  void read_size(std::string_view key, uint64_t& target) const;
  void read_words(std::string_view key, std::vector<std::string>& target) const;
  void read_percent(std::string_view key, unsigned& target) const;

  template <typename T>
  void read_choice(std::string_view key, const std::vector<std::pair<std::string, T>>& choices,
                   T& target) const;

 private:
  template <typename T>
  static void assign(std::optional<T> value, T& target) {
    if (value) target = *std::move(value);
  }
  std::optional<size_t> choose(std::string_view key, const std::vector<std::string>& names) const;

  Value value_;
  std::string what_;
  std::vector<std::pair<std::string, YAML::Node>> entries_;
};

template <typename T>
void Mapping::read_choice(std::string_view key, const std::vector<std::pair<std::string, T>>& choices,
                          T& target) const {
  std::vector<std::string> names;
  names.reserve(choices.size());
  for (const auto& choice : choices) names.push_back(choice.first);
  if (const auto chosen = choose(key, names)) target = choices[*chosen].second;
}

// Each pair of a mapping whose keys are names that the user chooses. Repeated or unfit names are findings.
std::vector<std::pair<std::string, Value>> named_items(const Value& value, const std::string& what);

// Letters, digits, `_` and `-`, beginning with a letter: fit for ids and file names.
bool is_name(std::string_view text);

}  // namespace summit::config
