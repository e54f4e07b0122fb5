// Who and what exists in the sample platform. Every store describes the same world, so their ids agree.
//
// All of it is a function of seed and scale; nothing is kept in memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "devtools/sample/random.h"

namespace summit::sample {

struct Person {
  uint64_t id = 0;
  std::string tenant;
  std::string name;
  std::string email;
  std::optional<std::string> phone;
  std::optional<std::string> address;
};

struct Investigation {
  std::string id;  // "investigation-2025-001"
  std::string tenant;
  std::string title;
  uint64_t lead_user = 0;
  std::optional<std::string> classified_info;
  std::optional<std::string> internal_notes;
  int64_t opened_at = 0;  // microseconds since 1970
};

struct Entity {
  uint64_t id = 0;
  std::string tenant;
  std::string investigation;
  std::string kind;  // "person", "organisation", "location", "device"
  std::string name;
  std::optional<std::string> contact_email;
  std::optional<std::string> phone_number;
  double latitude = 0;
  double longitude = 0;
  bool classified = false;
};

class World {
 public:
  // `scale` 1 is a few thousand rows in each big table; anything above 0.
  World(uint64_t seed, double scale, int64_t until_seconds)
      : seed_(seed), scale_(scale), until_(until_seconds * 1'000'000) {}

  uint64_t seed() const { return seed_; }
  Random random(std::string_view purpose, uint64_t index) const { return {seed_, purpose, index}; }
  // `base` times the scale, at least 1.
  uint64_t scaled(uint64_t base) const;

  // The last instant of the data; microseconds since 1970.
  int64_t until() const { return until_; }
  // An instant within the last `days` before until().
  int64_t instant(Random& random, int days) const;

  const std::vector<std::string>& tenants() const;
  uint64_t users() const { return scaled(2000); }
  // Enough for each tenant to have some.
  uint64_t investigations() const { return std::max<uint64_t>(10, scaled(40)); }
  uint64_t entities() const { return scaled(3000); }
  uint64_t runs() const { return scaled(1500); }

  // Ids begin at 1.
  Person user(uint64_t id) const;
  Investigation investigation(uint64_t number) const;
  std::string investigation_id(uint64_t number) const;
  Entity entity(uint64_t id) const;
  std::string run_id(uint64_t number) const;

 private:
  uint64_t seed_;
  double scale_;
  int64_t until_;
};

}  // namespace summit::sample
