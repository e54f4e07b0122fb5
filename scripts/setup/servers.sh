#!/usr/bin/env bash
# servers.sh [postgresql] [postgresql-others] [neo4j] [neo4j-others] [redis] [s3] [elasticsearch] [kms]: brings the named servers (no name: the first three) into the cache.
# One script beside this file for each. Downloads nothing and takes no time when the cache has them.
set -euo pipefail
here=$(dirname -- "${BASH_SOURCE[0]}")

(($#)) || set -- postgresql neo4j redis
for server in "$@"; do
  case $server in
    postgresql | postgresql-others | neo4j | neo4j-others | redis | s3 | elasticsearch | kms) "$here/$server.sh" ;;
    *) echo "error: no server is called '$server': postgresql, postgresql-others, neo4j, neo4j-others, redis, s3, elasticsearch or kms" >&2; exit 2 ;;
  esac
done
