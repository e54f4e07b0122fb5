#!/usr/bin/env bash
# Shows Debian's Redis 7 in the cache as `redis-7`: bin/{redis-server,redis-cli} are links to it. Needs packages.sh.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

recipe() {
  local program found
  mkdir "$1/bin"
  for program in redis-server redis-cli; do
    found=$(command -v "$program") || die "$program is missing: run scripts/setup/packages.sh servers"
    [[ $("$program" --version) =~ (v=|redis-cli\ )7\. ]] || die "$found is not Redis 7: $("$program" --version)"
    ln -s "$found" "$1/bin/$program"
  done
}

install_into_cache redis-7 redis-7-debian-1 recipe
