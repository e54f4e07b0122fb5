// Who wants to know which values were replaced: the check that none of them is left in a masked target.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace summit::masking {

// ReplacedValues::add() for many values of one place, told by one thread.
class ReplacedPlace {
 public:
  virtual ~ReplacedPlace() = default;
  virtual void add(std::string_view original, std::string_view replacement) = 0;
};

// Whoever masks calls it for each value that a rule has replaced by a different one, before the replacement
// can be read anywhere. A null pointer means that nobody listens. Thread-safe.
class ReplacedValues {
 public:
  virtual ~ReplacedValues() = default;
  // `replacement` is empty for a value that was removed. `place` is where the value stood:
  // "postgresql:public.users.email", "neo4j:User.email", "redis:session:*:email".
  virtual void add(std::string_view original, std::string_view replacement, std::string_view place) = 0;
  // What the result is told counts when the result ends, at the latest. This outlives it.
  virtual std::unique_ptr<ReplacedPlace> at(std::string place);
};

}  // namespace summit::masking
