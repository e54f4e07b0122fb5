#!/usr/bin/env bash
# The main job, watched: a platform of real databases is filled, backed up, destroyed, restored and proven equal.
#
# Uses build/release and a platform of its own below .summit/demo, which is stopped and removed at the end, also after a failure.
# DEMO_SCALE makes more data (default 1: a few thousand rows in each big table). Exit 0 only when everything was equal.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$PWD/build/release/bin
root=$PWD/.summit/demo
started=$SECONDS

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  "$@"
}

finish() {
  local status=$?
  if [[ -x $bin/summit-dr-dev && -d $root ]]; then
    (cd "$root" && "$bin/summit-dr-dev" down >/dev/null 2>&1) || true
  fi
  if [[ $status -eq 0 ]]; then
    rm -rf "$root"
  else
    echo "the demo failed; its backups and logs are kept in $root" >&2
  fi
}
trap finish EXIT

# A platform that an interrupted demo left behind is stopped before it goes.
if [[ -d $root ]]; then
  (cd "$root" && "$bin/summit-dr-dev" down >/dev/null 2>&1) || true
fi
rm -rf "$root"
mkdir -p "$root"
cp -r config "$root/config"
cd "$root"
# Nothing of the caller's platform may leak in: addresses and keys come from the demo's own .env alone.
unset "${!POSTGRES_@}" "${!PG@}" "${!NEO4J_@}" "${!REDIS@}" "${!SUMMIT_DR_@}" DATABASE_URL ELASTICSEARCH_URL S3_BUCKET BACKUP_BUCKET \
  BACKUP_BASE ENCRYPTION_KEY BACKUP_ENCRYPTION_KEY 2>/dev/null || true
export XDG_CONFIG_HOME=$root/key PATH=$bin:$PATH

say "A platform of real servers on loopback"
run summit-dr-dev up
run summit-dr-dev sample --scale="${DEMO_SCALE:-1}" --seed=2026

say "Back up every store at one instant; nothing stops"
run summit-dr backup --set=full
id=$(summit-dr list --latest)
run summit-dr verify "$id"

say "Stock tools read it too"
printf '$ sha256sum -c backups/CHECKSUMS\n'
sha256sum -c --quiet backups/CHECKSUMS
pg_restore=$(sed -n 's/^POSTGRES_BIN_DIR=//p' .env)/pg_restore
printf '$ pg_restore --list backups/postgres.dump\n'
printf '%s entries\n' "$("$pg_restore" --list backups/postgres.dump | grep -vc '^;')"

say "Disaster: databases dropped, volumes deleted, files gone"
run summit-dr-dev destroy
if summit-dr smoke >smoke-after-disaster.txt 2>&1; then
  echo "the platform is still healthy: nothing was destroyed" >&2
  exit 1
fi
grep '^BAD' smoke-after-disaster.txt | head -4 || true

say "Restore, and compare every fingerprint"
printf '$ summit-dr restore %s --env=dev\n' "$id"
summit-dr restore "$id" --env=dev --json >restore.jsonl

say "Smoke checks"
run summit-dr smoke

say "Report"
jq -rn --slurpfile backup "backups/$id/backup-metadata.json" --slurpfile lines restore.jsonl '
  ($lines | map(select(.message_type == "restore")) | last) as $restore
  | $backup[0] as $b
  | (["STORE", "SIZE", "FINGERPRINTS", "BACKED UP IN", "RESTORED IN", "COMPARED"],
     ($restore.components[] | . as $r
      | ($b.components[] | select(.name == $r.name)) as $c
      | [$r.name, "\([$c.artifacts[].size] | add / 1024 | ceil) KiB", ($c.fingerprints | length),
         "\($c.duration_seconds * 10 | round / 10) s", "\($r.seconds * 10 | round / 10) s",
         (if $r.failure == null and ($r.differences | length) == 0 then "equal" else "DIFFERENT" end)]))
  | @tsv' | column -t -s $'\t'
jq -r '"\nrecovery point \(.recovery_point), stores within \(.skew_seconds * 1000 | round) ms of one another"' "backups/$id/backup-metadata.json"
printf 'generated, backed up, destroyed, restored, proven equal in %s s\n' "$((SECONDS - started))"
