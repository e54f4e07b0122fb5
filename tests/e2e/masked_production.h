// One backup of production, made once, for all cases of a test program that restore it masked.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/e2e/world.h"

namespace summit::e2e {

// The rows of the statement, or the error as a text.
nlohmann::json run_cypher(platform::Platform& platform, const std::string& statement);

class MaskedProduction {
 public:
  // What the backup holds beside the sample. User 900001 has the address, in Redis and in the graph, and the
  // note where no rule is; both are long enough to lie in Neo4j's files as they are. The token is a
  // session's.
  static constexpr const char* kLongAddress = "ada.augusta.king.countess@analytical-engine-society.org";
  static constexpr const char* kLongNote =
      "no rule touches this text, which stands in the files of the store as it is";
  static constexpr const char* kToken = "tok-3f9a6c1be70d42518c";

  // The shared platform's data, as production. Throws when that does not succeed.
  MaskedProduction();
  static MaskedProduction& shared();

  const std::string& id() const { return id_; }
  const fs::path& base() const { return base_; }
  std::string base_option() const { return "--backup-base=" + base_.string(); }
  // For every masked restore.
  static const Variables& key();

  // The option that chooses a configuration that masks all of the sample, whose odd tables no shipped rule
  // names. `edit` changes its environments.yaml.
  std::string configured(
      const std::string& name, const std::function<void(std::string&)>& edit = [](std::string&) {}) const;
  // The directory that such an option names.
  static fs::path directory_of(const std::string& option) { return option.substr(option.find('=') + 1); }
  // The first column of the first row, in the database that holds the originals.
  static std::string ask(const std::string& sql);

 private:
  void plant();
  void unplant();
  static std::string median_age(const std::string& table, const std::string& column);
  static void rule_the_sample(const fs::path& config);

  World& world_ = World::shared();
  fs::path base_ = world_.new_base("MaskedProduction");
  std::string id_;
};

}  // namespace summit::e2e
