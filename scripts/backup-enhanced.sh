#!/usr/bin/env bash
# Takes one backup set: ./scripts/backup-enhanced.sh --set=full|minimal|tenant|project|config_only|disaster_recovery
#
# Variables: BACKUP_BASE, S3_BUCKET, ENCRYPTION_KEY, RETENTION_DAYS, TENANT_ID, PROJECT_ID or INVESTIGATION_ID.
# Every option of `summit-dr backup` works too.
set -euo pipefail
# shellcheck source=scripts/lib/summit-dr.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/summit-dr.sh"

exec_summit_dr backup "$@"
