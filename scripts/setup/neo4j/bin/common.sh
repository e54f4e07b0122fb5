# shellcheck shell=sh disable=SC2034 # the programs beside this file use these
# Sourced by the programs here. Sets `lib` (the jars beside these programs, whatever NEO4J_HOME is), `java` and `java_flags`;
# exports NEO4J_HOME (default: the directory above the programs) and NEO4J_CONF (default: its conf/).
installation=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
lib=$installation/lib
export NEO4J_HOME="${NEO4J_HOME:-$installation}"
export NEO4J_CONF="${NEO4J_CONF:-$NEO4J_HOME/conf}"

if [ -n "${JAVA_HOME:-}" ]; then java=$JAVA_HOME/bin/java; else java=java; fi

# The vendor's own set: direct buffers, file channels and sockets are reached by reflection.
java_flags='--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED -Dlog4j2.disable.jmx=true'

# Classes parsed once at set-up halve the time to start. Another Java than that of the set-up ignores them, and need not warn.
if [ -f "$installation/classes.jsa" ]; then
  java_flags="$java_flags -XX:SharedArchiveFile=$installation/classes.jsa -Xlog:disable -Xlog:all=error:stderr"
fi
