#!/bin/sh
# SPDX-License-Identifier: ISC
# Install those of the given Debian packages that are missing: as root, or with
# sudo.  Nothing is done, and no package list fetched, when all are there.
set -eu

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "deps: no apt here; these packages of Debian, or what they hold, must be there: $*" >&2
	exit 0
fi

missing=
for package; do
	# One word for each architecture of the package; "not-installed" is one of them.
	case " $(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null)" in
	*" installed "*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	sudo=
elif command -v sudo >/dev/null; then
	sudo=sudo
else
	echo "deps: missing, and neither root nor sudo to install them:$missing" >&2
	exit 1
fi
echo "deps: installing$missing" >&2
$sudo apt-get -q update
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing
