#!/usr/bin/env bash
# Checks what a compiler does not: who includes whom, formatting, clang-tidy on src/, shell scripts. Needs build/debug to be configured: it
# compiles every file on its own, so each must include what it names.
# Runs all checks, and fails when one of them did.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

status=0
check() {
  echo "== $1"
  shift
  "$@" || status=1
}

mapfile -d '' sources < <(find src tests devtools bench -name '*.cc' -print0 -o -name '*.h' -print0)
mapfile -t shell < <(grep -rlIE --exclude-dir=build --exclude-dir=.git --exclude-dir=.summit '^#!.*\b(ba)?sh$' . | sort)

check 'includes' scripts/check-includes
check 'format' clang-format-19 --dry-run -Werror "${sources[@]}"
check 'clang-tidy' run-clang-tidy-19 -quiet -j "$(nproc)" -p build/debug "^$PWD/src/"
check 'shellcheck' shellcheck -xa -e SC2016 "${shell[@]}"
exit "$status"
