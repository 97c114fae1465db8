#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Run the tests and sum them up.
#
# usage: t/check.sh [KIND...]
#
#   headers layers man   the checks of the source tree and the pages
#   unit unit-asan       t/unit, as built and with sanitizers
#   fuzz                 every fuzz target once over its corpus, with sanitizers
#   bats                 t/*.bats and t/interop/*.bats with the tools as built
#   bats-asan            t/*.bats with sanitizers, without the optional data, whose size would take half of all time,
#                        nor hundreds of short runs of what unit tests and fuzz targets do with sanitizers;
#                        what runs here does not run as built.  CHECK_ALL=1 leaves nothing out but what cannot run
#
# Every test speaks TAP.  They run side by side, two for each processor, because
# half of their time is waiting, each with its output in build/check; what
# failed is shown whole.  The last line is "N passed, M failed".
set -u
cd "$(dirname "$0")/.." || exit 2
out=build/check
kinds=${*:-headers layers man unit unit-asan fuzz bats bats-asan}
limit=${CHECK_LIMIT:-900}	# seconds for one file of tests

# What was freed stays unused until 16 MB are, not 256: pages that are touched for the first time cost more than all else.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:exitcode=99:quarantine_size_mb=16}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}

# One line per job: kind and file.  What takes longest goes first.
jobs() {
	local kind file

	for kind in $kinds; do
		case $kind in
		headers | layers | man) echo "$kind t/check-$kind.sh" ;;
		unit) programs unit build/t/ t/unit/test_*.c ;;
		unit-asan) programs unit-asan build-asan/t/ t/unit/test_*.c ;;
		fuzz) programs fuzz build-asan/t/ t/fuzz/fuzz_*.c | sed 's|/fuzz_|/replay_|' ;;
		bats | bats-asan)
			for file in t/interop/*.bats t/[3-9]*.bats t/[0-2]*.bats; do
				case $kind:$file in
				bats-asan:t/9*) ;;	# builds and installs from the sources
				bats-asan:t/0*) ;;	# documents, and what every program says of itself
				bats-asan:t/interop/*) ;;	# real routers ask nothing that the other tests don't
				bats:t/interop/5051*) [ -z "${CHECK_ALL-}" ] || echo "$kind $file" ;;	# StayRTR takes minutes
				bats-asan:*) [ -z "${CHECK_ALL-}" ] && ! sanitized "$file" || echo "$kind $file" ;;
				bats:*) [ -z "${CHECK_ALL-}" ] && sanitized "$file" && [ "$kinds" != bats ] || echo "$kind $file" ;;
				esac
			done
			;;
		*)
			echo "check.sh: unknown kind '$kind'" >&2
			exit 2
			;;
		esac
	done | sort -s -k1,1r
}

# What runs with sanitizers, and for the time it takes with them only: input from outside, sockets, threads, signals.
sanitized() {
	case $1 in
	t/2000* | t/2510* | t/4020* | t/4030* | t/4040* | t/4060* | t/4070* | t/4095* | t/4200* | t/6020*) ;;
	*) return 1 ;;
	esac
}

programs() {
	local kind=$1 dir=$2 source

	shift 2
	for source; do
		[ ! -e "$source" ] || echo "$kind $dir$(basename "$source" .c)"
	done
}

# The test's own output, in TAP.
tap() {
	case $1 in
	headers | layers | man) "$2" ;;
	unit | unit-asan) CMOCKA_MESSAGE_OUTPUT=TAP "$2" ;;
	bats) run_bats build "$2" ;;
	bats-asan)
		# Looking for leaks at each end of a program takes twice its other time: a file for each tool has to do.
		case ${CHECK_ALL:-$2} in
		[!t]* | t/2000* | t/4040* | t/6020*) ;;
		*) ASAN_OPTIONS=${ASAN_OPTIONS/detect_leaks=1/detect_leaks=0} ;;
		esac
		VRP_DATA=/nonexistent run_bats build-asan "$2"
		;;
	fuzz)
		echo 1..1
		corpus=t/fuzz/corpus/${2##*/replay_}
		if [ -z "$(ls "$corpus" 2>/dev/null)" ]; then
			echo "not ok 1 ${2##*/}"
			echo "# no corpus in $corpus"
		elif "$2" "$corpus"; then
			echo "ok 1 ${2##*/} over $(ls "$corpus" | wc -l) inputs"
		else
			echo "not ok 1 ${2##*/}"
		fi
		;;
	esac
}

run_bats() {
	BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-300} VRP_BIN=$PWD/$1/bin VRP_BUILD=$1 bats --tap --print-output-on-failure "$2"
}

# Run one job, leave "passed failed skipped" in its .sum, and say how it went.
one() {
	local kind=$1 file=$2 start=${EPOCHREALTIME/./} base log status sum cpu TIMEFORMAT='%U %S'

	base=$out/$kind-$(basename "$file")
	log=$base.tap
	{ time timeout -k 10 "$limit" "$0" --tap "$kind" "$file" >"$log" 2>&1 </dev/null; } 2>"$base.cpu"
	status=$?
	read -r -a cpu < <(tail -n 1 "$base.cpu")
	# A test that dies has not passed, whatever it said before; one that says nothing has not either.
	awk -v status=$status '
		/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0 }
		/^(not )?ok / && tolower($0) ~ /# skip/ { skipped++; next }
		/^ok / { passed++ }
		/^not ok / { failed++ }
		END {
			done = passed + failed + skipped
			if (!failed && (status || done != plan || (!done && plan != 0 || plan == "")))
				failed = 1
			print passed + 0, failed + 0, skipped + 0
		}' "$log" >"$base.sum"
	read -r -a sum <"$base.sum"
	printf '%s  %-10s %-34s %4d passed%s%s  %6.1f s, %.1f s of a processor\n' "$([ "${sum[1]}" -eq 0 ] && echo '  ok' || echo FAIL)" \
		"$kind" "$(basename "$file")" "${sum[0]}" "$([ "${sum[1]}" -eq 0 ] || echo ", ${sum[1]} failed")" \
		"$([ "${sum[2]}" -eq 0 ] || echo ", ${sum[2]} skipped")" \
		"$(((${EPOCHREALTIME/./} - start) / 1000))e-3" "$(((10#${cpu[0]//[!0-9]/} + 10#${cpu[1]//[!0-9]/})))e-3"
	[ "${sum[1]}" -eq 0 ] || {
		grep -v '^ok ' "$log"
		[ "$status" -ne 124 ] || echo "# ended after $limit seconds"
		echo "# exit status $status"
	} >"$base.fail"
}

case ${1-} in
--tap) shift && tap "$@"; exit ;;
--one) shift && one "$@"; exit ;;
esac

rm -rf "$out"
mkdir -p "$out"
list=$(jobs) || exit 2
printf '%s\n' "$list" | xargs -r -L 1 -P "${CHECK_JOBS:-$(($(nproc) * 2))}" "$0" --one

for log in "$out"/*.fail; do
	[ -e "$log" ] || continue
	printf '\n---- %s\n' "$(basename "$log" .fail)"
	cat "$log"
done
grep -hioE '# skip.*' "$out"/*.tap | sort | uniq -c | sed 's/^/skipped /'

read -r passed failed skipped < <(cat "$out"/*.sum 2>/dev/null | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
# A job without a sum was never finished.
lost=$(($(printf '%s\n' "$list" | grep -c .) - $(ls "$out"/*.sum 2>/dev/null | wc -l)))
failed=$((failed + lost))
echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
