#!/usr/bin/env bash
# Brings the other versions of PostgreSQL that are supported as servers into the cache, as `postgresql-15`, `-17` and `-18`, for the
# tests: what comes with PostgreSQL itself, no extension beside. Needs packages.sh; does nothing when the cache has them already.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly revision=1

for server_version in 15.19.0 17.11.0 18.6.0; do
  recipe() { step "PostgreSQL $server_version: download and unpack" unpack_postgresql "$server_version" "$1"; }
  install_into_cache "postgresql-${server_version%%.*}" "postgresql-$server_version-$revision" recipe
done
