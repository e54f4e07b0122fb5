#!/usr/bin/env bash
# Backs up the datastores of an environment: ./scripts/db/backup.sh --env=dev --datastores=all|postgres,neo4j,redis
#                                            [--upload-s3] [--dry-run] [--confirm-production]
#
# Variables: BACKUP_BASE, BACKUP_BUCKET, BACKUP_ENCRYPTION_KEY, and those of the stores (docs/configuration.md).
# The backup is called summit-backup-YYYYMMDD_HHMMSS. Every option of `summit-dr backup` works too.
set -euo pipefail
# shellcheck source=scripts/lib/summit-dr.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/summit-dr.sh"

arguments=(--id-form=database)
has_option --set "$@" || arguments+=(--set=full)
exec_summit_dr backup "${arguments[@]}" "$@"
