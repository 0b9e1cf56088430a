#!/bin/bash
# Fetches Debian's riscv64 packages for the boots, with apt's own client, from the mirror that this machine's apt uses, and
# unpacks them into DIRECTORY. The machine's own package state is not touched.
set -euo pipefail
directory=$1
state=$directory.apt
packages="linux-image-riscv64 busybox-static opensbi u-boot-qemu linux-perf apt python3-minimal python3 dash coreutils
base-files base-passwd bash make gcc libc6-dev"

mirror=$(grep -rhoE 'https?://[^ ]+' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | grep -v security | head -n 1)
[ -n "$mirror" ] || { echo "fetch: apt's sources name no mirror" >&2; exit 2; }

mkdir -p "$state"/etc/apt/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} "$state"/var/lib/apt/lists/partial \
  "$state"/var/cache/apt/archives/partial "$state"/var/lib/dpkg "$state"/var/log/apt
: >"$state/var/lib/dpkg/status"
cat >"$state/apt.conf" <<END
Dir "$state";
Dir::State::status "$state/var/lib/dpkg/status";
APT::Architecture "riscv64";
APT::Architectures { "riscv64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
END
export APT_CONFIG=$state/apt.conf
# By name, or by what it is today: mirrors are now and then in between.
for suite in trixie stable; do
  cat >"$state/etc/apt/sources.list.d/debian.sources" <<END
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Architectures: riscv64
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  apt-get update -q 2>/dev/null && break
done
# shellcheck disable=SC2086  # a list of words
apt-get install -q -y --no-install-recommends --download-only $packages
mkdir -p "$directory"
for package in "$state"/var/cache/apt/archives/*.deb; do
  dpkg-deb -x "$package" "$directory"
done
