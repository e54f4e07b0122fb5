#!/usr/bin/env bash
# record-classes.sh <neo4j home in the cache> <home whose cypher-shell it uses>: starts a throw-away server, lets it do what a backup and a
# restore ask of one, and keeps the classes it loaded as <home>/classes.jsa, which bin/ uses. The archive names its jars by path, so the home
# must be where it will stay.
set -euo pipefail

home=$1
shell=$2/bin/cypher-shell
room=$(mktemp -d)
server=
# Ends the server also when this script is interrupted.
trap '[[ -z $server ]] || kill -9 "$server" 2>/dev/null; rm -rf "$room"' EXIT

# A server that uses an archive cannot record one.
rm -f "$home/classes.jsa"
mkdir "$room/conf"
sed 's/^server.http.enabled=.*/server.http.enabled=false/' "$home/conf/neo4j.conf" >"$room/conf/neo4j.conf"
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >>"$room/conf/neo4j.conf" <<CONF
server.bolt.listen_address=127.0.0.1:$port
dbms.security.auth_enabled=false
CONF

NEO4J_HOME=$room NEO4J_JAVA_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit=$room/classes.jsa" \
  "$home/bin/neo4j" console >>"$room/log" 2>&1 &
server=$!
until grep -q 'Started\.' "$room/log"; do
  kill -0 "$server" || { cat "$room/log"; exit 1; }
  sleep 0.2
done
"$shell" -a "bolt://127.0.0.1:$port" >"$room/answers" 2>>"$room/log" <<'CYPHER' || { cat "$room/log"; exit 1; }
MATCH (n) RETURN count(n);
CREATE CONSTRAINT IF NOT EXISTS FOR (n:P) REQUIRE n.id IS UNIQUE;
CREATE INDEX IF NOT EXISTS FOR (n:P) ON (n.name);
CREATE FULLTEXT INDEX names IF NOT EXISTS FOR (n:P) ON EACH [n.name];
UNWIND range(1, 100) AS i
  CREATE (:P:Q {id: i, name: toString(i), at: datetime(), on: date(), place: point({x: 1.0, y: 2.0}), list: [1, 2]});
MATCH (a:P), (b:P) WHERE a.id + 1 = b.id CREATE (a)-[:R {weight: 1.5}]->(b);
CALL db.awaitIndexes(60);
SHOW INDEXES;
SHOW CONSTRAINTS;
MATCH (n) RETURN id(n), labels(n), properties(n);
MATCH (n)-[r]->(m) WHERE id(r) IN range(0, 8191) RETURN id(r), id(n), id(m), type(r), properties(r);
UNWIND range(1, 10) AS i MERGE (n:P {id: i}) SET n.name = "seven" RETURN n;
MATCH (n) DETACH DELETE n;
:use system
SHOW DATABASES;
CYPHER

kill "$server"
wait "$server" || true
server=
mv "$room/classes.jsa" "$home/classes.jsa.$$"
mv "$home/classes.jsa.$$" "$home/classes.jsa"
