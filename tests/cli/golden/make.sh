#!/usr/bin/env bash
# make.sh SUMMIT_DR FILE: makes a packed repository of today's format for golden_test.cc, as a tar file.
#
# Made once for each format version and kept for ever: later versions of the program have to read it. Needs the right to
# name the machine (root), so that the backups do not carry this one's name.
set -euo pipefail
program=$(realpath -- "$1") file=$(realpath -m -- "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir -p "$room/config" "$room/uploads/reports"
cat >"$room/config/environments.yaml" <<'YAML'
environments:
  dev:
    class: dev
    objectives: {recovery_point: 4 hours, recovery_time: 30 minutes}
    retention: 7 days
    layout: packed
    encrypted: true
    sanitization: full
    endpoints:
      files:
        - {name: uploads, root: uploads}
YAML
cat >"$room/config/backup-sets.yaml" <<'YAML'
backup_sets:
  full:
    retention: 30 days
    storage: [local]
    components:
      - {name: uploads}
YAML
export ENCRYPTION_KEY='correct horse battery staple' SUMMIT_DR_CONFIG=/mnt/config BACKUP_BASE=/mnt/backups HOME=/mnt
seq -f 'line %g of a report that compresses well' 20000 >"$room/uploads/reports/long.txt"
head -c 60000 /dev/zero | openssl enc -aes-128-ctr -nosalt -K 00 -iv 00 >"$room/uploads/noise" 2>/dev/null
ln -s reports/long.txt "$room/uploads/link"
in_room() { unshare --uts --mount bash -c 'hostname golden; mount --bind "$0" /mnt; cd /mnt; exec "$@"' "$room" "$@"; }
in_room "$program" repository init
in_room "$program" --quiet backup
seq -f 'line %g of a report that was written again' 500 >"$room/uploads/reports/short.txt"
sleep 1
in_room "$program" --quiet backup
(cd "$room/uploads" && find . -type f -exec sha256sum {} + | sort -k2) >"$room/backups/SHA256"
rm -rf "$room/backups/.work" "$room"/backups/.*~
tar -C "$room" --owner=0 --group=0 --sort=name -cf "$file" backups
