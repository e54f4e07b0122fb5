#!/usr/bin/env bash
# Brings Elasticsearch 7 (the vendor's distribution for integration tests: no bundled Java, no x-pack) into the cache as
# `elasticsearch-7`, with the machine's own Java as its jdk/ and a config/ for one node on loopback.
#
# It refuses root, and writes into its configuration: run it on a copy of config/, named in ES_PATH_CONF.
# Needs Java 17 when it runs, and packages.sh here; does nothing when the cache has it already.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly version=7.17.29 revision=2

download() {
  mvn -B -q "-Dmaven.repo.local=$PWD/repository" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    "-Dartifact=org.elasticsearch.distribution.integ-test-zip:elasticsearch:$version:zip" "-DoutputDirectory=$PWD"
  verify "elasticsearch-$version.zip"
  unzip -q "elasticsearch-$version.zip"
  mv "elasticsearch-$version"/* "$1"
  # The vendor's configuration logs to files in the installation, and only its owner may read it.
  rm -rf "$1/config"
  cp -R "$setup_dir/elasticsearch/config" "$1"
  ln -s "$(dirname -- "$(dirname -- "$(readlink -f -- "$(command -v java)")")")" "$1/jdk"
}

recipe() { step "Elasticsearch $version: download and unpack" download "$1"; }

install_into_cache elasticsearch-7 "elasticsearch-$version-$revision" recipe
