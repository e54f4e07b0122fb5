#!/usr/bin/env bash
# Masked restore of PostgreSQL, by the whole command, against ours unmasked and against pg_restore with statements afterwards; ratios count, not seconds.
#
# Data: about BENCH_MEGABYTES (default 1500: of a small database the second that any restore takes is a large part) in the framework's tables, once
# in a platform's proportions and once as they are hardest to mask (bench/masking/data.sql); BENCH_DATA=platform or BENCH_DATA=private for one of
# both. Every contender runs BENCH_RUNS times (default 3), to and fro; medians count.
# BENCH_JOBS connections (default: the cores). BENCH_BIN: a directory of programs that are built already.
#   masked      all rules and the reduction of `dev`, with looking through, fingerprints, the search for replaced values and the certificate
#   unmasked    a backup of the rows that the masked restore keeps, with their originals
#   documented  pg_restore of everything from a pipe over one connection, as the documents restore by hand, then the framework's reduction and its six
#               statements, and vacuum. Ours masks more columns (names, logins, embeddings, titles, hashes), and nothing is checked here.
#   by hand     the same from a directory, with pg_restore -j and vacuumdb -j
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
project=$PWD
bin=${BENCH_BIN:-$PWD/build/release/bin}
if [[ -z ${BENCH_BIN:-} ]]; then
  scripts/setup/packages.sh build bench
  cmake --preset release --log-level=NOTICE
  cmake --build --preset release --target summit-dr --target summit-dr-dev --target summit-dev-launcher
fi
if [[ -z ${BENCH_DATA:-} ]]; then
  BENCH_DATA=platform BENCH_BIN=$bin bench/masking.sh
  BENCH_DATA=private BENCH_BIN=$bin exec bench/masking.sh
fi
[[ $BENCH_DATA == platform || $BENCH_DATA == private ]] || { echo "BENCH_DATA is \`platform\` or \`private\`, not \`$BENCH_DATA\`" >&2; exit 2; }
root=$PWD/.summit/bench-masking
runs=${BENCH_RUNS:-3}
jobs=${BENCH_JOBS:-$(nproc)}

finish() {
  [[ -d $root ]] && (cd "$root" && "$bin/summit-dr-dev" down >/dev/null 2>&1)
  rm -rf "$root"
}
trap finish EXIT
rm -rf "$root"
mkdir -p "$root"
cp -r config "$root/config"
cd "$root"
export XDG_CONFIG_HOME=$root/key
"$bin/summit-dr-dev" up >&2
for other in neo4j redis; do "$bin/summit-dr-dev" stop $other >&2; done
set -a
# shellcheck disable=SC1091
source .env
set +a
SANITIZATION_KEY=$(openssl rand -hex 32)
export SANITIZATION_KEY PGPASSWORD=$POSTGRES_PASSWORD PGHOST=$POSTGRES_HOST PGPORT=$POSTGRES_PORT PGUSER=$POSTGRES_USER PATH=$POSTGRES_BIN_DIR:$PATH

summit() { "$bin/summit-dr" "$@"; }
# timed CONTENDER COMMAND...: keeps the seconds.
timed() {
  local contender=$1 start
  shift
  psql -qd "$POSTGRES_DB" -c CHECKPOINT
  sync
  start=$(date +%s.%N)
  "$@" >out 2>log || { cat out log >&2; exit 1; }
  awk -v c="$contender" -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print c "|" b - a }' >>measured
}
of() {
  awk -F'|' -v c="$1" '$1 == c { print $2 }' measured | sort -n |
    awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}
back_up() { summit backup --set=full --datastores=postgres >out 2>log || { cat out log >&2; exit 1; }; summit list --latest; }
restore() { summit --json restore "$@" --env=dev --datastores=postgres --jobs="$jobs" --no-safety-backup; }

# The rows that a masked restore keeps are those that the source then keeps, too.
reduce_the_source() {
  local pair table key
  for pair in audit_logs:seq events:id analytics_traces:trace_id billing:id; do
    table=${pair%:*} key=${pair#*:}
    psql -qd "$POSTGRES_DB" -c "CREATE TABLE kept AS SELECT $key FROM $table LIMIT 0"
    psql -qd masked -c "COPY (SELECT $key FROM $table) TO STDOUT" | psql -qd "$POSTGRES_DB" -c 'COPY kept FROM STDIN'
    psql -qd "$POSTGRES_DB" -c 'ANALYZE kept' -c "DELETE FROM $table WHERE NOT EXISTS (SELECT FROM kept WHERE kept.$key = $table.$key)" -c 'DROP TABLE kept'
  done
  vacuumdb -qfz "$POSTGRES_DB"
}

reduce_and_mask() { psql -qd "$1" -f "$project/bench/masking/reduction.sql" -f "$project/bench/masking/documented.sql"; }

documented() {
  # shellcheck disable=SC2002 # word for word
  cat stock.dump | pg_restore -d documented --clean --if-exists
  reduce_and_mask documented
  vacuumdb -qz documented
}

by_hand() {
  pg_restore -j "$jobs" -d by_hand stock
  reduce_and_mask by_hand
  vacuumdb -qz -j "$jobs" by_hand
}

psql -qd "$POSTGRES_DB" -v megabytes="${BENCH_MEGABYTES:-1500}" -v platform="$([[ $BENCH_DATA == platform ]] && echo 1 || echo 0)" -f "$project/bench/masking/data.sql"
pg_dump -Fd -j "$jobs" --compress=zstd:3 -f stock "$POSTGRES_DB"
pg_dump -Fc -f stock.dump "$POSTGRES_DB"
whole=$(back_up)
timed first restore "$whole" --sanitize --into=masked
reduce_the_source
reduced=$(back_up)
dropdb masked

measure() {
  case $1 in
    masked)
      timed masked restore "$whole" --sanitize --into=masked
      jq -r 'select(.message_type == "restore") | "certificate|\(.leaks.seconds)", "rows alone|\(.components[0].seconds)"' out >>measured
      ;;
    unmasked)
      timed unmasked restore "$reduced" --into=unmasked
      jq -r 'select(.message_type == "restore") | "rows alone, unmasked|\(.components[0].seconds)"' out >>measured
      ;;
    *)
      createdb -T template0 "$1"
      timed "$1" "$1"
      ;;
  esac
  dropdb "$1"
}

# To and fro: who comes behind a long one finds the machine busy with what that has written.
contenders=(masked unmasked documented by_hand)
for ((run = 0; run < runs; ++run)); do
  for ((i = 0; i < 4; ++i)); do measure "${contenders[run % 2 ? 3 - i : i]}"; done
done

echo
echo "== $BENCH_DATA: $(du -sm "backups/$whole" | cut -f1) MB of archive, $(du -sm "backups/$reduced" | cut -f1) MB reduced, $jobs jobs, $(nproc) cores; medians of $runs"
for contender in masked certificate 'rows alone' unmasked 'rows alone, unmasked' documented by_hand; do
  printf '%-22s %8.2f s\n' "$contender" "$(of "$contender")"
done
awk -v m="$(of masked)" -v c="$(of certificate)" -v u="$(of unmasked)" -v d="$(of documented)" -v h="$(of by_hand)" -v r="$(of 'rows alone')" -v s="$(of 'rows alone, unmasked')" 'BEGIN {
  printf "before the certificate, whole command: %.2f times the time of ours unmasked; rows alone %.2f times\n", (m - c) / u, r / s
  printf "the certificate: %.0f %% of the masked restore\n", 100 * c / m
  printf "as documented it takes %.2f times as long before the certificate, %.2f times with it\n", d / (m - c), d / m
  printf "by hand with jobs it takes %.2f times as long before the certificate, %.2f times with it\n", h / (m - c), h / m }'
