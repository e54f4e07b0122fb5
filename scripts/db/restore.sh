#!/usr/bin/env bash
# Restores the datastores of an environment: ./scripts/db/restore.sh --env=dev --backup-path=DIRECTORY | --backup-id=ID
#                                            [--datastores=all|postgres,neo4j,redis] [--dry-run] [--sanitize]
#
# Every option of `summit-dr restore` works too.
set -euo pipefail
# shellcheck source=scripts/lib/summit-dr.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/summit-dr.sh"

exec_summit_dr restore "$@"
