#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"
#include "config/sanitization.h"
#include "masking/statements.h"
#include "recovery/masked_archive.h"
#include "recovery/masking_preview.h"
#include "stores/postgres/sql.h"

namespace summit::cli {
namespace {

class SqlCommand final : public Command {
 public:
  std::string name() const override { return "mask sql"; }
  std::string summary() const override { return "print the rules for masking as SQL and Cypher statements"; }
  std::string examples() const override {
    return "  summit-dr mask sql --level=minimal\n"
           "  summit-dr mask sql --store=neo4j\n";
  }

  void define(OptionSet& options) override {
    options.option("--level", level_, "minimal: as staging is masked; full: as dev and test are")
        ->check(CLI::IsMember({"minimal", "full"}));
    options.option("--store", store_, "of one store: postgresql or neo4j; of both when not given")
        ->check(CLI::IsMember({"postgresql", "neo4j"}));
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    ASSIGN_OR_RETURN(const auto rules,
                     config::load_sanitization(configuration->directory, configuration->variables));
    if (!rules.given())
      return Error(Code::kNotFound, "there are no rules for masking")
          .hint("write config/sanitization.yaml; docs/masking.md tells how");
    const auto level = level_ == "full" ? config::Sanitization::kFull : config::Sanitization::kMinimal;
    const masking::SqlQuoting quoting{.identifier = postgres::quote_identifier,
                                      .literal = postgres::quote_literal};
    const auto sql = masking::sql_statements(rules, level, quoting);
    const auto cypher = masking::cypher_statements(rules, level);
    if (store_ != "neo4j") session.console().print(sql);
    if (store_ != "postgresql") session.console().print(cypher);
    session.console().emit("mask_statements", {{"level", level_}, {"sql", sql}, {"cypher", cypher}});
    return ExitCode::kOk;
  }

 private:
  std::string level_ = "full";
  std::string store_;
};

// What both commands that look at a backup are told.
class LookOptions {
 public:
  void define(OptionSet& options) {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`")
        ->required();
    options.option("--env", environment_, "the environment that would take it: its rules and its key",
                   {"RESTORE_ENV", "SUMMIT_DR_ENVIRONMENT"});
  }

  // Calls `look` with the backup, what masks it, and each of its PostgreSQL archives.
  template <typename Look>
  Result<void> each_archive(Session& session, Look look) const {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    ASSIGN_OR_RETURN(const auto* target, session.declared_environment(environment_));
    ASSIGN_OR_RETURN(const auto resolved, resolve_reference(reference_, session));
    ASSIGN_OR_RETURN(const auto backup, resolved.repository->open(resolved.id));
    const auto& metadata = backup->metadata();
    ASSIGN_OR_RETURN(
        const auto masking,
        masking::open_session(*configuration, *target, metadata.recovery_point.value_or(metadata.started)));
    const auto archives = recovery::held_archives(metadata);
    if (archives.empty()) {
      return Error(Code::kNotFound, "backup {} holds no PostgreSQL archive", metadata.id)
          .hint("summit-dr info " + metadata.id);
    }
    for (const auto& archive : archives)
      RETURN_IF_ERROR(look(*backup, masking, archive), "{}", archive.artifact);
    return {};
  }

 private:
  std::string reference_;
  std::string environment_;
};

class AuditCommand final : public Command {
 public:
  std::string name() const override { return "mask audit"; }
  std::string summary() const override { return "find what looks private in a backup and no rule covers"; }
  std::string examples() const override { return "  summit-dr mask audit prod-latest --env=dev\n"; }
  void define(OptionSet& options) override { look_.define(options); }

  Result<ExitCode> run(Session& session) override {
    recovery::MaskingAudit audit;
    std::string id;
    const auto look = [&](const repository::BackupReader& backup, const masking::Session& masking,
                          const recovery::HeldArchive& held) -> Result<void> {
      id = backup.metadata().id;
      const auto source = recovery::source_of(backup, held, session.cancellation());
      ASSIGN_OR_RETURN(auto archive, recovery::prepare_masked(source, masking, held.database,
                                                              session.reporter(), session.cancellation()));
      audit.add(std::move(archive->audit));
      return {};
    };
    RETURN_IF_ERROR(look_.each_archive(session, look));
    session.console().print(fmt::format(
        "PostgreSQL: {} columns are ruled, {} declared harmless; in {} others {} sampled rows show "
        "nothing private",
        audit.ruled, audit.harmless, audit.unknown, audit.rows_sampled));
    session.console().emit("mask_audit", to_json(audit, id));
    RETURN_IF_ERROR(recovery::check_audit(audit, id));
    return ExitCode::kOk;
  }

 private:
  static nlohmann::ordered_json to_json(const recovery::MaskingAudit& audit, const std::string& id) {
    auto findings = nlohmann::ordered_json::array();
    for (const auto& finding : audit.findings) {
      findings.push_back({{"place", finding.place},
                          {"why", finding.why},
                          {"below", finding.is_rule ? "rules" : "harmless"},
                          {"entry", finding.entry}});
    }
    return {{"id", id},
            {"ruled", audit.ruled},
            {"harmless", audit.harmless},
            {"unknown", audit.unknown},
            {"rows_sampled", audit.rows_sampled},
            {"findings", std::move(findings)}};
  }

  LookOptions look_;
};

class PreviewCommand final : public Command {
 public:
  std::string name() const override { return "mask preview"; }
  std::string summary() const override { return "show a few rows of a backup as they will be after masking"; }
  std::string examples() const override {
    return "  summit-dr mask preview prod-latest --env=dev\n"
           "  summit-dr mask preview prod-latest --env=dev --rows=1 --show-originals\n";
  }

  void define(OptionSet& options) override {
    look_.define(options);
    options.option("--rows", rows_, "of each table")->check(CLI::Range(1, 100));
    options.flag("--show-originals", originals_,
                 "show the values of production beside them, also where the output is no terminal");
  }

  Result<ExitCode> run(Session& session) override {
    // A file or a pipe keeps what a person only looks at.
    const bool originals = originals_ || (::isatty(STDOUT_FILENO) == 1 && !session.console().json());
    auto values = nlohmann::ordered_json::array();
    const auto look = [&](const repository::BackupReader& backup, const masking::Session& masking,
                          const recovery::HeldArchive& held) -> Result<void> {
      const auto source = recovery::source_of(backup, held, session.cancellation());
      ASSIGN_OR_RETURN(const auto found, recovery::preview_masking(source, masking, rows_, session.reporter(),
                                                                   session.cancellation()));
      for (const auto& value : found) show(value, originals, session, values);
      return {};
    };
    RETURN_IF_ERROR(look_.each_archive(session, look));
    session.console().emit("mask_preview", {{"values", std::move(values)}});
    return ExitCode::kOk;
  }

 private:
  static void show(const recovery::PreviewedValue& value, bool originals, Session& session,
                   nlohmann::ordered_json& values) {
    const bool same = value.before == value.after;
    const auto text = [](const std::optional<std::string>& field) { return field ? *field : "NULL"; };
    // What a rule keeps is an original, too.
    const auto after = same && !originals ? "(kept)" : text(value.after);
    const auto before = originals ? fmt::format("{} -> ", text(value.before)) : "";
    session.console().print(
        fmt::format("{} row {} {}: {}{}", value.table, value.row, value.column, before, after));
    nlohmann::ordered_json one = {
        {"table", value.table}, {"row", value.row}, {"column", value.column}, {"kept", same}};
    if (originals) one["before"] = value.before ? nlohmann::ordered_json(*value.before) : nullptr;
    if (originals || !same) one["after"] = value.after ? nlohmann::ordered_json(*value.after) : nullptr;
    values.push_back(std::move(one));
  }

  LookOptions look_;
  size_t rows_ = 3;
  bool originals_ = false;
};

}  // namespace

std::unique_ptr<Command> make_mask_audit_command() { return std::make_unique<AuditCommand>(); }
std::unique_ptr<Command> make_mask_preview_command() { return std::make_unique<PreviewCommand>(); }
std::unique_ptr<Command> make_mask_sql_command() { return std::make_unique<SqlCommand>(); }

}  // namespace summit::cli
