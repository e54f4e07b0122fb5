#include "cli/command.h"

namespace summit::cli {

std::vector<std::unique_ptr<Command>> all_commands() {
  std::vector<std::unique_ptr<Command>> commands;
  for (auto* make : {make_backup_command,
                     make_restore_command,
                     make_rollback_command,
                     make_verify_command,
                     make_replicate_command,
                     make_repair_command,
                     make_prune_command,
                     make_pin_command,
                     make_unpin_command,
                     make_list_command,
                     make_info_command,
                     make_diff_command,
                     make_ls_command,
                     make_find_command,
                     make_cat_command,
                     make_export_command,
                     make_import_command,
                     make_doctor_command,
                     make_smoke_command,
                     make_config_validate_command,
                     make_config_show_command,
                     make_config_schema_command,
                     make_mask_audit_command,
                     make_mask_preview_command,
                     make_mask_sql_command,
                     make_mask_verify_certificate_command,
                     make_mask_unlock_command,
                     make_env_adopt_command,
                     make_env_show_command,
                     make_repository_init_command,
                     make_repository_info_command,
                     make_repository_lifecycle_command,
                     make_repository_promote_command,
                     make_key_init_command,
                     make_key_list_command,
                     make_key_add_command,
                     make_key_remove_command,
                     make_key_rotate_command,
                     make_completion_command}) {
    commands.push_back(make());
  }
  return commands;
}

}  // namespace summit::cli
