// One component of a backup, masked without a target: looked through, shown, or given as native files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "recovery/component.h"
#include "recovery/masking_audit.h"
#include "recovery/masking_preview.h"
#include "repository/metadata.h"

namespace summit::recovery {

// What would enter a masked target unmasked, and what was looked at.
struct StoreAudit {
  std::string component;                     // "redis"
  std::string list;                          // of the rules: "postgresql", "neo4j", "redis", "files"
  std::vector<AuditFinding> findings{};      // sensitive, and covered by nothing
  std::map<std::string, uint64_t> counts{};  // "keys": 1200
  std::string looked_at{};                   // the same for people: "1200 keys"
  std::vector<std::string> reduced{};        // where rows were counted, "public.events: 120 of 4000 rows"
  std::vector<DocumentedGap> gaps{};         // of what was looked at
  MetRules met{};
};

// One thread at a time. Nothing is written but to the context's workspace, and to whoever consumes.
class MaskedStore {
 public:
  virtual ~MaskedStore() = default;
  virtual const std::string& component() const = 0;

  // Reads the component once or more often. Values are in no message.
  virtual Result<StoreAudit> audit() = 0;

  // Of each place that a rule changes the first `count` values. Whoever shows `before` shows production's
  // data.
  virtual Result<std::vector<PreviewedValue>> preview(size_t count) = 0;

  // The artifacts that write() masks.
  virtual std::vector<repository::Artifact> files() const = 0;

  // Gives the artifact, masked, in its native format. kRefused when something passed that looks private and
  // no rule covers it, which may show at the end only: audit() first where bytes cannot be taken back.
  virtual Result<void> write(const std::string& artifact,
                             const std::function<Result<void>(ByteView)>& consume) = 0;
};

// One whose files are only written when audit() found nothing, which is asked when nobody has.
class AuditedStore : public MaskedStore {
 public:
  AuditedStore(RestoreContext& context, const repository::ComponentRecord& record)
      : context_(context), record_(record) {}

  const std::string& component() const final { return record_.name; }
  Result<StoreAudit> audit() final;

 protected:
  virtual Result<StoreAudit> look_through() = 0;
  // kRefused with what audit() found.
  Result<void> check_covered();
  // Progress of reading an artifact: "masking redis.rdb".
  std::unique_ptr<Phase> begin(std::string_view what, const repository::Artifact& artifact) const;

  using Source = std::function<Result<void>(const std::function<Result<void>(ByteView)>& consume)>;
  // Gives the artifact as it was backed up; `phase` advances by its bytes. Both outlive it.
  Source source(const repository::Artifact& artifact, Phase* phase) const;

  RestoreContext& context() const { return context_; }
  const repository::ComponentRecord& record() const { return record_; }

 private:
  RestoreContext& context_;
  const repository::ComponentRecord& record_;
  bool covered_ = false;  // looked through, and found so
};

// `context.masking` is set; the context outlives what they give.
std::unique_ptr<MaskedStore> make_masked_postgres(RestoreContext& context,
                                                  const repository::ComponentRecord& record);
std::unique_ptr<MaskedStore> make_masked_neo4j(RestoreContext& context,
                                               const repository::ComponentRecord& record);
std::unique_ptr<MaskedStore> make_masked_redis(RestoreContext& context,
                                               const repository::ComponentRecord& record);
std::unique_ptr<MaskedStore> make_masked_files(RestoreContext& context,
                                               const repository::ComponentRecord& record);
// Gives no files: secrets stay out.
std::unique_ptr<MaskedStore> make_masked_secrets(RestoreContext& context,
                                                 const repository::ComponentRecord& record);

// What of a backup can be masked, and why the rest cannot.
struct MaskedStores {
  struct LeftOut {
    std::string component;
    std::string reason;
  };
  std::vector<std::unique_ptr<MaskedStore>> stores;
  std::vector<LeftOut> left_out;
};
// Of the components that `datastores` choose (backup::chosen). kNotFound when nothing can.
Result<MaskedStores> masked_stores(RestoreContext& context, const std::vector<std::string>& datastores);

// kRefused with every finding, by store, and what to paste; nothing when there is none.
Result<void> check_audits(const std::vector<StoreAudit>& audits, const std::string& backup);

}  // namespace summit::recovery
