#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Every header of lib/ and fs/ compiles alone, with each compiler, and some other file includes it.
set -u
cd "$(dirname "$0")/.." || exit 2

for header in lib/*.h fs/*.h; do
	log=
	for cc in gcc clang; do
		log+=$($cc -std=gnu17 -D_GNU_SOURCE -Ilib -Ifs -Wall -Wextra -Werror -fsyntax-only -x c - \
			2>&1 <<<"#include \"${header#*/}\"") || log+="($cc)"$'\n'
	done
	# A header read twice is read once.
	gcc -std=gnu17 -D_GNU_SOURCE -Ilib -Ifs -fsyntax-only -x c - 2>/dev/null \
		<<<"#include \"${header#*/}\""$'\n'"#include \"${header#*/}\"" || log+="cannot be included twice"$'\n'
	grep -qlE "^#include \"(.*/)?${header#*/}\"" $(ls lib/*.[ch] cmd/*.c fs/*.[ch] | grep -vxF "$header") ||
		log+="nothing includes it"$'\n'
	n=$((${n-0} + 1))
	if [ -z "$log" ]; then
		echo "ok $n $header stands alone"
	else
		echo "not ok $n $header stands alone"
		sed 's/^/# /' <<<"${log%$'\n'}"
	fi
done
echo "1..$n"
