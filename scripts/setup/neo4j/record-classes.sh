#!/usr/bin/env bash
# record-classes.sh <neo4j home in the cache>: starts a throw-away server, lets it do what a backup and a restore ask of one, and keeps
# the classes it loaded as <home>/classes.jsa, which bin/ uses. The archive names its jars by path, so the home must be where it will stay.
set -euo pipefail

home=$1
room=$(mktemp -d)
server=
# Ends the server also when this script is interrupted.
trap '[[ -z $server ]] || kill -9 "$server" 2>/dev/null; rm -rf "$room"' EXIT

# A server that uses an archive cannot record one.
rm -f "$home/classes.jsa"
mkdir "$room/conf"
cp "$home/conf/neo4j.conf" "$room/conf"
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
bolt=$(free_port)
cat >>"$room/conf/neo4j.conf" <<CONF
server.bolt.listen_address=127.0.0.1:$bolt
server.http.listen_address=127.0.0.1:$port
dbms.security.auth_enabled=false
CONF

NEO4J_HOME=$room NEO4J_JAVA_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit=$room/classes.jsa" \
  "$home/bin/neo4j" console >"$room/log" 2>&1 &
server=$!

# ask STATEMENT: over HTTP, in the form that the programs read.
ask() {
  jq -n --arg statement "$1" '{statements: [{statement: $statement}]}' |
    curl -fsS -H 'content-type: application/json' -H 'accept: application/vnd.neo4j.jolt-v2+json-seq' -d @- \
      "http://127.0.0.1:$port/db/neo4j/tx/commit" >>"$room/answers" 2>>"$room/log"
}
until ask 'MATCH (n) RETURN count(n)'; do
  kill -0 "$server" || { cat "$room/log"; exit 1; }
  sleep 0.2
done
ask 'CREATE CONSTRAINT IF NOT EXISTS FOR (n:P) REQUIRE n.id IS UNIQUE'
ask 'CREATE INDEX IF NOT EXISTS FOR (n:P) ON (n.name)'
ask 'CREATE FULLTEXT INDEX names IF NOT EXISTS FOR (n:P) ON EACH [n.name]'
ask 'UNWIND range(1, 100) AS i CREATE (:P:Q {id: i, name: toString(i), at: datetime(), on: date(), place: point({x: 1.0, y: 2.0}), list: [1, 2]})'
ask 'MATCH (a:P), (b:P) WHERE a.id + 1 = b.id CREATE (a)-[:R {weight: 1.5}]->(b)'
ask 'CALL db.awaitIndexes(60)'
ask 'SHOW INDEXES'
ask 'SHOW CONSTRAINTS'
ask 'MATCH (n) RETURN id(n), labels(n), properties(n)'
ask 'MATCH ()-[r]->() RETURN type(r), properties(r), id(startNode(r)), id(endNode(r))'
ask 'MERGE (n:P {id: 7}) SET n.name = "seven"'
ask 'CALL db.checkpoint()'
ask 'MATCH (n) DETACH DELETE n'
echo 'UNWIND range(1, 10) AS i MERGE (n:P {id: i}) RETURN n;' |
  "$home/bin/cypher-shell" -a "bolt://127.0.0.1:$bolt" >>"$room/answers" 2>>"$room/log"

kill "$server"
wait "$server" || true
server=
mv "$room/classes.jsa" "$home/classes.jsa.$$"
mv "$home/classes.jsa.$$" "$home/classes.jsa"
