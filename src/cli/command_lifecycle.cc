// repository lifecycle: the documented settings of an environment's buckets.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/buckets.h"
#include "cli/command.h"

namespace summit::cli {
namespace {

using nlohmann::ordered_json;
using storage::LifecycleRule;

ordered_json to_json(const LifecycleRule& rule) {
  ordered_json body{{"id", rule.id}, {"prefix", rule.prefix}, {"ours", rule.xml.empty()}};
  if (rule.transition_days)
    body["transition"] = {{"days", *rule.transition_days}, {"class", rule.transition_class}};
  if (rule.expire_days) body["expire_days"] = *rule.expire_days;
  return body;
}

std::string show(const LifecycleRule& rule) {
  std::vector<std::string> steps;
  if (!rule.xml.empty()) steps.emplace_back("kept as it is");
  if (rule.xml.empty() && rule.transition_days)
    steps.push_back(fmt::format("{} after {} d", rule.transition_class, *rule.transition_days));
  if (rule.xml.empty() && rule.expire_days)
    steps.push_back(fmt::format("deleted after {} d", *rule.expire_days));
  if (rule.xml.empty() && rule.abort_uploads_days)
    steps.push_back(fmt::format("unfinished uploads dropped after {} d", *rule.abort_uploads_days));
  return fmt::format("  {}: {}", rule.id.empty() ? rule.prefix : rule.id, fmt::join(steps, ", "));
}

// Rules of ours that are there already carry the server's text: what they say is what counts.
bool same(const LifecycleRule& a, const LifecycleRule& b) {
  return a.id == b.id && a.prefix == b.prefix && a.enabled == b.enabled &&
         a.transition_days == b.transition_days && a.transition_class == b.transition_class &&
         a.expire_days == b.expire_days && a.expire_old_versions_days == b.expire_old_versions_days &&
         a.abort_uploads_days == b.abort_uploads_days;
}

bool is_refusal(const Error& error) {
  return error.code() == Code::kFailed || error.code() == Code::kUnsupported;
}

// One bucket: what it has, what it should have, and the way there.
class BucketSettings {
 public:
  BucketSettings(backup::BucketLayout layout, const config::Environment& environment, std::string role,
                 Session& session)
      : layout_(std::move(layout)), environment_(environment), role_(std::move(role)), session_(session) {}

  // False when something that was asked for is not so.
  Result<bool> run(bool dry_run) {
    ASSIGN_OR_RETURN(bucket_, open_bucket(session_, "s3://" + layout_.bucket));
    ASSIGN_OR_RETURN(const bool exists, bucket_->exists(session_.cancellation()));
    if (!exists) {
      warn(
          fmt::format("there is no bucket {}: summit-dr repository init --create-bucket --location=s3://{}/…",
                      layout_.bucket, layout_.bucket));
      return false;
    }
    RETURN_IF_ERROR(look_into(layout_, session_));
    RETURN_IF_ERROR(set_lifecycle(dry_run), "for bucket {}", layout_.bucket);
    RETURN_IF_ERROR(set_replication(dry_run), "for bucket {}", layout_.bucket);
    RETURN_IF_ERROR(set_default_lock(dry_run), "for bucket {}", layout_.bucket);
    tell(dry_run);
    return complete_;
  }

 private:
  void warn(const std::string& text) {
    session_.reporter().warn(text);
    notes_.push_back(text);
    complete_ = false;
  }

  Result<void> set_lifecycle(bool dry_run) {
    auto present = bucket_->lifecycle(session_.cancellation());
    if (!present.ok() && present.error().code() == Code::kUnsupported) {
      notes_.push_back(present.error().message());
      return {};
    }
    RETURN_IF_ERROR(present);
    auto plan = backup::plan_lifecycle(layout_, environment_.storage.lifecycle, *present);
    notes_.insert(notes_.end(), plan.notes.begin(), plan.notes.end());
    rules_ = std::move(plan.rules);
    if (!is_same(*present, rules_)) RETURN_IF_ERROR(change_lifecycle(*present, dry_run));
    for (const auto& danger : backup::dangers(layout_, rules_)) warn(danger);
    return {};
  }

  static bool is_same(const std::vector<LifecycleRule>& present, const std::vector<LifecycleRule>& wanted) {
    return std::ranges::is_permutation(present, wanted, same);
  }

  // What the server made of it counts: some leave out what they do not know.
  Result<void> change_lifecycle(const std::vector<LifecycleRule>& before, bool dry_run) {
    if (!dry_run) {
      RETURN_IF_ERROR(write());
      ASSIGN_OR_RETURN(const auto after, bucket_->lifecycle(session_.cancellation()));
      if (is_same(before, after)) return {};
    }
    changes_.emplace_back("lifecycle");
    return {};
  }

  Result<void> write() {
    auto written = bucket_->set_lifecycle(rules_, session_.cancellation());
    if (written.ok() || !is_refusal(written.error())) return written;
    const auto simpler = backup::without_transitions(rules_);
    if (std::ranges::equal(simpler, rules_, same)) return written;
    notes_.push_back(
        fmt::format("the server refuses transitions to colder storage: {}", written.error().message()));
    rules_ = simpler;
    return bucket_->set_lifecycle(rules_, session_.cancellation());
  }

  Result<void> set_replication(bool dry_run) {
    const auto present = bucket_->replication(session_.cancellation());
    if (!present.ok() && present.error().code() == Code::kUnsupported) {
      notes_.push_back(present.error().message());
      return {};
    }
    RETURN_IF_ERROR(present);
    const auto plan = backup::plan_bucket_replication(layout_, environment_.storage, role_, *present);
    notes_.insert(notes_.end(), plan.notes.begin(), plan.notes.end());
    if (!plan.replication) return {};
    changes_.emplace_back("replication");
    if (dry_run) return {};
    ASSIGN_OR_RETURN(const bool versions, bucket_->versioning(session_.cancellation()));
    if (!versions) RETURN_IF_ERROR(bucket_->set_versioning(true, session_.cancellation()));
    auto written = bucket_->set_replication(*plan.replication, session_.cancellation());
    if (written.ok() || !is_refusal(written.error())) return written;
    changes_.pop_back();
    warn(fmt::format("the server does not replicate to {}: {}; `summit-dr replicate` does",
                     environment_.storage.dr_bucket, written.error().message()));
    return {};
  }

  Result<void> set_default_lock(bool dry_run) {
    ASSIGN_OR_RETURN(auto lock, bucket_->object_lock(session_.cancellation()));
    const auto days = backup::plan_default_lock(layout_, lock);
    if (!days) return {};
    lock_days_ = *days;
    changes_.emplace_back("object lock");
    if (dry_run) return {};
    ASSIGN_OR_RETURN(const auto* configuration, session_.configuration());
    const auto& variables = configuration->variables;
    ASSIGN_OR_RETURN(const auto settings, storage::s3_settings_from([&variables](const std::string& name) {
                       return variables.get(name);
                     }));
    if (!lock.default_mode) lock.default_mode = settings.lock_mode;
    lock.default_days = *days;
    return bucket_->set_object_lock(lock, session_.cancellation());
  }

  void tell(bool dry_run) {
    std::string text = fmt::format(
        "bucket {}: {}", layout_.bucket,
        changes_.empty() ? "is as it should be"
                         : fmt::format("{} {}", dry_run ? "would set" : "set", fmt::join(changes_, ", ")));
    for (const auto& rule : rules_) text += "\n" + show(rule);
    if (lock_days_ > 0)
      text += fmt::format("\n  locked for {} d unless a backup needs it longer", lock_days_);
    for (const auto& note : notes_) text += "\n  note: " + note;
    session_.console().print(text);
    ordered_json rules = ordered_json::array();
    for (const auto& rule : rules_) rules.push_back(to_json(rule));
    session_.console().emit("bucket_settings", {{"bucket", layout_.bucket},
                                                {"dry_run", dry_run},
                                                {"changes", changes_},
                                                {"rules", rules},
                                                {"default_lock_days", lock_days_},
                                                {"notes", notes_}});
  }

  backup::BucketLayout layout_;
  const config::Environment& environment_;
  const std::string role_;
  Session& session_;
  std::unique_ptr<storage::S3Bucket> bucket_;
  std::vector<LifecycleRule> rules_;
  std::vector<std::string> changes_;
  std::vector<std::string> notes_;
  int lock_days_ = 0;
  bool complete_ = true;
};

class RepositoryLifecycleCommand final : public Command {
 public:
  std::string name() const override { return "repository lifecycle"; }
  std::string summary() const override {
    return "tell an environment's buckets when to move and delete plain backups, what to copy, what to lock";
  }
  std::string examples() const override {
    return "  summit-dr repository lifecycle --env=prod --dry-run\n"
           "  summit-dr repository lifecycle --env=prod "
           "--replication-role=arn:aws:iam::111122223333:role/summit-replication\n";
  }

  void define(OptionSet& options) override {
    options.option("--env", environment_, "whose buckets", {"SUMMIT_DR_ENVIRONMENT"});
    options.option("--replication-role", role_, "ARN of the role by which S3 copies to the second region",
                   {"S3_REPLICATION_ROLE"});
    options.flag("--dry-run", dry_run_, "show what would be set and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto* environment, session.declared_environment(environment_));
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    const auto layouts = backup::bucket_layouts(*configuration, *environment);
    if (layouts.empty())
      return Error(Code::kConfig, "`{}` has no bucket", environment->name)
          .hint("set S3_BUCKET, or `storage.bucket` of the environment in environments.yaml");
    bool complete = true;
    for (const auto& layout : layouts) {
      ASSIGN_OR_RETURN(const bool done, BucketSettings(layout, *environment, role_, session).run(dry_run_));
      complete = complete && done;
    }
    return complete ? ExitCode::kOk : ExitCode::kPartial;
  }

 private:
  std::string environment_;
  std::string role_;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_repository_lifecycle_command() {
  return std::make_unique<RepositoryLifecycleCommand>();
}

}  // namespace summit::cli
