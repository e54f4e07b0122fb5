#!/usr/bin/env bash
# Capture and restore of a PostgreSQL database against pg_dump and pg_restore, on the same data in the same run; ratios count, not seconds.
#
# Data: about BENCH_MEGABYTES (default 2000) of wide text, jsonb, vectors and narrow rows in four tables, then one huge table of that
# size. Every contender runs BENCH_RUNS times (default 3), in turn; medians count. BENCH_JOBS connections (default: the cores).
# The floor of a capture with zstd:3 is that the server prints all rows into /dev/null, and one thread compresses the same bytes with zstd's
# library at level 3; their sum divided by the cores. Where ours takes a quicker search, which makes the rows here smaller, there is a lower
# floor with that.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
project=$PWD
scripts/setup/packages.sh build bench
cmake --preset release -DSUMMIT_BUILD_BENCH=ON --log-level=NOTICE
cmake --build --preset release --target postgresql_bench --target summit-dr-dev --target summit-dev-launcher
bin=$PWD/build/release/bin
bench=$bin/postgresql_bench
root=$PWD/.summit/bench-postgresql
runs=${BENCH_RUNS:-3}
cores=$(nproc)
jobs=${BENCH_JOBS:-$cores}
megabytes=${BENCH_MEGABYTES:-2000}

finish() {
  [[ -d $root ]] && (cd "$root" && "$bin/summit-dr-dev" down >/dev/null 2>&1)
  rm -rf "$root"
}
trap finish EXIT
rm -rf "$root"
mkdir -p "$root"
cp -r config "$root/config"
cd "$root"
XDG_CONFIG_HOME=$root/key "$bin/summit-dr-dev" up >&2
for other in neo4j redis; do "$bin/summit-dr-dev" stop $other >&2; done
set -a
# shellcheck disable=SC1091
source .env
set +a
export PGPASSWORD=$POSTGRES_PASSWORD PGHOST=$POSTGRES_HOST PGPORT=$POSTGRES_PORT PGUSER=$POSTGRES_USER PATH=$POSTGRES_BIN_DIR:$PATH
mkdir -m 777 copies # written by the server

# timed CONTENDER COMMAND...: keeps seconds, CPU seconds of the client, and its peak memory in KB.
timed() {
  local contender=$1
  shift
  sync
  /usr/bin/time -o time -f '%e %U %S %M' "$@" >/dev/null 2>log || { cat log >&2; exit 1; }
  awk -v c="$contender" '{ print c "|" $1 "|" $2 + $3 "|" $4 }' time >>"times.$step"
}
of() { awk -F'|' -v c="$1" -v f="$2" '$1 == c { print $f }' "times.$step" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

tables() { psql -Atd "$1" -c "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"; }
capture() {
  local database=$1 run table print_all=()
  for table in $(tables "$database"); do
    psql -qd "$database" -c "COPY $table TO '$root/copies/$table'"
    print_all+=(-c "COPY $table TO '/dev/null'")
  done
  for ((run = 0; run < runs; ++run)); do
    rm -rf stock.directory
    timed 'pg_dump -Fc' pg_dump -Fc -f stock.custom "$database"
    timed 'pg_dump -Fd -j zstd:3' pg_dump -Fd -j "$jobs" --compress=zstd:3 -f stock.directory "$database"
    timed 'ours, default' "$bench" capture "$database" default "$jobs" ours.default
    timed 'ours, zstd:3' "$bench" capture "$database" zstd:3 "$jobs" ours.zstd
    timed 'ours, gzip' "$bench" capture "$database" gzip "$jobs" ours.gzip
    timed 'floor: rows' psql -qd "$database" "${print_all[@]}"
    timed 'floor: zstd:3' "$bench" zstd 3 copies/*
    timed 'floor: compression as ours' "$bench" compress zstd:3 copies/*
    timed 'fingerprints alone' "$bench" hash copies/*
  done
  echo
  echo "== capture of $(du -sm copies | cut -f1) MB of rows, $(wc -w <<<"$(tables "$database")") tables, $jobs jobs, $cores cores"
  rm -f copies/*
  report 'pg_dump -Fc' 'pg_dump -Fd -j zstd:3' 'ours, default' 'ours, zstd:3' 'ours, gzip' 'floor: rows' 'floor: zstd:3' 'floor: compression as ours' \
         'fingerprints alone'
  du -sm stock.custom stock.directory ours.* | sed 's/^/    MB: /'
  awk -v c="$(of 'pg_dump -Fc' 2)" -v d="$(of 'pg_dump -Fd -j zstd:3' 2)" -v o="$(of 'ours, default' 2)" -v z="$(of 'ours, zstd:3' 2)" \
      -v rows="$(of 'floor: rows' 2)" -v zstd="$(of 'floor: zstd:3' 2)" -v quick="$(of 'floor: compression as ours' 2)" -v cores="$cores" -v memory="$(of 'ours, zstd:3' 4)" 'BEGIN {
    printf "ours at its default: %.2f times as fast as pg_dump -Fc\n", c / o
    printf "ours at zstd:3:      %.2f times as fast as pg_dump -Fc, %.2f times as fast as pg_dump -Fd -j with zstd:3\n", c / z, d / z
    printf "ours at zstd:3:      %.2f times the floor of %.2f s, %.2f times that of %.2f s with our compression; peak memory %d MB\n",
           z * cores / (rows + zstd), (rows + zstd) / cores, z * cores / (rows + quick), (rows + quick) / cores, memory / 1024 }'
}

fresh() { dropdb --if-exists "$1" && createdb -T template0 "$1"; }

restore() {
  local run
  for ((run = 0; run < runs; ++run)); do
    fresh restored
    timed 'pg_restore -j, own directory' pg_restore -j "$jobs" -d restored stock.directory
    fresh restored
    timed 'pg_restore -j, of pg_dump -Fc' pg_restore -j "$jobs" -d restored stock.custom
    fresh restored
    timed 'pg_restore -j, our archive' pg_restore -j "$jobs" -d restored ours.zstd
    fresh restored
    timed 'ours' "$bench" load ours.zstd restored "$jobs"
  done
  echo
  echo "== restore of the same, $jobs jobs"
  report 'pg_restore -j, own directory' 'pg_restore -j, of pg_dump -Fc' 'pg_restore -j, our archive' 'ours'
  awk -v d="$(of 'pg_restore -j, own directory' 2)" -v c="$(of 'pg_restore -j, of pg_dump -Fc' 2)" -v a="$(of 'pg_restore -j, our archive' 2)" \
      -v o="$(of ours 2)" -v memory="$(of ours 4)" 'BEGIN {
    printf "ours: %.2f times as fast as pg_restore -j of its own directory, %.2f of what pg_dump -Fc wrote, %.2f of our archive; peak memory %d MB\n",
           d / o, c / o, a / o, memory / 1024 }'
}

report() {
  local contender
  for contender; do
    printf '%-30s %8.2f s %8.2f s cpu of the client %6d MB\n' "$contender" "$(of "$contender" 2)" "$(of "$contender" 3)" $(($(of "$contender" 4) / 1024))
  done
}

createdb mixed
psql -qd mixed -v megabytes="$megabytes" -f "$project/bench/postgresql/data.sql"
step=capture
capture mixed
step=restore
restore
dropdb mixed
dropdb restored

createdb huge
psql -qd huge -v megabytes="$megabytes" -f "$project/bench/postgresql/huge_table.sql"
step=huge
capture huge
step=restore-huge
restore
dropdb huge
dropdb restored

# An index over vectors decides how long a restore takes where there is one.
createdb vectors
psql -qd vectors -v megabytes="$((megabytes / 10))" -f "$project/bench/postgresql/vectors.sql"
pg_dump -Fc -f stock.custom vectors
pg_dump -Fc --compress=zstd:3 -f ours.zstd vectors
rm -f ours.zstd.tables # those of another archive
rm -rf stock.directory
pg_dump -Fd -j "$jobs" --compress=zstd:3 -f stock.directory vectors
step=restore-vectors
restore
