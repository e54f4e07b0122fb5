#!/usr/bin/env bash
# Brings Neo4j 5 Community into the cache as `neo4j-5`: lib/ (its jars, joined), conf/ (a template) and bin/{neo4j,neo4j-admin,cypher-shell}.
#
# The programs find lib/ beside themselves, so NEO4J_HOME may name any other directory, e.g. a scratch home with only conf/ and data/.
# Needs Java 17 or 21 when it runs, and packages.sh here; does nothing when the cache has it already.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly version=5.26.30 revision=2

download_jars() {
  # A repository of its own: the jars need not stay twice on the disk.
  mvn -B -q -f "$setup_dir/neo4j/pom.xml" "-Dmaven.repo.local=$PWD/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$PWD/jars"
  (cd jars && sha256sum --quiet --strict -c "$setup_dir/neo4j/lib.sha256")
  # Nor may there be a jar that the list does not know.
  diff <(cut -c67- "$setup_dir/neo4j/lib.sha256" | sort) <(cd jars && printf '%s\n' *.jar | sort)
}

recipe() {
  step "Neo4j $version: download its jars (up to a minute)" download_jars
  mkdir "$1/lib"
  step "Neo4j $version: join them" "$setup_dir/neo4j/join-jars.py" jars "$1/lib/neo4j-$version.jar" "neo4j-kernel-$version.jar"
  cp -R "$setup_dir/neo4j/bin" "$setup_dir/neo4j/conf" "$1"
}

readonly home=neo4j-$version-$revision
install_into_cache neo4j-5 "$home" recipe
# Again when what is recorded has changed. One set-up at a time: a server of the other would be recorded with an archive in use.
recorder=$(sha256sum <"$setup_dir/neo4j/record-classes.sh")
is_recorded() { [[ -f $cache/$home/classes.jsa && $(cat "$cache/$home/classes.recorder" 2>/dev/null) == "$recorder" ]]; }
is_recorded || {
  lock_cache
  if ! is_recorded; then
    step "Neo4j $version: start it once, record its classes" "$setup_dir/neo4j/record-classes.sh" "$(realpath "$cache/$home")"
    echo "$recorder" >"$cache/$home/classes.recorder"
  fi
}
