#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# mandoc finds nothing to say about any page.
set -u
cd "$(dirname "$0")/.." || exit 2

for page in man/*.[0-9]; do
	n=$((${n-0} + 1))
	if log=$(mandoc -T lint -W warning "$page" 2>&1); then
		echo "ok $n $page"
	else
		echo "not ok $n $page"
		sed 's/^/# /' <<<"$log"
	fi
done
echo "1..$n"
