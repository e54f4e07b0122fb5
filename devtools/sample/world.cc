#include "devtools/sample/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {
constexpr int64_t kMicrosecondsPerDay = 86'400'000'000;
}

uint64_t World::scaled(uint64_t base) const {
  return std::max<uint64_t>(1, static_cast<uint64_t>(std::llround(static_cast<double>(base) * scale_)));
}

int64_t World::instant(Random& random, int days) const {
  return until_ - 1 -
         static_cast<int64_t>(
             random.below(static_cast<uint64_t>(days) * static_cast<uint64_t>(kMicrosecondsPerDay)));
}

const std::vector<std::string>& World::tenants() const {
  static const std::vector<std::string> names{"customer-acme", "customer-globex", "customer-initech",
                                              "agency-north", "o'neil & söhne"};
  return names;
}

Person World::user(uint64_t id) const {
  Random random = this->random("user", id);
  Person person;
  person.id = id;
  person.tenant = tenants()[(id - 1) % tenants().size()];
  person.name = person_name(random);
  // Some end in example.com already: the documented masking rule leaves those alone.
  person.email = fmt::format("user{}.{}@{}", id, hex(random, 4),
                             random.chance(0.02)  ? "example.com"
                             : random.chance(0.5) ? "acme-corp.test"
                                                  : "mail.test");
  if (random.chance(0.9)) person.phone = phone_number(random);
  if (random.chance(0.8)) person.address = street_address(random);
  return person;
}

std::string World::investigation_id(uint64_t number) const {
  return fmt::format("investigation-{}-{:03}", 2025 + number / 1000, number % 1000);
}

Investigation World::investigation(uint64_t number) const {
  Random random = this->random("investigation", number);
  Investigation found;
  found.id = investigation_id(number);
  found.tenant = tenants()[(number - 1) % tenants().size()];
  found.title = some_text(random);
  found.lead_user = 1 + random.below(users());
  if (random.chance(0.4)) found.classified_info = "TS//" + paragraph(random, 120);
  if (random.chance(0.6)) found.internal_notes = paragraph(random, 200);
  found.opened_at = instant(random, 400);
  return found;
}

Entity World::entity(uint64_t id) const {
  static const std::vector<std::string> kinds{"person", "organisation", "location", "device"};
  Random random = this->random("entity", id);
  // Small investigations are common, large ones rare.
  const auto number =
      1 + static_cast<uint64_t>(std::pow(random.unit(), 2) * static_cast<double>(investigations()));
  Entity entity;
  entity.id = id;
  entity.tenant = tenants()[(number - 1) % tenants().size()];
  entity.investigation = investigation_id(number);
  entity.kind = random.pick(kinds);
  entity.name = entity.kind == "organisation" ? organisation_name(random) : person_name(random);
  // The last one is too long for an index.
  if (random.chance(0.02)) entity.name = awkward_texts()[random.below(awkward_texts().size() - 1)];
  if (random.chance(0.7)) entity.contact_email = fmt::format("contact-{}-{}@corp.test", id, hex(random, 6));
  if (random.chance(0.7)) entity.phone_number = phone_number(random);
  entity.latitude = std::floor(random.unit() * 180e6 - 90e6) / 1e6;
  entity.longitude = std::floor(random.unit() * 360e6 - 180e6) / 1e6;
  entity.classified = random.chance(0.05);
  return entity;
}

std::string World::run_id(uint64_t number) const {
  Random random = this->random("run", number);
  return uuid(random);
}

}  // namespace summit::sample
