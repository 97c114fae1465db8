#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The figures of README.md here, each beside what it is compared with, in one run.
#
# usage: t/perf/run.sh [fetch|filters|validate|serve|tls|ssh|follow|change|http|mon|tree|fs|all]
#
#	fetch	vrp-fetch against jq and jansson; what a filter's steps cost a record
#	filters	vrp-slurm, vrp-diff, vrp-merge and vrp-format against awk, comm, sort, jq and StayRTR (filters.bash)
#	validate	origin validation against rtrlib (validate.bash)
#	serve	1, 100 and 1,000 routers at once: rtr-serve, bound-server, StayRTR
#	tls	the same over TLS: rtr-serve, StayRTR (tls.bash)
#	follow	rtr-dump and rtrclient get the table; a change through an RTR proxy (follow.bash)
#	change	1 % of the table changes: until the last of 100 routers has it
#	http	/rpki.json beside StayRTR's; what routers notice of scrapes and downloads (http.bash)
#	mon	rtr-mon beside rtrmon (mon.bash)
#	tree	the tree of the file system, without FUSE (tree.bash)
#	fs	vrpfs beside plain files, and beside a file system that does nothing (fs.bash)
#	ssh	20 routers at once over SSH: rtr-serve, StayRTR (ssh.bash)
#
# The results go to standard output and to build/perf/results.md; the raw ones,
# a line for each measurement, to build/perf/results.txt.  `make perf` builds
# what is needed and calls this.
#
# PERF_QUICK=1 tries it all on a small table.  PERF_SLOW_RUNS (3) is how often the
# slow things are repeated, PERF_RUNS (5) the quick ones, in turn with the others.  PERF_STAYRTR_LIMIT
# (300) bounds, in seconds, how long StayRTR may serve its 100 routers; what it
# sent until then gives its rate.
set -euo pipefail
export LC_ALL=C

part=${1:-all}
case $part in
fetch|filters|validate|serve|tls|ssh|follow|change|http|mon|tree|fs|all) ;;
*) echo "usage: t/perf/run.sh [fetch|filters|validate|serve|tls|ssh|follow|change|http|mon|tree|fs|all]" >&2; exit 2 ;;
esac

cd "$(dirname "$0")/../.."
bin=$PWD/build/bin perf=$PWD/build/perf
stayrtr=$PWD/build/peers/root/usr/bin/stayrtr
work=$perf/data
raw=$perf/results.txt

runs=${PERF_RUNS:-5} slow=${PERF_SLOW_RUNS:-3} limit=${PERF_STAYRTR_LIMIT:-300}
vrps=1000000 many=100 most=1000
if [ -n "${PERF_QUICK:-}" ]; then
	vrps=20000 runs=2 slow=1 many=20 most=50 limit=30
fi

running=()
cleanup() {
	for pid in "${running[@]}"; do kill "$pid" 2>/dev/null || true; done
}
trap cleanup EXIT

say() { echo "perf: $*" >&2; }

# ---- servers: each sets $pid and $port

# start INPUT COMMAND...: in the background, what it says goes to a log
start() {
	local from=$1
	shift
	rm -f "$work/said"
	mkfifo "$work/said"
	"$@" <"$from" >/dev/null 2>"$work/said" &
	pid=$!
	running+=("$pid")
	exec {said}<"$work/said"
}

# Read what was started last until it names its port, then go on reading to $work/NAME.log.
await_port() {
	local line
	port=
	while [ -z "$port" ] && read -ru "$said" line; do
		case $line in *"listening on "*127.0.0.1:*) port=${line##*:} ;; esac
	done
	[ -n "$port" ] || { say "$1 did not start: $line"; exit 1; }
	keep_log "$1"
}

keep_log() {
	cat <&"$said" >"$work/$1.log" &
	exec {said}<&-
}

stop() {
	kill "$1"
	wait "$1" 2>/dev/null || true
}

# start_rtr_serve ARG...: rtr-serve with the table, its input a pipe that stays open for changes; over TCP unless told otherwise
start_rtr_serve() {
	[ $# -gt 0 ] || set -- -l 127.0.0.1:0
	rm -f "$work/input"
	mkfifo "$work/input"
	exec {input}<>"$work/input"
	start "$work/input" "$bin/rtr-serve" "$@"
	await_port rtr-serve
	cat "$work/table.vrp" >"$work/input"
}

stop_rtr_serve() {
	stop "$1"
	exec {input}>&-
}

start_bound() {
	start /dev/null "$perf/bound-server" "$work/image" 0
	await_port bound-server
}

start_stayrtr() {
	port=$((20000 + RANDOM % 12000))
	cp "$work/table.json" "$work/stayrtr.json"
	start /dev/null "$stayrtr" -cache "$work/stayrtr.json" -checktime=false -bind "127.0.0.1:$port" -metrics.addr ""
	keep_log stayrtr
}

# ---- measuring: lines of name=value tokens in $raw

# timed NAME FEED COMMAND...
timed() {
	local name=$1 feed=$2
	shift 2
	rm -f "$work/timed"
	"$perf/timed" "$work/timed" "$@" >"$work/out.$name"
	sed "s/^/name=$name what=$feed /" "$work/timed" >>"$raw"
}

# load NAME PID PORT ARGUMENT...: what load-rtr says, marked with the server's name
load() {
	local name=$1 server=$2 at=$3
	shift 3
	"$perf/load-rtr" -p "$server" "$@" "$at" >"$work/load" || { say "$name: load-rtr $* failed"; cat "$work/load" >&2; exit 1; }
	sed "s/^/name=$name /" "$work/load" >>"$raw"
}

make_data() {
	local now
	now=$(date +%s)
	mkdir -p "$work"
	say "generating tables of $vrps VRPs"
	for format in json snapshot; do
		"$perf/gen-feed" -n "$vrps" -t "$now" -f "$format" >"$work/table.${format/snapshot/vrp}"
		"$perf/gen-feed" -n "$vrps" -t "$now" -c 1 -f "$format" >"$work/after.${format/snapshot/vrp}"
	done
	"$perf/gen-feed" -n "$vrps" -t "$now" -c 1 -f delta >"$work/delta.vrp"
	xz -dc data/rpki-client-20231107.json.xz >"$work/real.json"
}

# ---- the parts

jq_columns='.roas[] | [.prefix, .maxLength, .asn, .ta, .expires] | @tsv'

# Both wrote the same VRPs?
same_columns() {
	awk -F '\t' '{ print $1, $2, "AS" $3, $4, $5 }' "$work/out.jq" | sort >"$work/want"
	grep '^[0-9a-f:.]*/' "$work/out.vrp-fetch" | sort | cmp - "$work/want" || { say "vrp-fetch and jq disagree"; exit 1; }
}

measure_fetch() {
	local feed i j
	for feed in table real; do
		say "vrp-fetch, jansson and jq on $feed.json, in turn"
		for ((i = 0; i < slow; i++)); do
			for ((j = 0; j < runs; j++)); do
				timed vrp-fetch $feed "$bin/vrp-fetch" -q -E --max-age 0 "$work/$feed.json"
			done
			timed jansson $feed "$perf/load-jansson" "$work/$feed.json"
			timed jq $feed jq -r "$jq_columns" "$work/$feed.json"
		done
		same_columns
	done
	say "the steps of a filter"
	"$perf/bench-lines" "$work/table.vrp" >"$work/steps"
}

measure_serve() {
	local ours ours_at bound bound_at i
	start_rtr_serve
	ours=$pid ours_at=$port
	load rtr-serve "$ours" "$ours_at" -n 0 -e "$work/table.vrp" -s "$work/image"
	start_bound
	bound=$pid bound_at=$port
	say "1, $many and $most routers: rtr-serve and the bound, in turn"
	for ((i = 0; i < runs; i++)); do
		for n in 1 1 1 "$many"; do
			load rtr-serve "$ours" "$ours_at" -n "$n"
			load bound-server "$bound" "$bound_at" -n "$n"
		done
	done
	for ((i = 0; i < slow; i++)); do
		load rtr-serve "$ours" "$ours_at" -n "$most"
		load bound-server "$bound" "$bound_at" -n "$most"
	done
	stop "$bound"
	stop_rtr_serve "$ours"
}

measure_change() {
	local i
	say "a change of 1 % to $many routers: rtr-serve"
	for ((i = 0; i < runs; i++)); do
		start_rtr_serve
		load rtr-serve-live "$pid" "$port" -n "$many" -e "$work/table.vrp" -t "cat '$work/delta.vrp' >'$work/input'" \
			-E "$work/after.vrp"
		stop_rtr_serve "$pid"
	done
}

# StayRTR takes minutes for 100 routers, so they come once and follow the change as well.
measure_stayrtr() {
	local i
	if [ ! -x "$stayrtr" ]; then
		say "no StayRTR in build/peers: left out"
		return
	fi
	start_stayrtr
	say "StayRTR, 1 router"
	load stayrtr "$pid" "$port" -w 120 -n 0 -e "$work/table.vrp"
	for ((i = 0; i < slow; i++)); do
		load stayrtr "$pid" "$port" -n 1
	done
	say "StayRTR, $many routers and a change of 1 %, at most $limit s each"
	"$perf/load-rtr" -p "$pid" -n "$many" -T "$limit" -E "$work/after.vrp" \
		-t "cp '$work/after.json' '$work/next.json' && mv '$work/next.json' '$work/stayrtr.json' && kill -HUP $pid" \
		"$port" >"$work/load" || say "StayRTR: not all of it went well, see above"
	sed "s/^/name=stayrtr /" "$work/load" >>"$raw"
	stop "$pid"
}

# ---- the report

# of NAME WHAT ROUTERS FIELD [median|min|max|count]; ROUTERS is - where there are none
of() {
	awk -v name="$1" -v what="$2" -v routers="$3" -v field="$4" '
		{
			delete v
			for (i = 1; i <= NF; i++) {
				eq = index($i, "=")
				v[substr($i, 1, eq - 1)] = substr($i, eq + 1)
			}
		}
		v["name"] == name && v["what"] == what && (routers == "-" || v["routers"] == routers) && field in v { print v[field] }
	' "$raw" | sort -g | awk -v how="${5:-median}" '
		{ v[NR] = $1 }
		END {
			if (how == "count") print NR
			else if (!NR) print "-"
			else print v[how == "min" ? 1 : how == "max" ? NR : int((NR + 1) / 2)]
		}'
}

# calc EXPRESSION FORMAT: "-" when a value is missing
calc() {
	case " $1 " in
	*" - "*[/*]*|*[/*]*" - "*|" - ") echo - ;;
	*) awk "BEGIN { printf \"$2\", $1 }" ;;
	esac
}

# seconds with three significant digits, and the spread behind them
seconds() { calc "$1" '%.3g s'; }
spread() { echo "$(calc "$(of "$@" seconds min)" '%.3g') to $(calc "$(of "$@" seconds max)" '%.3g')"; }
mib() { calc "$1 / 1024" '%.0f MiB'; }

# target TEXT EXPRESSION: one row; the expression is true when it was met
target() {
	case ${PERF_QUICK:+quick}" $2 " in
	quick*) echo "| $1 | $3 | not judged on a small table |" ;;
	*" - "*) echo "| $1 | $3 | not measured |" ;;
	*) echo "| $1 | $3 | $(awk "BEGIN { print ($2) ? \"met\" : \"missed\" }") |" ;;
	esac
}

report_fetch() {
	local feed name ours ours_cpu t
	echo "### A feed becomes a table"
	echo
	echo "| feed | program | time | lowest to highest | CPU | peak memory | vrp-fetch is faster | by CPU time |"
	echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
	for feed in table real; do
		ours=$(of vrp-fetch $feed - seconds)
		ours_cpu=$(of vrp-fetch $feed - cpu)
		for name in vrp-fetch jansson jq; do
			t=$(of $name $feed - seconds)
			echo "| $(feed_name $feed) | $name | $(seconds "$t") | $(spread $name $feed -) |" \
				"$(seconds "$(of $name $feed - cpu)") | $(mib "$(of $name $feed - peak_kib max)") |" \
				"$(calc "$t / $ours" '%.1f times') |" \
				"$(calc "$(of $name $feed - cpu) / $ours_cpu" '%.1f times') |"
		done
	done
	echo
}

report_steps() {
	echo "### A filter's steps"
	echo
	echo "CPU time of each step alone and of all in one thread, the lowest of nine rounds, beside what the same bytes cost"
	echo "memcpy() and memchr()."
	echo
	cat "$work/steps"
	echo
}

feed_name() {
	if [ "$1" = table ]; then echo "generated, $vrps VRPs"; else echo "real, 386432 VRPs"; fi
}

# shellcheck source=tls.bash
source t/perf/tls.bash
# shellcheck source=filters.bash
source t/perf/filters.bash
# shellcheck source=validate.bash
source t/perf/validate.bash
# shellcheck source=follow.bash
source t/perf/follow.bash
# shellcheck source=tree.bash
source t/perf/tree.bash
# shellcheck source=fs.bash
source t/perf/fs.bash
# shellcheck source=ssh.bash
source t/perf/ssh.bash
# shellcheck source=http.bash
source t/perf/http.bash
# shellcheck source=mon.bash
source t/perf/mon.bash

report_serve() {
	local name n s
	echo "### Routers ask for the whole table at once"
	echo
	echo "| routers | server | time to the last | lowest to highest | rate | CPU | server memory | socket memory |"
	echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
	for n in 1 "$many" "$most"; do
		for name in rtr-serve bound-server stayrtr; do
			[ "$(of $name table "$n" seconds count)" -gt 0 ] || continue
			s=$(of $name table "$n" seconds)
			echo "| $n | $name | $(if [ "$(of $name table "$n" whole min)" = 1 ]; then seconds "$s"; else
				echo "not done after $(seconds "$s")"; fi) | $(spread $name table "$n") |" \
				"$(calc "$(of $name table "$n" bytes) / $s / 1000000" '%.4g MB/s') |" \
				"$(seconds "$(of $name table "$n" server_cpu)") |" \
				"$(mib "$(of $name table "$n" server_peak_kib max)") |" \
				"$(mib "$(of $name table "$n" sockmem_kib max)") |"
		done
	done
	echo
}

report_change() {
	local name
	echo "### One percent of the table changes"
	echo
	echo "| server | until the last of $many routers has it | lowest to highest | CPU |"
	echo "| --- | --- | --- | --- |"
	for name in rtr-serve-live stayrtr; do
		[ "$(of $name change "$many" seconds count)" -gt 0 ] || continue
		echo "| ${name%-live} | $(seconds "$(of $name change "$many" seconds)") | $(spread $name change "$many") |" \
			"$(seconds "$(of $name change "$many" server_cpu)") |"
	done
	echo
}

# cost of a byte: NAME ROUTERS FIELD
per_byte() { calc "$(of "$1" table "$2" "$3") / $(of "$1" table "$2" bytes)" '%.9g'; }

report_targets() {
	local feed n a b
	echo "### Targets"
	echo
	echo "| target | measured | |"
	echo "| --- | --- | --- |"
	if [ "$(of vrp-fetch table - seconds count)" -gt 0 ]; then
		for feed in table real; do
			a=$(calc "$(of jq $feed - seconds) / $(of vrp-fetch $feed - seconds)" '%.1f')
			target "vrp-fetch at least 15 times as fast as jq, $feed" "$a >= 15" "$a"
			a=$(calc "$(of jansson $feed - seconds) / $(of vrp-fetch $feed - seconds)" '%.1f')
			target "vrp-fetch at least 5 times as fast as jansson, $feed" "$a >= 5" "$a"
			a=$(calc "$(of vrp-fetch $feed - peak_kib max) / 1024" '%.1f')
			target "vrp-fetch in at most 64 MiB, $feed" "$a <= 64" "$a MiB"
		done
	fi
	if [ "$(of vrp-slurm slurm10 - seconds count)" -gt 0 ]; then filter_targets; fi
	if [ "$(of vrp-validate lines - seconds count)" -gt 0 ]; then validate_targets; fi
	if [ "$(of rtr-serve-tls table "$many" seconds count)" -gt 0 ]; then tls_targets; fi
	if [ "$(of rtr-dump-f sync - seconds count)" -gt 0 ]; then follow_targets; fi
	if [ "$(of rtr-serve plain 1 seconds count)" -gt 0 ]; then http_targets; fi
	if [ "$(of vrpfs mount - seconds count)" -gt 0 ]; then fs_targets; fi
	if [ "$(of stayrtr ssh "$ssh_routers" seconds count)" -gt 0 ]; then ssh_targets; fi
	if [ "$(of rtr-serve table "$many" seconds count)" -gt 0 ]; then
		for n in 1 "$many" "$most"; do
			a=$(calc "$(of rtr-serve table "$n" seconds) / $(of bound-server table "$n" seconds)" '%.2f')
			b=$(calc "$(of rtr-serve table "$n" server_cpu) / $(of bound-server table "$n" server_cpu)" '%.2f')
			target "rtr-serve within 1.25 times the bound, $n at once" "$a <= 1.25" "$a; by CPU time $b"
		done
		a=$(per_byte stayrtr "$many" seconds) b=$(per_byte rtr-serve "$many" seconds)
		a=$(calc "$a / $b" '%.0f')
		target "$many routers: at least 100 times StayRTR's rate" "$a >= 100" "$a"
		a=$(per_byte stayrtr "$many" server_cpu) b=$(per_byte rtr-serve "$many" server_cpu)
		a=$(calc "$a / $b" '%.0f')
		target "$many routers: at most 1/100 of StayRTR's CPU time" "$a >= 100" "1/$a"
		a=$(calc "$(of stayrtr table "$many" server_peak_kib max) / $(of rtr-serve table "$many" server_peak_kib max)" '%.1f')
		target "$many routers: at most 1/8 of StayRTR's memory" "$a >= 8" "1/$a"
	fi
	echo
}

stayrtr_version() {
	zcat "${stayrtr%/bin/*}/share/doc/stayrtr/changelog.Debian.gz" 2>/dev/null | sed -n '1s/.*(\(.*\)).*/\1/p'
}

report() {
	echo "Medians; the range of all runs stands beside them. Memory is the peak. Every router's bytes are checked."
	echo
	if [ "$part" = fetch ] || [ "$part" = all ]; then report_fetch; report_steps; fi
	if [ "$part" = filters ] || [ "$part" = all ]; then report_filters; fi
	if [ "$part" = validate ] || [ "$part" = all ]; then report_validate; fi
	if [ "$part" = serve ] || [ "$part" = all ]; then report_serve; fi
	if [ "$part" = tls ] || [ "$part" = all ]; then report_tls; fi
	if [ "$part" = follow ] || [ "$part" = all ]; then report_follow; fi
	if [ "$part" = change ] || [ "$part" = all ]; then report_change; fi
	if [ "$part" = http ] || [ "$part" = all ]; then report_http; fi
	if [ "$part" = mon ] || [ "$part" = all ]; then report_mon; fi
	if [ "$part" = tree ] || [ "$part" = all ]; then report_tree; fi
	if [ "$part" = fs ] || [ "$part" = all ]; then report_fs; fi
	if [ "$part" = ssh ] || [ "$part" = all ]; then report_ssh; fi
	report_targets
	echo "Machine: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores," \
		"$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), Linux $(uname -r);" \
		"load average $load_before before, $(cut -d ' ' -f 1 /proc/loadavg) after."
	echo "Programs: $("$bin/rtr-serve" -V | head -n 1), $(jq --version)," \
		"jansson $(pkg-config --modversion jansson), libevent $(pkg-config --modversion libevent)," \
		"StayRTR $(stayrtr_version), $(${CC:-cc} --version | head -n 1)."
}

ulimit -n "$(ulimit -H -n)"
load_before=$(cut -d ' ' -f 1 /proc/loadavg)
make_data
: >"$raw"
case $part in fetch|all) measure_fetch ;; esac
case $part in filters|all) measure_filters ;; esac
case $part in validate|all) measure_validate ;; esac
case $part in serve|all) measure_serve ;; esac
case $part in tls|all) measure_tls ;; esac
case $part in follow|all) measure_follow ;; esac
case $part in change|all) measure_change ;; esac
case $part in http|all) measure_http ;; esac
case $part in mon|all) measure_mon ;; esac
case $part in tree|all) measure_tree ;; esac
case $part in fs|all) measure_fs ;; esac
case $part in ssh|all) measure_ssh ;; esac
case $part in serve|change|all) measure_stayrtr ;; esac
report | tee "$perf/results.md"
