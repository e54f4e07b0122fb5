#include <fmt/format.h>

#include "backup/plan.h"
#include "recovery/graph_store.h"
#include "recovery/masked_store.h"

namespace summit::recovery {

using repository::ComponentRecord;
using repository::Status;

namespace {

// Why a component is not masked; empty when it is.
std::string reason_to_leave_out(const ComponentRecord& record, const RestoreContext& context) {
  if (record.status == Status::kAbsent)
    return record.reason.empty() ? "it was absent when the backup was made" : record.reason;
  if (record.status == Status::kFailed) return "its backup failed: " + record.reason;
  if (record.kind == "timescaledb") return "its hypertables are part of the PostgreSQL archive";
  if (record.kind == "elasticsearch") return "it is indexed again from the masked stores";
  if (is_of_vendor(record))
    return "it is in the vendor's own format, which cannot be masked; a `live` graph can";
  if (record.kind == "secrets" && !context.sealing_key) return "no key is set that would open the secrets";
  return {};
}

std::unique_ptr<MaskedStore> store_of(RestoreContext& context, const ComponentRecord& record) {
  if (record.kind == "postgresql") return make_masked_postgres(context, record);
  if (record.kind == "neo4j") return make_masked_neo4j(context, record);
  if (record.kind == "redis") return make_masked_redis(context, record);
  if (record.kind == "files") return make_masked_files(context, record);
  if (record.kind == "secrets") return make_masked_secrets(context, record);
  return nullptr;
}

}  // namespace

Result<StoreAudit> AuditedStore::audit() {
  ASSIGN_OR_RETURN(auto found, look_through());
  covered_ = found.findings.empty();
  return found;
}

Result<void> AuditedStore::check_covered() {
  if (covered_) return {};
  ASSIGN_OR_RETURN(const auto found, audit());
  return check_audits({found}, context_.backup.metadata().id);
}

std::unique_ptr<Phase> AuditedStore::begin(std::string_view what,
                                           const repository::Artifact& artifact) const {
  auto phase = context_.reporter.phase(record_.name, fmt::format("{} {}", what, artifact.name));
  phase->set_total(artifact.size);
  return phase;
}

AuditedStore::Source AuditedStore::source(const repository::Artifact& artifact, Phase* phase) const {
  return [this, &artifact, phase](const std::function<Result<void>(ByteView)>& consume) {
    const auto counted = [&](ByteView bytes) {
      phase->advance(bytes.size());
      return consume(bytes);
    };
    return context_.backup.read(artifact.name, counted, context_.cancellation);
  };
}

Result<MaskedStores> masked_stores(RestoreContext& context, const std::vector<std::string>& datastores) {
  MaskedStores result;
  const auto& metadata = context.backup.metadata();
  for (const auto& record : metadata.components) {
    if (!backup::chosen(datastores, record.kind, record.name)) continue;
    auto reason = reason_to_leave_out(record, context);
    auto store = reason.empty() ? store_of(context, record) : nullptr;
    if (store == nullptr) {
      if (reason.empty()) reason = "there is no way to mask it";
      result.left_out.push_back({record.name, std::move(reason)});
    } else {
      result.stores.push_back(std::move(store));
    }
  }
  if (!result.stores.empty()) return result;
  return Error(Code::kNotFound, "backup {} holds nothing that can be masked", metadata.id)
      .hint("summit-dr info " + metadata.id);
}

Result<void> check_audits(const std::vector<StoreAudit>& audits, const std::string& backup) {
  size_t count = 0;
  std::string text;
  for (const auto& audit : audits) {
    if (audit.findings.empty()) continue;
    count += audit.findings.size();
    text += fmt::format("{}:\n{}", audit.component, show(audit.findings, audit.list));
  }
  if (count == 0) return {};
  return Error(Code::kRefused, "{} of backup {} looks private, and no rule covers it:\n{}",
               count == 1 ? "one place" : fmt::format("each of {} places", count), backup, text)
      .hint(
          "add to config/sanitization.yaml what is said above, or list under `harmless` what holds nothing "
          "private; then `summit-dr mask audit` again");
}

}  // namespace summit::recovery
