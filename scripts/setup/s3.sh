#!/usr/bin/env bash
# Builds the S3 server into the cache as `s3`: bin/minio.
#
# It is a Go module at a fixed version. checksums.sha256 pins the list of all modules, with their hashes, that the binary was linked
# from (as `go version -m` prints it), so nothing that differs is installed. Needs packages.sh; does nothing when the cache has it.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly minio=v0.0.0-20260212201848-7aac2a2c5b7c revision=1

# build <directory>
build() {
  GOBIN=$1/bin nice "$go" install -trimpath -modcacherw -ldflags='-s -w' "github.com/minio/minio@$minio"
  "$go" version -m "$1/bin/minio" | awk -v OFS=' ' '$1 == "mod" || $1 == "dep" || $1 == "=>" {$1 = $1; print}' >minio.modules
  verify minio.modules
}

recipe() {
  # Caches of its own, which go when it is built: they take 2 GB.
  export GOMODCACHE=$PWD/modules GOCACHE=$PWD/objects CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=
  step 'S3 server: download its modules and build (3 to 4 minutes)' build "$1"
}

readonly home=s3-minio-20260212-$revision
installed s3 "$home" || go=$("$setup_dir/go.sh")
install_into_cache s3 "$home" recipe
