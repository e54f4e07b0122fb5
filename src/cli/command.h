// A command of the program. Each has a file of its own: command_<name>.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/session.h"

namespace summit::cli {

class Command {
 public:
  virtual ~Command() = default;
  virtual std::string name() const = 0;     // "backup", or "config validate" for a command below another
  virtual std::string summary() const = 0;  // one line of help
  virtual std::string examples() const { return {}; }
  virtual void define(OptionSet& options) = 0;
  virtual Result<ExitCode> run(Session& session) = 0;
};

std::unique_ptr<Command> make_backup_command();
std::unique_ptr<Command> make_restore_command();
std::unique_ptr<Command> make_rollback_command();
std::unique_ptr<Command> make_verify_command();
std::unique_ptr<Command> make_replicate_command();
std::unique_ptr<Command> make_repair_command();
std::unique_ptr<Command> make_prune_command();
std::unique_ptr<Command> make_pin_command();
std::unique_ptr<Command> make_unpin_command();
std::unique_ptr<Command> make_list_command();
std::unique_ptr<Command> make_info_command();
std::unique_ptr<Command> make_diff_command();
std::unique_ptr<Command> make_ls_command();
std::unique_ptr<Command> make_find_command();
std::unique_ptr<Command> make_cat_command();
std::unique_ptr<Command> make_export_command();
std::unique_ptr<Command> make_import_command();
std::unique_ptr<Command> make_doctor_command();
std::unique_ptr<Command> make_smoke_command();
std::unique_ptr<Command> make_config_validate_command();
std::unique_ptr<Command> make_config_show_command();
std::unique_ptr<Command> make_config_schema_command();
std::unique_ptr<Command> make_mask_sql_command();
std::unique_ptr<Command> make_mask_audit_command();
std::unique_ptr<Command> make_mask_preview_command();
std::unique_ptr<Command> make_mask_verify_certificate_command();
std::unique_ptr<Command> make_mask_unlock_command();
std::unique_ptr<Command> make_env_adopt_command();
std::unique_ptr<Command> make_env_show_command();
std::unique_ptr<Command> make_repository_init_command();
std::unique_ptr<Command> make_repository_info_command();
std::unique_ptr<Command> make_repository_lifecycle_command();
std::unique_ptr<Command> make_repository_promote_command();
std::unique_ptr<Command> make_key_init_command();
std::unique_ptr<Command> make_key_list_command();
std::unique_ptr<Command> make_key_add_command();
std::unique_ptr<Command> make_key_remove_command();
std::unique_ptr<Command> make_key_rotate_command();
std::unique_ptr<Command> make_completion_command();

// All of them, in the order of the help text.
std::vector<std::unique_ptr<Command>> all_commands();

}  // namespace summit::cli
