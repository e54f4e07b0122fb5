#include <fmt/format.h>

#include "recovery/masked_store.h"
#include "recovery/redis_mask.h"
#include "stores/redis/edit.h"
#include "stores/redis/restore.h"

namespace summit::recovery {
namespace {

class MaskedRedis final : public AuditedStore {
 public:
  using AuditedStore::AuditedStore;

  Result<std::vector<PreviewedValue>> preview(size_t count) override {
    ReplacedPreview values(count);
    RedisMask mask(*context().masking, &values);
    for (const auto& artifact : record().artifacts) {
      const auto phase = begin("reading", artifact);
      RETURN_IF_ERROR(redis::inspect(redis::edited(source(artifact, phase.get()), mask)), "{}",
                      artifact.name);
    }
    return values.take();
  }

  std::vector<repository::Artifact> files() const override { return record().artifacts; }

  Result<void> write(const std::string& artifact,
                     const std::function<Result<void>(ByteView)>& consume) override {
    for (const auto& file : record().artifacts) {
      if (file.name == artifact) return write(file, consume);
    }
    return Error(Code::kNotFound, "{} holds no rdb {}", record().name, artifact);
  }

 private:
  Result<StoreAudit> look_through() override {
    masking::Findings findings(context().masking->rules, context().masking->level);
    RedisMask mask(*context().masking, nullptr, &findings);
    StoreAudit audit{.component = record().name, .list = "redis"};
    uint64_t keys = 0;
    for (const auto& artifact : record().artifacts) {
      const auto phase = begin("looking through", artifact);
      ASSIGN_OR_RETURN(const auto summary, redis::inspect(redis::edited(source(artifact, phase.get()), mask)),
                       "{}", artifact.name);
      keys += summary.key_count();
    }
    audit.findings = audit_findings(findings);
    audit.met.rules = findings.met();
    audit.counts = {{"keys", keys}};
    audit.looked_at = fmt::format("{} keys", keys);
    return audit;
  }

  Result<void> write(const repository::Artifact& artifact,
                     const std::function<Result<void>(ByteView)>& consume) {
    RETURN_IF_ERROR(check_covered());
    RedisMask mask(*context().masking, nullptr);
    const auto phase = begin("masking", artifact);
    return redis::edited(source(artifact, phase.get()), mask)(consume);
  }
};

}  // namespace

std::unique_ptr<MaskedStore> make_masked_redis(RestoreContext& context,
                                               const repository::ComponentRecord& record) {
  return std::make_unique<MaskedRedis>(context, record);
}

}  // namespace summit::recovery
