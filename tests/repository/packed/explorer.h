// A small model checker: every state that a system can reach, breadth first, so that the first violation has
// a shortest trace.
//
// A System has a State of plain bytes without padding, and
//   State initial() const;
//   void for_each_step(const State&, auto&& take) const;    // take(next, describe) for each step; describe()
//   gives its text std::optional<std::string> violation(const State&) const;
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace summit::repository::packed::model {

struct Exploration {
  uint64_t states = 0;
  bool complete = false;  // every reachable state was seen
  std::string violation;  // empty: none
  std::vector<std::string> trace;

  std::string to_string() const {
    std::string text = violation + "\n";
    for (const auto& step : trace) text += "  " + step + "\n";
    return text;
  }
};

template <typename System>
class Explorer {
 public:
  using State = typename System::State;
  static_assert(std::has_unique_object_representations_v<State>, "states are compared by their bytes");

  Explorer(const System& system, uint64_t limit) : system_(system), limit_(limit) {}

  Exploration run() {
    visit(system_.initial(), 0);
    for (uint64_t index = 0; index < states_.size() && found_.empty(); ++index) {
      if (states_.size() > limit_) return {states_.size(), false, {}, {}};
      const State state = states_[index];
      system_.for_each_step(state, [&](const State& next, const auto&) {
        if (found_.empty()) visit(next, static_cast<uint32_t>(index));
      });
    }
    return {states_.size(), found_.empty(), found_, found_.empty() ? std::vector<std::string>{} : trace()};
  }

 private:
  static size_t hash(const State& state) {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&state), sizeof(State)});
  }
  static bool equal(const State& a, const State& b) { return std::memcmp(&a, &b, sizeof(State)) == 0; }

  // An open hash table of indices: a quarter of the memory of a node for each state.
  void visit(const State& state, uint32_t parent) {
    if (states_.size() * 2 >= table_.size()) grow();
    size_t slot = hash(state) % table_.size();
    for (; table_[slot] != kEmpty; slot = (slot + 1) % table_.size()) {
      if (equal(states_[table_[slot]], state)) return;
    }
    table_[slot] = static_cast<uint32_t>(states_.size());
    states_.push_back(state);
    parents_.push_back(parent);
    if (const auto violation = system_.violation(state)) found_ = *violation;
  }

  void grow() {
    table_.assign(std::max<size_t>(1U << 16U, table_.size() * 2), kEmpty);
    for (uint32_t index = 0; index < states_.size(); ++index) {
      size_t slot = hash(states_[index]) % table_.size();
      while (table_[slot] != kEmpty) slot = (slot + 1) % table_.size();
      table_[slot] = index;
    }
  }

  // From the first state to the last one found; the texts are made only here, by taking the steps again.
  std::vector<std::string> trace() const {
    std::vector<std::string> steps;
    for (uint32_t at = static_cast<uint32_t>(states_.size() - 1); at != 0; at = parents_[at]) {
      bool named = false;
      system_.for_each_step(states_[parents_[at]], [&](const State& next, const auto& describe) {
        if (!named && equal(next, states_[at])) {
          steps.push_back(describe());
          named = true;
        }
      });
    }
    std::ranges::reverse(steps);
    return steps;
  }

  static constexpr uint32_t kEmpty = UINT32_MAX;

  const System& system_;
  uint64_t limit_;
  std::vector<State> states_;
  std::vector<uint32_t> parents_;
  std::vector<uint32_t> table_;
  std::string found_;
};

}  // namespace summit::repository::packed::model
