#!/usr/bin/env bash
# pnpm test:golden-path [--env=ENVIRONMENT]: the smoke checks, then the platform's own golden path tests, whose
# program SUMMIT_GOLDEN_PATH_COMMAND names. Without it only the smoke checks run, and that is said.
set -euo pipefail
# shellcheck source=scripts/lib/summit-dr.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/summit-dr.sh"

(exec_summit_dr smoke "$@")
if [[ -z ${SUMMIT_GOLDEN_PATH_COMMAND:-} ]]; then
  echo "golden path: the smoke checks hold; SUMMIT_GOLDEN_PATH_COMMAND names no tests of the platform's own" >&2
  exit 0
fi
exec "$SUMMIT_GOLDEN_PATH_COMMAND" "$@"
