#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Every header of lib/ and fs/ compiles alone, and some other file includes it.
set -u
cd "$(dirname "$0")/.." || exit 2

# FILE:INCLUDE for each that is there.
includes=$(grep -oE '^#include "[^"]*"' lib/*.[ch] cmd/*.c fs/*.[ch] | sed -E 's/:#include "(.*\/)?/:/; s/"$//')

for header in lib/*.h fs/*.h; do
	name=${header#*/}
	log=
	# A header that is read twice is read once.
	log+=$(gcc -std=gnu17 -D_GNU_SOURCE -Ilib -Ifs -Wall -Wextra -Werror -fsyntax-only -x c - \
		2>&1 <<<"#include \"$name\""$'\n'"#include \"$name\"") || log+="(gcc)"$'\n'
	grep -vF "$header:" <<<"$includes" | grep -q ":$name\$" || log+="nothing includes it"$'\n'
	n=$((${n-0} + 1))
	if [ -z "$log" ]; then
		echo "ok $n $header stands alone"
	else
		echo "not ok $n $header stands alone"
		sed 's/^/# /' <<<"${log%$'\n'}"
	fi
done
echo "1..$n"
