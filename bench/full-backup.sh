#!/usr/bin/env bash
# The documented manual way against `summit-dr backup --set=full`, on the same data in the same run; ratios count, not seconds.
#
#   manual   pg_dump -Fc; stop Neo4j, neo4j-admin database dump, start it; redis-cli --rdb; tar of the files
#   ours     one command, all stores at one instant, fingerprints and SHA-256 on top, Neo4j never stopped
#
# BENCH_SCALE sets the amount of data (default 4), BENCH_RUNS how often each is run (default 3; the median counts).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$PWD/build/release/bin
root=$PWD/.summit/bench
runs=${BENCH_RUNS:-3}

finish() {
  (cd "$root" && "$bin/summit-dr-dev" down >/dev/null 2>&1) || true
  rm -rf "$root"
}
trap finish EXIT
rm -rf "$root"
mkdir -p "$root/manual"
cp -r config "$root/config"
cd "$root"
export XDG_CONFIG_HOME=$root/key PATH=$bin:$PATH
summit-dr-dev up
summit-dr-dev sample --scale="${BENCH_SCALE:-4}" --seed=1
set -a
# shellcheck disable=SC1091
source .env
set +a

seconds_of() {
  local start
  start=$(date +%s.%N)
  "$@" >/dev/null 2>bench.log || { cat bench.log >&2; exit 1; }
  awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f\n", b - a }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

manual() {
  PGPASSWORD=$POSTGRES_PASSWORD "$POSTGRES_BIN_DIR/pg_dump" -h "$POSTGRES_HOST" -p "$POSTGRES_PORT" -U "$POSTGRES_USER" -Fc -f manual/postgres.dump "$POSTGRES_DB"
  summit-dr-dev stop neo4j
  rm -f manual/neo4j.dump
  NEO4J_HOME=$NEO4J_HOME "$NEO4J_BIN_DIR/neo4j-admin" database dump neo4j --to-path=manual
  summit-dr-dev start neo4j
  redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --rdb manual/redis.rdb
  tar -C "$SUMMIT_PLATFORM_ROOT" -czf manual/files.tar.gz .
}
ours() { summit-dr backup --set=full --quiet; }

for ((i = 0; i < runs; ++i)); do
  seconds_of manual >>manual.times
  seconds_of ours >>ours.times
done
m=$(median <manual.times)
o=$(median <ours.times)
awk -v m="$m" -v o="$o" 'BEGIN { printf "manual %s s, summit-dr %s s (medians): summit-dr takes %.2f times as long, with Neo4j stopped for 0 s\n", m, o, o / m }'
du -sk manual "backups/$(summit-dr list --latest)" | awk '{ print $2 ": " $1 " KiB" }'
