#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Unpack the daemons and the browser that the tests speak to under build/peers, with the
# libraries this machine lacks beside them.  Nothing is installed, no service
# starts, no maintainer script runs.
#
# usage: t/peers.sh [DIR]
#
# DIR/root is then the root of what was unpacked, DIR/stamp says from what.
# t/lib.bash knows how to run each of them from there.
set -euo pipefail

packages="bird2 frr frr-rpki-rtrlib openbgpd stayrtr rtr-tools nginx-light openssh-server
	  chromium chromium-driver fonts-dejavu-core"
# Of these the programs alone: they need no library but the C library, and nothing that they depend on.
programs="prometheus"
dir=${1:-build/peers}

if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$packages $programs" ]; then
	exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
	echo "peers.sh: no apt here; tests against $packages $programs will be skipped" >&2
	exit 0
fi

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# What apt would install for packages: themselves and all that is missing below them.
needs() {
	printf '%s\n' "$@"
	apt-get install --simulate --reinstall --no-install-recommends -qq "$@" | awk '$1 == "Inst" { print $2 }'
}

needs bird2 >/dev/null 2>&1 || as_root apt-get -qq update

rm -rf "$dir"
mkdir -p "$dir/debs" "$dir/root"
root=$(cd "$dir/root" && pwd)
# All at once is much faster, and one by one works where some can't be installed beside others.
list=$( (needs $packages || for p in $packages; do needs "$p"; done) 2>/dev/null | sort -u)
echo "peers.sh: unpacking into $dir:" $list $programs >&2
(
	cd "$dir/debs"
	# apt hands the download to the user _apt, who may not write here.
	if [ "$(id -u)" -eq 0 ]; then set -- -o APT::Sandbox::User=root; else set --; fi
	apt-get download -qq "$@" $list $programs
	for name in $programs; do
		dpkg-deb --fsys-tarfile "$name"_*.deb | tar -x -C "$root" ./usr/bin
		rm "$name"_*.deb
	done
	# The browser is most of it, and takes a processor for itself.
	printf '%s\0' *.deb | xargs -0 -P "$(nproc)" -I '{}' dpkg -x '{}' "$root"
)
rm -rf "$dir/debs"
echo "$packages $programs" >"$dir/stamp"
