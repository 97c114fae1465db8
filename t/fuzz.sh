#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Run every fuzz target for a time, some of them side by side.
#
# usage: t/fuzz.sh SECONDS [JOBS]
#
# What is found grows in build-fuzz/corpus; what crashes, leaks or hangs lies in
# build-fuzz/found, and its log is shown.  FUZZ=NAME runs one target alone.
set -u
cd "$(dirname "$0")/.." || exit 2
seconds=$1
jobs=${2:-2}
dir=build-fuzz

one() {
	local name=$1 start=$SECONDS

	mkdir -p "$dir/corpus/$name" "$dir/found"
	if "$dir/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$dir/found/$name-" "$dir/corpus/$name" "t/fuzz/corpus/$name" >"$dir/$name.log" 2>&1; then
		echo "ok   $name: $(sed -nE 's/^stat::number_of_executed_units: *//p' "$dir/$name.log") runs in $((SECONDS - start)) s"
	else
		echo "FAIL $name"
		tail -n 60 "$dir/$name.log"
		return 1
	fi
}

if [ "${3-}" ]; then
	one "$3"
	exit
fi
for source in t/fuzz/fuzz_${FUZZ:-*}.c; do
	basename "$source" .c | sed 's/^fuzz_//'
done | xargs -P "$jobs" -I '{}' "$0" "$seconds" "$jobs" '{}'
