// Masks the nodes and relationships of a graph as they stream by, and remembers what no rule covers.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "masking/classify.h"
#include "masking/findings.h"
#include "masking/rules.h"
#include "masking/session.h"
#include "masking/spread_sample.h"
#include "recovery/masking_audit.h"
#include "stores/neo4j/graph_export.h"

namespace summit::recovery {

// One thread at a time. `session` outlives it. Memory: compiled rules for each combination of labels, and up
// to two hundred values for each property that no rule replaces, from everywhere in the graph.
class GraphMask final : public neo4j::GraphRewriter {
 public:
  explicit GraphMask(const masking::Session& session);
  ~GraphMask() override;

  // Elements of a list are masked one by one; dates stay dates when the rule gives one.
  Result<void> node(int64_t id, std::vector<std::string>& labels, neo4j::Value::Map& properties) override;
  Result<void> relationship(int64_t id, const std::string& type, neo4j::Value::Map& properties) override;
  Result<void> schema(const neo4j::Value::Map& facts) override;

  // kRefused when a property that passed looks private and no rule covers it, with the rules to paste, or
  // when a name holds something private. Ask before anybody can read what was masked.
  Result<void> check_uncovered() const;
  // The same, for whoever gathers what all stores hold.
  void find_uncovered(masking::Findings& findings) const;
  // Of what passed, ordered by place.
  std::vector<DocumentedGap> gaps() const;

 private:
  // What passed, for looking through.
  struct Passed {
    masking::Place place;
    masking::SpreadSample sample;
  };
  class Element;  // the rules of one combination of labels, or of one type
  using Elements = std::map<std::string, std::unique_ptr<Element>>;
  Result<Element*> element_of(Elements& elements, const std::string& key, masking::Rules rules,
                              std::vector<std::string> names);
  Result<void> mask(Element& element, int64_t id, config::MaskRule::Store store,
                    neo4j::Value::Map& properties);
  void look_at_name(const std::string& name, const char* what);
  void sample(config::MaskRule::Store store, const std::string& name, const neo4j::Entry& property);

  const masking::Session& session_;
  Elements nodes_;                                                // by labels
  Elements relationships_;                                        // by type
  std::map<std::pair<std::string, std::string>, Passed> passed_;  // by container and property
  std::set<std::pair<std::string, std::string>> replaced_;        // the same, of what no longer stands there
  masking::RuleSet met_;                                          // that concern what passed
  std::set<std::string> names_;                                   // that were looked at
  std::set<std::string> private_names_;                           // what they name, and what they look like
};

}  // namespace summit::recovery
