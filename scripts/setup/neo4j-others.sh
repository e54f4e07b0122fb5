#!/usr/bin/env bash
# Brings the oldest Neo4j that is supported as a server into the cache as `neo4j-5.8`, for the tests: as neo4j.sh does with the
# platform's, but without cypher-shell and with its jars as they are. Needs packages.sh and neo4j.sh; does nothing when the cache has it already.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly version=5.8.0 revision=1

recipe() {
  step "Neo4j $version: download its jars (up to a minute)" download_neo4j "$setup_dir/neo4j-5.8"
  mv jars "$1/lib"
  mkdir "$1/bin"
  cp "$setup_dir"/neo4j/bin/{common.sh,neo4j,neo4j-admin} "$1/bin"
  cp -R "$setup_dir/neo4j/conf" "$1"
  # It does not know every setting of the platform's template.
  echo 'server.config.strict_validation.enabled=false' >>"$1/conf/neo4j.conf"
}

readonly home=neo4j-$version-$revision
install_into_cache neo4j-5.8 "$home" recipe
record_neo4j_classes "$version" "$home" neo4j-5
