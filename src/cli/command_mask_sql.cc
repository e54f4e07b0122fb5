#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "config/sanitization.h"
#include "masking/statements.h"
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

}  // namespace

std::unique_ptr<Command> make_mask_sql_command() { return std::make_unique<SqlCommand>(); }

}  // namespace summit::cli
