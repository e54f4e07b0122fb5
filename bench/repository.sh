#!/usr/bin/env bash
# The packed repository against restic and Borg, on the same data in the same run; ratios count, not seconds.
#
# Data: the store files of a real PostgreSQL server (about BENCH_MEGABYTES, 1000 by default) and its dump as plain SQL. Each step is a process of its
# own for each tool, one after the other; all encrypt and compress, and what is restored is compared. Ours opens its repository with a passphrase (Argon2id), as
# theirs do, and reads everything again where the step says so. What is restored is durable when the step ends.
# What a step reads is in the page cache when it begins, so that nobody pays for the disk in another's place.
# A stream of BENCH_LARGE_GIGABYTES (default 20) shows that memory does not grow.
# What stands in single quotes is for the shell that is measured.
# shellcheck disable=SC2016
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup/packages.sh build bench
cmake --preset release -DSUMMIT_BUILD_BENCH=ON --log-level=NOTICE
cmake --build --preset release --target repository_bench --target summit-dr-dev --target summit-dev-launcher
bin=$PWD/build/release/bin
bench=$bin/repository_bench
root=$PWD/.summit/bench-repository
megabytes=${BENCH_MEGABYTES:-1000}

finish() {
  [[ -d $root/platform ]] && (cd "$root/platform" && "$bin/summit-dr-dev" down >/dev/null 2>&1)
  rm -rf "$root"
}
trap finish EXIT
rm -rf "$root"
mkdir -p "$root/platform"

# make_data: $root/data, a stopped server's directory, and $root/dump.sql
make_data() {
  cp -r config "$root/platform/config"
  cd "$root/platform"
  XDG_CONFIG_HOME=$root/key "$bin/summit-dr-dev" up >&2
  set -a
  # shellcheck disable=SC1091
  source .env
  set +a
  export PGPASSWORD=$POSTGRES_PASSWORD PGHOST=$POSTGRES_HOST PGPORT=$POSTGRES_PORT PGUSER=$POSTGRES_USER PGDATABASE=$POSTGRES_DB
  "$POSTGRES_BIN_DIR/psql" -qv rows=$((megabytes * 850)) -f "$OLDPWD/bench/repository/documents.sql" >&2
  "$POSTGRES_BIN_DIR/pg_dump" -t bench_documents -f "$root/dump.sql"
  local directory
  directory=$("$POSTGRES_BIN_DIR/psql" -Atc 'SHOW data_directory')
  "$bin/summit-dr-dev" down >&2
  cp -r "$directory" "$root/data"
  cd - >/dev/null
}

printf 'a passphrase for measuring' >"$root/passphrase"
export BENCH_PASSPHRASE_FILE=$root/passphrase RESTIC_PASSWORD_FILE=$root/passphrase
export BORG_PASSPHRASE='a passphrase for measuring' BORG_BASE_DIR=$root/borg-home BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
restic_for() { restic -q --cache-dir "$root/restic-cache" -r "$root/restic-$1" "${@:2}"; }
export -f restic_for
export root

# timed STEP TOOL COMMAND...: runs it with standard input from $from, and keeps wall, CPU and peak memory.
timed() {
  local step=$1 tool=$2
  shift 2
  sync
  /usr/bin/time -o "$root/time" -f '%e %U %S %M' "$@" <"${from:-/dev/null}" >/dev/null 2>"$root/log" || {
    cat "$root/log" >&2
    exit 1
  }
  awk -v step="$step" -v tool="$tool" '{ printf "%-32s %-10s %8.2f s wall %8.2f s cpu %6.0f MB\n", step, tool, $1, $2 + $3, $4 / 1024 }' "$root/time" | tee -a "$root/results"
  grep -hE '^(requests|new|touched)' "$root/log" | sed 's/^/    /' || true
}
stored() { du -sm "$root/ours-$1" "$root/restic-$1" "$root/borg-$1" | awk '{ n = split($2, p, "/"); print "    " p[n] ": " $1 " MB stored" }'; }
same_tree() { diff -r "$root/data" "$1" >/dev/null; }
same_dump() { cmp "$1"/* "$root/dump.sql"; }
newest() { borg list --last 1 --short "$1"; }
export -f newest

warm() { find "$@" -type f -exec cat {} + >/dev/null; }

backup_tree() {
  local step=$1
  warm "$root/data"
  timed "$step" ours "$bench" backup-tree "$root/ours-tree" "$root/data" "${@:2}"
  warm "$root/data"
  timed "$step" restic bash -c 'cd "$root/data" && restic_for tree backup '"${2:+--force}"' .'
  warm "$root/data"
  timed "$step" borg bash -c 'cd "$root/data" && borg create --compression zstd,1 '"${2:+--files-cache=disabled}"' "$root/borg-tree::{now:%s%f}" .'
  stored tree
}

# restore_all KIND STEP COMMAND SAME: what each tool stored last comes back into a new directory, durably; SAME compares it.
restore_all() {
  local kind=$1 step=$2 command=$3 same=$4 tool
  for tool in ours restic borg; do warm "$root/$tool-$kind"; done
  timed "$step" ours "$bench" "$command" "$root/ours-$kind" "$root/back-ours"
  timed "$step" restic bash -c 'restic_for "$1" restore latest --target "$root/back-restic" && sync -f "$root/back-restic"' _ "$kind"
  mkdir "$root/back-borg"
  timed "$step" borg bash -c 'cd "$root/back-borg" && borg extract "$1::$(newest "$1")" && sync -f .' _ "$root/borg-$kind"
  for tool in ours restic borg; do
    "$same" "$root/back-$tool" || { echo "bench-repository: $root/back-$tool differs from what was backed up" >&2; exit 1; }
    rm -rf "$root/back-$tool"
  done
}

make_data
du -sm "$root/data" "$root/dump.sql"
for kind in tree dump; do
  "$bench" create "$root/ours-$kind"
  restic_for $kind init >/dev/null
  borg init --encryption repokey-blake2 "$root/borg-$kind"
done

backup_tree 'store files: first'
backup_tree 'store files: read again' --read-again
backup_tree 'store files: unchanged'
"$bench" touch-pages "$root/data" 10 1
backup_tree 'store files: 1 % of pages'

restore_all tree 'store files: restore' restore-tree same_tree

for tool in ours restic borg; do warm "$root/$tool-tree"; done
timed 'store files: verify' ours "$bench" verify "$root/ours-tree"
timed 'store files: verify' restic bash -c 'restic_for tree check --read-data'
timed 'store files: verify' borg borg check --verify-data "$root/borg-tree"
timed 'store files: prune' ours "$bench" prune "$root/ours-tree"
timed 'store files: prune' restic bash -c 'restic_for tree forget --keep-last 1 --prune'
timed 'store files: prune' borg bash -c 'borg prune --keep-last 1 "$root/borg-tree" && borg compact "$root/borg-tree"'
stored tree

for step in 'dump: first' 'dump: unchanged'; do
  from=$root/dump.sql
  timed "$step" ours "$bench" backup-stream "$root/ours-dump"
  timed "$step" restic bash -c 'restic_for dump backup --stdin'
  timed "$step" borg bash -c 'borg create --compression zstd,1 "$root/borg-dump::{now:%s%f}" -'
  from=
done
stored dump
restore_all dump 'dump: restore' export-stream same_dump
timed 'dump: to a pipe' ours bash -c '"$1" restore-stream "$root/ours-dump" | cat >/dev/null' _ "$bench"
timed 'dump: to a pipe' restic bash -c 'restic_for dump dump latest stdin | cat >/dev/null'
timed 'dump: to a pipe' borg bash -c 'borg extract --stdout "$root/borg-dump::$(newest "$root/borg-dump")" | cat >/dev/null'

# The memory that is needed does not follow the amount of data.
for gigabytes in 1 "${BENCH_LARGE_GIGABYTES:-20}"; do
  from=/dev/stdin
  "$bench" create "$root/ours-$gigabytes"
  "$bench" generate "$gigabytes" | timed "generated stream of $gigabytes GB" ours "$bench" backup-stream "$root/ours-$gigabytes"
  from=
  rm -rf "$root/ours-$gigabytes"*
done

echo
echo 'How many times as fast (wall, then cpu):'
awk '{ tool = ""; for (i = 1; i <= NF; i++) if ($i == "ours" || $i == "restic" || $i == "borg") { tool = $i; at = i; break }
       step = ""; for (i = 1; i < at; i++) step = step (i > 1 ? " " : "") $i
       if (!(step in seen)) { order[++n] = step; seen[step] = 1 }
       wall[step, tool] = $(at + 1); cpu[step, tool] = $(at + 4) }
     END { for (i = 1; i <= n; i++) { s = order[i]
       if (wall[s, "restic"]) printf "%-32s restic %6.2f %6.2f   borg %6.2f %6.2f\n", s, wall[s, "restic"] / wall[s, "ours"], cpu[s, "restic"] / cpu[s, "ours"],
              wall[s, "borg"] / wall[s, "ours"], cpu[s, "borg"] / cpu[s, "ours"] } }' "$root/results"

echo
echo 'What one core does in each stage, and at best:'
"$bench" stages "$root/dump.sql"
openssl speed -evp aes-256-gcm -bytes 65536 -seconds 1 2>/dev/null | tail -1
openssl speed -evp sha256 -bytes 65536 -seconds 1 2>/dev/null | tail -1
head -c 268435456 "$root/dump.sql" >"$root/sample"
zstd -q -b1 -e3 -i1 "$root/sample" 2>&1 | tr '\r' '\n' | grep -E '^ ?[0-9]#' || true
