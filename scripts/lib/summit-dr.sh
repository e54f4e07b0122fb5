# shellcheck shell=bash
# Sourced by the documented scripts: finds the program and its configuration, and hands over to it.

summit_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# $SUMMIT_DR, the builds of this tree, the program installed with these scripts, then PATH.
find_summit_dr() {
  local candidate
  if [[ -n ${SUMMIT_DR:-} ]]; then
    printf '%s\n' "$SUMMIT_DR"
    return
  fi
  for candidate in "$summit_root"/{build/release,build/ci,../..}/bin/summit-dr; do
    if [[ -x $candidate ]]; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  if command -v summit-dr; then return; fi
  {
    echo "error: summit-dr is not built and not in PATH"
    echo "hint: cmake --preset release && cmake --build --preset release, or set SUMMIT_DR to the program"
  } >&2
  return 1
}

# The program looks for config/ from the working directory upwards. A script called from somewhere else
# (cron without `cd`) falls back on the tree that the script belongs to.
use_own_configuration_elsewhere() {
  local directory=$PWD
  [[ -z ${SUMMIT_DR_CONFIG:-} ]] || return 0
  while [[ ! -e $directory/config/environments.yaml ]]; do
    if [[ $directory == / ]]; then
      export SUMMIT_DR_CONFIG=$summit_root/config
      return 0
    fi
    directory=$(dirname "$directory")
  done
}

# True when one of the arguments after the first is the option $1, as `--option value` or `--option=value`.
has_option() {
  local option=$1 argument
  shift
  for argument; do
    if [[ $argument == "$option" || $argument == "$option="* ]]; then return 0; fi
  done
  return 1
}

exec_summit_dr() {
  local program
  program=$(find_summit_dr)
  use_own_configuration_elsewhere
  exec "$program" "$@"
}
