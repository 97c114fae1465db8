# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# The router's side: how long until a table is there, beside rtrclient, and how
# long a change takes through a proxy of rtr-dump -f, vrp-slurm and rtr-serve.
# Part of run.sh.

follow_pipe() {
	rm -f "$work/$1"
	mkfifo "$work/$1"
}

# Until the next ~end comes through descriptor FD.
await_end() {
	local line
	while IFS= read -r line; do [ "$line" != '~end' ] || return 0; done <&"$1"
	return 1
}

# rtr-dump -f up to its first ~end, which grep finds; it ends when its reader does.
measure_sync() {
	local i began
	start_rtr_serve
	await_serial rtr-serve
	say "rtr-dump, rtr-dump -f and rtrclient sync, in turn"
	for ((i = 0; i < runs; i++)); do
		timed rtr-dump sync "$bin/rtr-dump" -q "127.0.0.1:$port"
		began=$EPOCHREALTIME
		"$bin/rtr-dump" -fq "127.0.0.1:$port" | grep -m 1 -q '^~end' || true
		echo "name=rtr-dump-f what=sync $(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "seconds=%.3f", b - a }')" >>"$raw"
	done
	for ((i = 0; i < slow; i++)); do
		timed rtrclient sync t/peer rtrclient -e -t csv tcp 127.0.0.1 "$port"
	done
	stop_rtr_serve "$pid"
}

await_serial() {
	while ! grep -q "serial 1:" "$work/$1.log" 2>/dev/null; do sleep 0.05; done
}

# A change of one record, and of a hundredth of the table, from the first cache's input to a router's delta.
# Caches that may send a Notify a second, so that this needn't take a minute each.
measure_proxy() {
	local i front front_at back_at began sink what
	follow_pipe input
	exec {input}<>"$work/input"
	start "$work/input" "$bin/rtr-serve" --notify-interval 1 -l 127.0.0.1:0
	await_port front
	front=$pid front_at=$port
	cat "$work/table.vrp" >"$work/input"
	await_serial front
	echo '{"slurmVersion": 1, "validationOutputFilters": {"prefixFilters": [{"asn": 64511}], "bgpsecFilters": []},
		"locallyAddedAssertions": {"prefixAssertions": [], "bgpsecAssertions": []}}' >"$work/proxy.json"
	follow_pipe proxied
	"$bin/rtr-dump" -fq "127.0.0.1:$front_at" | "$bin/vrp-slurm" -qw -f "$work/proxy.json" >"$work/proxied" &
	running+=($!)
	start "$work/proxied" "$bin/rtr-serve" --notify-interval 1 -l 127.0.0.1:0
	await_port proxy
	back_at=$port
	await_serial proxy
	follow_pipe sink
	"$bin/rtr-dump" -fq "127.0.0.1:$back_at" >"$work/sink" &
	running+=($!)
	exec {sink}<"$work/sink"
	await_end "$sink"
	say "changes through a proxy"
	for ((i = 0; i < runs; i++)); do
		sleep 2
		what=$([ $((i % 2)) = 0 ] && echo + || echo -)
		began=$EPOCHREALTIME
		printf '%s\n' %delta "${what}192.0.2.0/24 32 AS64496" '~end' >"$work/input"
		await_end "$sink"
		echo "name=proxy what=one $(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "seconds=%.3f", b - a }')" >>"$raw"
	done
	sleep 2
	began=$EPOCHREALTIME
	cat "$work/delta.vrp" >"$work/input"
	await_end "$sink"
	echo "name=proxy what=percent $(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "seconds=%.3f", b - a }')" >>"$raw"
	exec {sink}<&-
	stop "$pid"
	stop_rtr_serve "$front"
}

measure_follow() {
	measure_sync
	measure_proxy
}

report_follow() {
	local name
	echo "### A router's side"
	echo
	echo "| job | program | time | lowest to highest | CPU | peak memory |"
	echo "| --- | --- | --- | --- | --- | --- |"
	for name in rtr-dump rtr-dump-f rtrclient; do
		[ "$(of $name sync - seconds count)" -gt 0 ] || continue
		echo "| $vrps VRPs from rtr-serve | ${name/dump-f/dump -f} | $(seconds "$(of $name sync - seconds)") | $(spread $name sync -) |" \
			"$(seconds "$(of $name sync - cpu)") | $(mib "$(of $name sync - peak_kib max)") |"
	done
	for name in one percent; do
		echo "| $([ $name = one ] && echo "one record" || echo "1 % of the table") changes, through a proxy to a router |" \
			"rtr-dump -f, vrp-slurm -w, rtr-serve | $(seconds "$(of proxy $name - seconds)") | $(spread proxy $name -) | - | - |"
	done
	echo
}

follow_targets() {
	local a
	a=$(of proxy one - seconds max)
	target "a change is through a proxy in under a second" "$a < 1" "$a s"
	a=$(calc "$(of rtrclient sync - seconds) / $(of rtr-dump-f sync - seconds)" '%.1f')
	target "rtr-dump -f is in sync before rtrclient is" "$a > 1" "$a times as fast"
}
