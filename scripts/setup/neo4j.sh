#!/usr/bin/env bash
# Brings Neo4j 5 Community into the cache as `neo4j-5`: lib/ (its jars, joined), conf/ (a template) and bin/{neo4j,neo4j-admin,cypher-shell}.
#
# The programs find lib/ beside themselves, so NEO4J_HOME may name any other directory, e.g. a scratch home with only conf/ and data/.
# Needs Java 17 or 21 when it runs, and packages.sh here; does nothing when the cache has it already.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly version=5.26.30 revision=2

recipe() {
  step "Neo4j $version: download its jars (up to a minute)" download_neo4j "$setup_dir/neo4j"
  mkdir "$1/lib"
  step "Neo4j $version: join them" "$setup_dir/neo4j/join-jars.py" jars "$1/lib/neo4j-$version.jar" "neo4j-kernel-$version.jar"
  cp -R "$setup_dir/neo4j/bin" "$setup_dir/neo4j/conf" "$1"
}

readonly home=neo4j-$version-$revision
install_into_cache neo4j-5 "$home" recipe
record_neo4j_classes "$version" "$home" "$home"
