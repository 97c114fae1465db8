# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# Origin validation: our index beside rtrlib's table in one process (bench-rov),
# and vrp-validate on a routing table as text.  Part of run.sh.  VRP_DATA
# (../shared/data) has the real routes; without it they are made from the
# generated VRPs.

# The VRPs, spread evenly over a table that has more, and the routes, one in eight of them from the wrong AS or too long.
make_validate_data() {
	local data=${VRP_DATA:-../shared/data}
	routes_are=generated
	if [ -e "$data/bgp/vrps-stress-1.2M.csv.xz" ] && [ -z "${PERF_QUICK:-}" ]; then
		routes_are=real
		xz -dc "$data/bgp/vrps-stress-1.2M.csv.xz" | "$bin/vrp-fetch" -q | grep -v '^[%~]' >"$work/stress"
		awk -v want="$vrps" -v have="$(wc -l <"$work/stress")" 'int(NR * want / have) != int((NR - 1) * want / have)' \
			"$work/stress" >"$work/validate.vrp"
		xz -dc "$data/bgp/routes-2024-01.txt.xz" >"$work/routes"
		return
	fi
	grep '^[0-9a-f:.]*/' "$work/table.vrp" >"$work/validate.vrp"
	awk '{ print $1, NR % 8 ? $3 : "AS64500" }' "$work/validate.vrp" >"$work/routes"
}

measure_validate() {
	local i
	make_validate_data
	route_count=$(wc -l <"$work/routes")
	say "$vrps VRPs and $route_count $routes_are routes: our index and rtrlib's table, in turn; vrp-validate"
	for ((i = 0; i < slow; i++)); do
		"$perf/bench-rov" "$work/validate.vrp" "$work/routes" "$vrps" >>"$raw"
	done
	for ((i = 0; i < runs; i++)); do
		timed vrp-validate lines "$bin/vrp-validate" -t "$work/validate.vrp" "$work/routes"
		timed vrp-validate brief "$bin/vrp-validate" -b -t "$work/validate.vrp" "$work/routes"
		timed vrp-validate json "$bin/vrp-validate" --json -t "$work/validate.vrp" "$work/routes"
		timed vrp-validate summary "$bin/vrp-validate" -s -t "$work/validate.vrp" "$work/routes"
	done
	[ "$(wc -l <"$work/out.vrp-validate")" -gt 8 ] || { say "vrp-validate wrote nothing"; exit 1; }
}

# nanoseconds NAME WHAT, the lowest of all runs
ns() { of "$1" "$2" - ns min; }

report_validate() {
	local order form name
	echo "### Routes are validated"
	echo
	echo "$vrps VRPs and $route_count $routes_are routes, nanoseconds of CPU a route, in the order of the file and shuffled. rtrlib is"
	echo "librtr of Debian 12. All states agree, and so do the numbers of VRPs that make a route invalid."
	echo
	echo "| routes | program | state | state, times as fast | state and reasons | with reasons, times as fast |"
	echo "| --- | --- | --- | --- | --- | --- |"
	for order in sorted shuffled; do
		for name in vrptools vrptools-many rtrlib; do
			echo "| $order | $(validate_name $name) | $(calc "$(ns $name state-$order)" '%.0f') |" \
				"$(calc "$(ns rtrlib state-$order) / $(ns $name state-$order)" '%.0f') |" \
				"$(calc "$(ns $name reasons-$order)" '%.0f') |" \
				"$(calc "$(ns rtrlib reasons-$order) / $(ns $name reasons-$order)" '%.0f') |"
		done
	done
	echo
	echo "| program | memory for $vrps VRPs | of it the index | to fill it, CPU |"
	echo "| --- | --- | --- | --- |"
	echo "| vrptools | $(mib "$(of vrptools table - kib)") | $(mib "$(of vrptools table - index_kib)") |" \
		"$(seconds "$(of vrptools table - seconds)"), sorted VRPs given |"
	echo "| rtrlib | $(mib "$(of rtrlib table - kib)") | | $(seconds "$(of rtrlib table - seconds)") |"
	echo
	echo "| vrp-validate, table and routes as text | time | lowest to highest | CPU | peak memory |"
	echo "| --- | --- | --- | --- | --- |"
	for form in lines brief json summary; do
		echo "| $form | $(seconds "$(of vrp-validate $form - seconds)") | $(spread vrp-validate $form -) |" \
			"$(seconds "$(of vrp-validate $form - cpu)") | $(mib "$(of vrp-validate $form - peak_kib max)") |"
	done
	echo
}

validate_name() {
	case $1 in
	vrptools) echo "rov_ask(), rov_covering()" ;;
	vrptools-many) echo "rov_ask_many()" ;;
	rtrlib) echo "pfx_table_validate(), ..._r()" ;;
	esac
}

validate_targets() {
	local a
	a=$(calc "$(ns rtrlib state-sorted) / $(ns vrptools state-sorted)" '%.1f')
	target "validation at least 20 times as fast as rtrlib's, routes in their order" "$a >= 20" "$a"
	a=$(calc "$(ns rtrlib state-shuffled) / $(ns vrptools-many state-shuffled)" '%.1f')
	target "the same, shuffled and many at once" "$a >= 20" "$a"
	a=$(calc "$(ns rtrlib reasons-sorted) / $(ns vrptools reasons-sorted)" '%.1f')
	target "with reasons at least 10 times, in their order" "$a >= 10" "$a"
	a=$(calc "$(ns rtrlib reasons-shuffled) / $(ns vrptools reasons-shuffled)" '%.1f')
	target "the same, shuffled" "$a >= 10" "$a"
	a=$(of vrp-validate lines - cpu)
	target "a full table as text in less than a second of CPU" "$a < 1" "$(seconds "$a")"
	a=$(calc "$(of rtrlib table - kib) / $(of vrptools table - kib)" '%.1f')
	target "less memory than rtrlib" "$a > 1" "$a times less"
}
