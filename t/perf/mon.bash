# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# rtr-mon beside rtrmon: two caches whose tables differ by 1 %, until their difference is known.  Part of run.sh.

# What a monitor says that the first cache has and the second lacks, and the other way round, in one line; nothing
# before it knows.  Both have this metric.
differences() {
	curl -sf --max-time 60 "http://127.0.0.1:$1/metrics" |
		awk '/^vrp_diff\{.*visibility_seconds="0"/ { print $NF + 0 }' | sort -n | paste -sd ' '
}

# monitor NAME WANT COMMAND...: it answers at $web.  CPU and memory of all its life until it knows WANT.
monitor() {
	local name=$1 want=$2 began=$EPOCHREALTIME got='' p
	shift 2
	"$@" >"$work/$name.log" 2>&1 &
	p=$!
	running+=("$p")
	while [ "$got" != "$want" ]; do
		sleep 0.2
		got=$(differences "$web") || true
		awk -v a="$began" -v b="$EPOCHREALTIME" -v t="$limit" 'BEGIN { exit b - a > t }' || { say "$name: '$got', not '$want'"; break; }
	done
	echo "name=$name what=mon whole=$([ "$got" = "$want" ] && echo 1 || echo 0)" \
		"$(awk -v a="$began" -v b="$EPOCHREALTIME" -v t="$(getconf CLK_TCK)" \
			'{ printf "seconds=%.2f cpu=%.2f", b - a, ($14 + $15) / t }' "/proc/$p/stat")" \
		"peak_kib=$(awk '/VmHWM/ { print $2 }' "/proc/$p/status")" >>"$raw"
	stop "$p"
}

measure_mon() {
	local i rtrmon=${stayrtr%/*}/rtrmon one one_at two two_at want
	start /dev/null "$bin/rtr-serve" -l 127.0.0.1:0 "$work/table.vrp"
	await_port one
	one=$pid one_at=$port
	start /dev/null "$bin/rtr-serve" -l 127.0.0.1:0 "$work/after.vrp"
	await_port two
	two=$pid two_at=$port
	"$perf/load-rtr" -n 0 -e "$work/table.vrp" "$one_at" >"$work/load"
	"$perf/load-rtr" -n 0 -e "$work/after.vrp" "$two_at" >"$work/load"
	want=$(for from in - +; do grep -c "^[$from]" "$work/delta.vrp"; done | sort -n | paste -sd ' ')
	say "rtr-mon and rtrmon, two caches"
	for ((i = 0; i < slow; i++)); do
		web=$((20000 + RANDOM % 6000))
		monitor rtr-mon "$want" "$bin/rtr-mon" -q --grace 0s --http "127.0.0.1:$web" "one=tcp://127.0.0.1:$one_at" "two=tcp://127.0.0.1:$two_at"
		[ ! -x "$rtrmon" ] || monitor rtrmon "$want" "$rtrmon" -loglevel error -grace.period 1s -addr "127.0.0.1:$web" \
			-primary.host "tcp://127.0.0.1:$one_at" -secondary.host "tcp://127.0.0.1:$two_at"
	done
	stop "$one"
	stop "$two"
}

report_mon() {
	local name
	echo "### Two caches of $vrps VRPs are compared, 1 % of which differ"
	echo
	echo "| program | until the difference is known | lowest to highest | CPU | peak memory |"
	echo "| --- | --- | --- | --- | --- |"
	for name in rtr-mon rtrmon; do
		[ "$(of $name mon - seconds count)" -gt 0 ] || continue
		echo "| $name | $([ "$(of $name mon - whole min)" = 1 ] || echo 'not done after ')$(seconds "$(of $name mon - seconds)") |" \
			"$(spread $name mon -) | $(seconds "$(of $name mon - cpu)") | $(mib "$(of $name mon - peak_kib max)") |"
	done
	echo
}
