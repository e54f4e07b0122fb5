// Masked restores, as the runner calls them, on real servers.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/masking/make_rules.h"
#include "tests/recovery/postgres/components.h"

namespace summit::recovery {

// Everything that listens for replaced values is told by two threads.
class Collected final : public masking::ReplacedValues {
 public:
  void add(std::string_view original, std::string_view, std::string_view place) override {
    const std::lock_guard lock(mutex_);
    values_.emplace(original, place);
  }
  const std::multimap<std::string, std::string>& values() const { return values_; }

 private:
  std::mutex mutex_;
  std::multimap<std::string, std::string> values_;
};

class MaskedComponents : public PostgresComponents {
 protected:
  void use(const std::string& yaml, unsigned percent = 100) {
    session_.rules = expect_ok(masking::read_rules(yaml));
    session_.key = masking::test_key();
    session_.reduction_percent = percent;
    session_.recovery_point = from_rfc3339("2026-11-21T00:00:00Z").value();
  }

  masking::Session session_;
};

class MaskedRestore : public MaskedComponents {
 protected:
  static constexpr const char* kRules = R"(key: {env: K}
rules:
  postgresql:
    - table: people
      where: email NOT LIKE '%@example.com'
      set: {email: {template: "dev_{id}@example.com"}, phone: {template: "+1-555-{id:07}"}}
      otherwise: {email: {pseudonym: email}, phone: {pseudonym: phone}}
    - table: people
      set:
        profile: {json: {"$.contact.email": {pseudonym: email}, "$..street": {constant: "x"}}}
        nicknames: {elements: {pseudonym: name}}
        born: {shift_days: {by: id, most: 180}}
    - {table: notes, set: {author_email: {pseudonym: email}}}
    - {table: payments, set: {iban: {pseudonym: iban}}}
)";

  static constexpr const char* kPeople = R"(
  CREATE TABLE public.people (id bigint PRIMARY KEY, email text UNIQUE, phone text, profile jsonb,
                              nicknames text[], born date, search text GENERATED ALWAYS AS (upper(email)) STORED);
  INSERT INTO public.people SELECT i, 'needle' || i || '@secret.org', '+47 4000' || i,
      jsonb_build_object('contact', jsonb_build_object('email', 'inner-needle' || i || '@secret.org', 'n', i),
                         'home', jsonb_build_object('street', 'Needle Lane ' || i)),
      ARRAY['Nick Needle ' || i, 'plain'], date '1980-01-01' + i FROM generate_series(1, 3000) i;
  UPDATE public.people SET email = 'kept@example.com' WHERE id = 7;
  CREATE TABLE public.notes (id bigint PRIMARY KEY, author_email text, body text);
  INSERT INTO public.notes VALUES (1, 'needle1@secret.org', 'hello'), (2, NULL, E'tab\there');
  CREATE TABLE public.payments (id bigint, iban text, due date) PARTITION BY RANGE (due);
  CREATE TABLE public.payments_old PARTITION OF public.payments FOR VALUES FROM ('2020-01-01') TO ('2026-01-01');
  CREATE TABLE public.payments_new PARTITION OF public.payments DEFAULT;
  INSERT INTO public.payments SELECT i, 'NO9386011117947', date '2025-06-01' + i FROM generate_series(1, 400) i;
  CREATE MATERIALIZED VIEW public.addresses AS SELECT email FROM public.people;
  CREATE TABLE public.plain AS SELECT i AS n FROM generate_series(1, 10) i;
)";

  void use(const std::string& yaml, unsigned percent = 100) {
    MaskedComponents::use(yaml, percent);
    session_.replaced = &replaced_;
    masking_ = &session_;
  }

  Result<PlanStep> plan(const std::string& id) {
    return with_restore(id, target_, [](auto& component, auto& context) { return component.plan(context); });
  }
  // Into `target_`, with the comparison that follows.
  std::vector<Difference> restored(const std::string& id) {
    return with_restore(id, target_, [&](auto& component, auto& context) {
      expect_ok(restore_and_reveal(component, context));
      return expect_ok(component.compare(context));
    });
  }

  // Plans, expects a refusal before anything is written, and gives its words.
  std::string refusal(const std::string& schema) {
    run("summit", schema);
    const auto id = expect_ok(back_up(target_));
    const auto planned = plan(id);
    EXPECT_FALSE(planned.ok()) << schema;
    if (planned.ok()) return {};
    EXPECT_EQ(planned.error().code(), Code::kRefused) << planned.error().to_string();
    const auto restored = restore_to(id, target_);
    EXPECT_FALSE(restored.ok());
    EXPECT_EQ(ask("summit", "SELECT count(*) FROM pg_stat_database WHERE datname LIKE '%restoring%'"), "0");
    return planned.error().message();
  }

  Collected replaced_;
};

}  // namespace summit::recovery
