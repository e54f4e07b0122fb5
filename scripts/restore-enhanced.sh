#!/usr/bin/env bash
# Restores a backup: ./scripts/restore-enhanced.sh ID [--env=production|staging|dr_rehearsal|dev|test]
#                    [--mode=full|selective|verify-only] [--dry-run] [--sanitize[=true|false]]
#
# Variables: BACKUP_BASE, RESTORE_ENV, and for --mode=selective RESTORE_POSTGRES, RESTORE_NEO4J, RESTORE_REDIS,
# RESTORE_CONFIG (true or false). Every option of `summit-dr restore` works too.
set -euo pipefail
# shellcheck source=scripts/lib/summit-dr.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/summit-dr.sh"

exec_summit_dr restore "$@"
