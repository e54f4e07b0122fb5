#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "recovery/masked_target.h"

namespace summit::cli {
namespace {

class VerifyCertificateCommand final : public Command {
 public:
  std::string name() const override { return "mask verify-certificate"; }
  std::string summary() const override { return "check the certificate of a masked restore"; }
  std::string examples() const override {
    return "  summit-dr mask verify-certificate backups/.certificates/restore-20261121T031048Z.json\n"
           "  summit-dr mask verify-certificate certificate.json --public-key=certificate.key.pub\n";
  }

  void define(OptionSet& options) override {
    options.positional("FILE", file_, "the certificate")->required();
    options.option("--public-key", public_key_,
                   "the PEM file of whom to trust; this machine's own when absent");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto text, read_file(file_));
    ASSIGN_OR_RETURN(const auto read, recovery::read_certificate(text), "{}", file_);
    ASSIGN_OR_RETURN(const auto trusted, trusted_key(session));
    const auto key = recovery::SigningKey::read_public(trusted);
    if (!key.ok()) return key.error();
    if (key->public_hex() != read.public_key)
      return Error(Code::kWrongKey, "{} was signed with another key than {}", file_, trusted.string())
          .hint("get the public key of the machine that signed it, and give it with --public-key");
    show(read.certificate, session);
    return ExitCode::kOk;
  }

 private:
  Result<fs::path> trusted_key(Session& session) const {
    if (!public_key_.empty()) return fs::path(public_key_);
    ASSIGN_OR_RETURN(const auto key, session.signing_key());
    return fs::path(key.string() + ".pub");
  }

  static void show(const recovery::Certificate& certificate, Session& session) {
    auto& console = session.console();
    console.print(fmt::format("signed and unchanged: {} of {} into `{}`, {}", certificate.restore,
                              certificate.backup, certificate.environment, to_rfc3339(certificate.issued)));
    console.print(fmt::format("{} values were looked for everywhere, {} where they stood: none is left",
                              certificate.values.anywhere, certificate.values.own_place));
    for (const auto& [store, counts] : certificate.searched)
      console.print(
          fmt::format("searched: {}, {} elements, {}", store, counts.elements, human_bytes(counts.bytes)));
    for (const auto& sentence : certificate.not_searched) console.print("not searched: " + sentence);
    for (const auto& rule : certificate.weak_rules) console.print("weak: " + rule);
    console.emit("certificate", {{"restore", certificate.restore},
                                 {"backup", certificate.backup},
                                 {"environment", certificate.environment},
                                 {"issued", to_rfc3339(certificate.issued)},
                                 {"valid", true}});
  }

  std::string file_;
  std::string public_key_;
};

class UnlockCommand final : public Command {
 public:
  std::string name() const override { return "mask unlock"; }
  std::string summary() const override { return "open a masked environment in which a leak was found"; }
  std::string examples() const override { return "  summit-dr mask unlock --env=dev\n"; }

  void define(OptionSet& options) override {
    options.option("--env", environment_, "the environment that is locked",
                   {"RESTORE_ENV", "SUMMIT_DR_ENVIRONMENT"});
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto environment, session.environment(environment_));
    ASSIGN_OR_RETURN(const auto base, session.backup_base());
    // A restore that still runs has closed it for its own sake.
    ASSIGN_OR_RETURN(const auto journal, recovery::RestoreJournal::open(base));
    ASSIGN_OR_RETURN(const auto record, recovery::read_lock(base, environment.name));
    if (!record) {
      session.console().print(fmt::format("`{}` is not locked", environment.name));
      return ExitCode::kOk;
    }
    RETURN_IF_ERROR(recovery::unlock(base, *record, environment, session.cancellation()));
    session.console().print(
        fmt::format("`{}` is open again; {} left {} in it: restore again before anybody "
                    "uses it",
                    environment.name, record->restore, record->reason));
    session.console().emit("unlocked", {{"environment", environment.name}, {"restore", record->restore}});
    return ExitCode::kOk;
  }

 private:
  std::string environment_;
};

}  // namespace

std::unique_ptr<Command> make_mask_verify_certificate_command() {
  return std::make_unique<VerifyCertificateCommand>();
}
std::unique_ptr<Command> make_mask_unlock_command() { return std::make_unique<UnlockCommand>(); }

}  // namespace summit::cli
