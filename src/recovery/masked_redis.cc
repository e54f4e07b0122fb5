#include <fmt/format.h>

#include "recovery/masked_store.h"
#include "recovery/redis_mask.h"
#include "stores/redis/edit.h"
#include "stores/redis/restore.h"

namespace summit::recovery {
namespace {

class MaskedRedis final : public MaskedStore {
 public:
  MaskedRedis(RestoreContext& context, const repository::ComponentRecord& record)
      : context_(context), record_(record) {}

  const std::string& component() const override { return record_.name; }

  Result<StoreAudit> audit() override {
    masking::Findings findings(context_.masking->rules, context_.masking->level);
    RedisMask mask(*context_.masking, nullptr, &findings);
    StoreAudit audit{.component = record_.name, .list = "redis"};
    uint64_t keys = 0;
    for (const auto& artifact : record_.artifacts) {
      const auto phase = begin("looking through ", artifact);
      ASSIGN_OR_RETURN(const auto summary, redis::inspect(redis::edited(source(artifact, phase.get()), mask)),
                       "{}", artifact.name);
      keys += summary.key_count();
    }
    audit.findings = audit_findings(findings);
    covered_ = audit.findings.empty();
    audit.counts = {{"keys", keys}};
    audit.looked_at = fmt::format("{} keys", keys);
    return audit;
  }

  Result<std::vector<PreviewedValue>> preview(size_t count) override {
    ReplacedPreview values(count);
    RedisMask mask(*context_.masking, &values);
    for (const auto& artifact : record_.artifacts) {
      const auto phase = begin("reading ", artifact);
      RETURN_IF_ERROR(redis::inspect(redis::edited(source(artifact, phase.get()), mask)), "{}",
                      artifact.name);
    }
    return values.take();
  }

  std::vector<repository::Artifact> files() const override { return record_.artifacts; }

  Result<void> write(const std::string& artifact,
                     const std::function<Result<void>(ByteView)>& consume) override {
    for (const auto& file : record_.artifacts) {
      if (file.name == artifact) return write(file, consume);
    }
    return Error(Code::kNotFound, "{} holds no rdb {}", record_.name, artifact);
  }

 private:
  Result<void> write(const repository::Artifact& artifact,
                     const std::function<Result<void>(ByteView)>& consume) {
    if (!covered_) {
      ASSIGN_OR_RETURN(const auto found, audit());
      RETURN_IF_ERROR(check_audits({found}, context_.backup.metadata().id));
    }
    RedisMask mask(*context_.masking, nullptr);
    const auto phase = begin("masking ", artifact);
    return redis::edited(source(artifact, phase.get()), mask)(consume);
  }

  std::unique_ptr<Phase> begin(std::string_view what, const repository::Artifact& artifact) {
    auto phase = context_.reporter.phase(record_.name, fmt::format("{}{}", what, artifact.name));
    phase->set_total(artifact.size);
    return phase;
  }

  // `phase` advances by its bytes.
  redis::RdbSource source(const repository::Artifact& artifact, Phase* phase) const {
    return [this, &artifact, phase](const std::function<Result<void>(ByteView)>& consume) {
      const auto counted = [&](ByteView bytes) {
        phase->advance(bytes.size());
        return consume(bytes);
      };
      return context_.backup.read(artifact.name, counted, context_.cancellation);
    };
  }

  RestoreContext& context_;
  const repository::ComponentRecord& record_;
  bool covered_ = false;  // looked through, and found so
};

}  // namespace

std::unique_ptr<MaskedStore> make_masked_redis(RestoreContext& context,
                                               const repository::ComponentRecord& record) {
  return std::make_unique<MaskedRedis>(context, record);
}

}  // namespace summit::recovery
