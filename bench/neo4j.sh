#!/usr/bin/env bash
# Graphs over Bolt against the official Python driver and APOC's csv export, on the same server in the same run; ratios count, not seconds.
#
# BENCH_NODES (default 200000) people with six properties and two relationships each. BENCH_RUNS (default 3): each step that often, the tools in turn; the
# median counts. BENCH_BIN: a directory of programs that are built already. Ours also computes fingerprints and writes a file; APOC writes one; the driver
# only counts what it reads.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
project=$PWD
bin=${BENCH_BIN:-$PWD/build/release/bin}
if [[ -z ${BENCH_BIN:-} ]]; then
  scripts/setup/packages.sh build servers bench
  cmake --preset release -DSUMMIT_BUILD_BENCH=ON --log-level=NOTICE
  cmake --build --preset release --target neo4j_bench --target summit-dr-dev --target summit-dev-launcher
fi
driver=$project/bench/neo4j/driver.py
root=$project/.summit/bench-neo4j
runs=${BENCH_RUNS:-3}

finish() {
  (cd "$root" && "$bin/summit-dr-dev" down >/dev/null 2>&1) || true
  rm -rf "$root"
}
trap finish EXIT
rm -rf "$root"
mkdir -p "$root"
cp -r config "$root/config"
cd "$root"
python3 -m venv venv
venv/bin/pip install -q 'neo4j==5.28.*'
export XDG_CONFIG_HOME=$root/key
# As in production: that of our tests is made to start quickly, with little memory and half of the compiler.
export NEO4J_HEAP=2g NEO4J_PAGE_CACHE=1g NEO4J_JAVA_OPTS=-XX:+UseG1GC
"$bin/summit-dr-dev" up >&2
set -a
# shellcheck disable=SC1091
source .env
set +a
# APOC is a plugin: its jars, and those that they need, lie in the server's home.
mvn -B -q -f "$project/bench/neo4j/apoc/pom.xml" "-Dmaven.repo.local=$root/repository" \
  org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$NEO4J_HOME/plugins"
printf 'apoc.export.file.enabled=true\n' >"$NEO4J_HOME/conf/apoc.conf"
"$bin/summit-dr-dev" stop neo4j >&2
"$bin/summit-dr-dev" start neo4j >&2

"$bin/neo4j_bench" fill "${BENCH_NODES:-200000}"
for ((i = 0; i < 3; ++i)); do # warms the server for all alike
  "$bin/neo4j_bench" export graph >/dev/null
  venv/bin/python "$driver" export >/dev/null
  "$bin/neo4j_bench" apoc bench.csv >/dev/null
done
for ((i = 0; i < runs; ++i)); do
  "$bin/neo4j_bench" export graph | tee -a results
  venv/bin/python "$driver" export | tee -a results
  "$bin/neo4j_bench" apoc bench.csv | tee -a results
done
for ((i = 0; i < runs; ++i)); do
  venv/bin/python "$driver" import | tee -a results
  "$bin/neo4j_bench" empty
  "$bin/neo4j_bench" import graph | tee -a results
done

echo
echo 'Medians, and how many times as fast ours is:'
for step in export import; do
  for tool in ours driver apoc; do
    awk -v step=$step -v tool=$tool '$1 == step && $2 == tool { print $7 }' results | sort -n |
      awk -v step=$step -v tool=$tool '{ v[NR] = $1 } END { if (NR) print step, tool, v[int((NR + 1) / 2)] }'
  done
done | awk '{ rate[$1] = $2 == "ours" ? $3 : rate[$1]; printf "%-8s %-8s %10.0f elements/s   %.2f\n", $1, $2, $3, rate[$1] / $3 }'
