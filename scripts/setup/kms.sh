#!/usr/bin/env bash
# Brings the key service into the cache as `kms`: lib/, the packages of moto, which speaks the protocol of AWS KMS.
#
# For tests only: it checks no signature and keeps its keys in memory. kms/requirements.txt pins every package by version and
# SHA-256. Started as `PYTHONPATH=<cache>/kms/lib python3 -m moto.server`. Needs packages.sh; does nothing when the cache has it.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly version=5.2.5 revision=1

install_packages() {
  python3 -m pip install -q --no-cache-dir --no-deps --only-binary :all: --require-hashes --target "$1/lib" -r "$setup_dir/kms/requirements.txt"
}

recipe() { step "key service: moto $version" install_packages "$1"; }

install_into_cache kms "kms-moto-$version-$revision" recipe
