#!/usr/bin/env bash
# packages.sh [build] [servers] [lint] [bench]: installs the Debian packages of these groups (no name: the first two).
#
# Asks dpkg first: when nothing is missing it runs no apt, needs no network and returns at once. Starts no service.
# As root, or as a user with sudo. An entry `program=package` means: the package only where the program is not there by other means.
set -euo pipefail
# shellcheck source=scripts/setup/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly build=(
  g++ cmake ninja-build make git pkg-config ccache
  libpq-dev libhiredis-dev libcurl4-openssl-dev libssl-dev
  libzstd-dev libdeflate-dev libisal-dev zlib1g-dev libxxhash-dev libarchive-dev
  libargon2-dev libsodium-dev
  libyaml-cpp-dev nlohmann-json3-dev libtinyxml2-dev libutf8proc-dev libcli11-dev libfmt-dev libspdlog-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  jq curl zstd openssl ca-certificates
)
readonly servers=(
  # to fetch and unpack them
  python3 python3-pip python3-venv mvn=maven java=openjdk-17-jre-headless unzip xz-utils patchelf dpkg-dev util-linux procps
  # what PostgreSQL's programs link, and what its extensions are built with
  libzstd1 liblz4-1 libxml2 libxslt1.1 libssl3 libgssapi-krb5-2 libreadline8 libicu72 libossp-uuid16 zlib1g tzdata
  libkrb5-dev debian-archive-keyring
  redis-server redis-tools
)
# what the benchmarks compare with, and measure by
readonly bench=(restic borgbackup time openssl python3-venv)
readonly lint=(clang-19 clang-format-19 clang-tidy-19 clang-tools-19 libclang-rt-19-dev shellcheck)

# Prints the packages among the given entries that the machine lacks.
missing() {
  local entry wanted=()
  for entry in "$@"; do
    [[ $entry == *=* ]] && command -v "${entry%%=*}" >/dev/null && continue
    wanted+=("${entry#*=}")
  done
  # Of an unknown package dpkg-query prints nothing, so the difference names it too.
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
    <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

# Debian starts a service when it is installed, unless this file forbids it. Leaves a policy that is there already alone.
readonly policy=/usr/sbin/policy-rc.d
install_without_starting() {
  if [[ ! -e $policy ]]; then
    # shellcheck disable=SC2064 # the path is known now
    trap "as_root rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
}

# Old lists name versions that the mirror no longer has, so they are renewed before anything is installed.
renew_lists() { as_root apt-get -q -o DPkg::Lock::Timeout=300 -o APT::Update::Error-Mode=any update; }

wanted=()
(($#)) || set -- build servers
for group in "$@"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    servers) wanted+=("${servers[@]}") ;;
    lint) wanted+=("${lint[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    *) die "no group of packages is called '$group': build, servers, lint or bench" ;;
  esac
done

mapfile -t absent < <(missing "${wanted[@]}")
((${#absent[@]})) || exit 0

# A password prompt belongs before the first step, whose output is not shown.
as_root true
step 'Debian packages: renew the lists' renew_lists
step "Debian packages: install ${#absent[@]} (${absent[*]})" install_without_starting "${absent[@]}"
