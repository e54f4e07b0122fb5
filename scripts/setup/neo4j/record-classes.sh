#!/usr/bin/env bash
# record-classes.sh <neo4j home in the cache>: starts a throw-away server, asks it one query, and keeps the classes it loaded as
# <home>/classes.jsa, which bin/ uses. The archive names its jars by path, so the home must be where it will stay.
set -euo pipefail

home=$1
room=$(mktemp -d)
server=
# Ends the server also when this script is interrupted.
trap '[[ -z $server ]] || kill -9 "$server" 2>/dev/null; rm -rf "$room"' EXIT

mkdir "$room/conf"
cp "$home/conf/neo4j.conf" "$room/conf"
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >>"$room/conf/neo4j.conf" <<CONF
server.bolt.listen_address=127.0.0.1:0
server.http.listen_address=127.0.0.1:$port
dbms.security.auth_enabled=false
CONF

NEO4J_HOME=$room NEO4J_JAVA_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit=$room/classes.jsa" \
  "$home/bin/neo4j" console >"$room/log" 2>&1 &
server=$!

query='{"statements":[{"statement":"MATCH (n) RETURN count(n)"}]}'
until curl -fsS -H 'content-type: application/json' -d "$query" "http://127.0.0.1:$port/db/neo4j/tx/commit" 2>>"$room/log"; do
  kill -0 "$server" || { cat "$room/log"; exit 1; }
  sleep 0.2
done

kill "$server"
wait "$server" || true
server=
mv "$room/classes.jsa" "$home/classes.jsa.$$"
mv "$home/classes.jsa.$$" "$home/classes.jsa"
