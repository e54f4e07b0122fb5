#!/usr/bin/env bash
# pnpm test:smoke [--env=ENVIRONMENT]: every store answers, counts and relations hold, the audit chain is intact.
# The platform's own smoke tests follow when SUMMIT_SMOKE_COMMAND names their program.
set -euo pipefail
# shellcheck source=scripts/lib/summit-dr.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/summit-dr.sh"

if [[ -z ${SUMMIT_SMOKE_COMMAND:-} ]]; then exec_summit_dr smoke "$@"; fi
(exec_summit_dr smoke "$@")
exec "$SUMMIT_SMOKE_COMMAND" "$@"
