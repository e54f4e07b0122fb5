#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/content_output.h"
#include "cli/masked_look.h"
#include "cli/show_audit.h"

namespace summit::cli {
namespace {

// What both commands that look at a backup are told.
class LookOptions {
 public:
  void define(OptionSet& options) {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`")
        ->required();
    options.option("--env", environment_, "the environment that would take it: its rules and its key",
                   {"RESTORE_ENV", "SUMMIT_DR_ENVIRONMENT"});
    options.option("--datastores", datastores_,
                   "all, or some of postgres, neo4j, redis, config, … (comma-separated)");
  }

  Result<std::unique_ptr<MaskedLook>> open(Session& session) const {
    return MaskedLook::open({.reference = reference_, .environment = environment_, .datastores = datastores_},
                            session);
  }

 private:
  std::string reference_;
  std::string environment_;
  std::string datastores_ = "all";
};

class AuditCommand final : public Command {
 public:
  std::string name() const override { return "mask audit"; }
  std::string summary() const override {
    return "find what looks private in any store of a backup and no rule covers";
  }
  std::string examples() const override {
    return "  summit-dr mask audit prod-latest --env=dev\n"
           "  summit-dr mask audit prod-latest --env=dev --datastores=postgres,redis\n";
  }
  void define(OptionSet& options) override { look_.define(options); }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto look, look_.open(session));
    ASSIGN_OR_RETURN(const auto audits, look->audit());
    show_audits(audits, *look, session);
    RETURN_IF_ERROR(recovery::check_audits(audits, look->metadata().id));
    return ExitCode::kOk;
  }

 private:
  LookOptions look_;
};

class PreviewCommand final : public Command {
 public:
  std::string name() const override { return "mask preview"; }
  std::string summary() const override {
    return "show a few values of every store of a backup as they will be after masking";
  }
  std::string examples() const override {
    return "  summit-dr mask preview prod-latest --env=dev\n"
           "  summit-dr mask preview prod-latest --env=dev --rows=1 --show-originals\n";
  }

  void define(OptionSet& options) override {
    look_.define(options);
    options.option("--rows", rows_, "of each table; values of each other place")->check(CLI::Range(1, 100));
    options.flag("--show-originals", originals_,
                 "show the values of production beside them, also where the output is no terminal");
  }

  Result<ExitCode> run(Session& session) override {
    // A file or a pipe keeps what a person only looks at.
    const bool originals = originals_ || (::isatty(STDOUT_FILENO) == 1 && !session.console().json());
    auto values = nlohmann::ordered_json::array();
    ASSIGN_OR_RETURN(const auto look, look_.open(session));
    for (const auto& store : look->stores()) {
      ASSIGN_OR_RETURN(const auto found, store->preview(rows_), "{}", store->component());
      for (const auto& value : found) show(store->component(), value, originals, session, values);
    }
    session.console().emit("mask_preview", {{"id", look->metadata().id}, {"values", std::move(values)}});
    return ExitCode::kOk;
  }

 private:
  static std::string text_of(const recovery::PreviewedValue& value, const std::optional<std::string>& field) {
    if (field) return printable(*field);
    return value.column.empty() ? "(removed)" : "NULL";
  }

  static void show(const std::string& component, const recovery::PreviewedValue& value, bool originals,
                   Session& session, nlohmann::ordered_json& values) {
    const bool same = value.before == value.after;
    // What a rule keeps is an original, too.
    const auto after = same && !originals ? "(kept)" : text_of(value, value.after);
    const auto before = originals ? fmt::format("{} -> ", text_of(value, value.before)) : "";
    const auto where = value.column.empty()
                           ? fmt::format("{} {} value {}", component, value.table, value.row)
                           : fmt::format("{} row {} {}", value.table, value.row, value.column);
    session.console().print(fmt::format("{}: {}{}", where, before, after));
    nlohmann::ordered_json one = {{"component", component},
                                  {"place", value.table},
                                  {"number", value.row},
                                  {"column", value.column},
                                  {"kept", same}};
    if (originals) one["before"] = json_of(value.before);
    if (originals || !same) one["after"] = json_of(value.after);
    values.push_back(std::move(one));
  }

  static nlohmann::ordered_json json_of(const std::optional<std::string>& value) {
    return value ? nlohmann::ordered_json(*value) : nullptr;
  }

  LookOptions look_;
  size_t rows_ = 3;
  bool originals_ = false;
};

}  // namespace

std::unique_ptr<Command> make_mask_audit_command() { return std::make_unique<AuditCommand>(); }
std::unique_ptr<Command> make_mask_preview_command() { return std::make_unique<PreviewCommand>(); }

}  // namespace summit::cli
