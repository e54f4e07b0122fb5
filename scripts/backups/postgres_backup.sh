#!/usr/bin/env bash
# Backs up PostgreSQL alone, to S3 when BACKUP_BUCKET is set: ./scripts/backups/postgres_backup.sh
#
# Variables: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, BACKUP_BUCKET, BACKUP_BASE. The environment is
# SUMMIT_DR_ENVIRONMENT or --env; without either it counts as production, which asks for --confirm-production
# unless an administrator allowed unattended runs. Every option of `summit-dr backup` works too.
set -euo pipefail
# shellcheck source=scripts/lib/summit-dr.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/summit-dr.sh"

arguments=(--set=full --datastores=postgres --id-form=database)
has_option --env "$@" || arguments+=("--env=${SUMMIT_DR_ENVIRONMENT:-production}")
exec_summit_dr backup "${arguments[@]}" "$@"
