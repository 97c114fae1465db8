# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# HTTP: /rpki.json of the whole table beside StayRTR's; and what routers notice of scrapes and downloads.
# Part of run.sh.

http_clients=20

# download NAME WHAT PID PORT ARG...: as load does for routers
download() {
	local name=$1 what=$2 server=$3 at=$4
	shift 4
	"$perf/load-http" -p "$server" "$@" "$at" /rpki.json >"$work/load" || { say "$name: load-http $* failed"; exit 1; }
	sed "s/^what=http clients=/name=$name what=$what routers=/" "$work/load" >>"$raw"
}

# rtr-serve with the table and HTTP, which has a port of its own
start_web() {
	start_rtr_serve -l 127.0.0.1:0 --notify-interval 0 --client-metrics --http 127.0.0.1:0
	keep_web
}

# await_port keeps the log; the line about HTTP comes before that about routers, and is not kept: the kernel knows the port.
keep_web() {
	web=$(ss -Hltnp "src 127.0.0.1" | awk -v pid="pid=$pid," -v rtr=":$port" \
		'index($0, pid) && substr($4, length($4) - length(rtr) + 1) != rtr { sub(/.*:/, "", $4); print $4; exit }')
	[ -n "$web" ] || { say "rtr-serve has no HTTP"; exit 1; }
}

# The same VRPs as in the table that was served?
check_download() {
	"$bin/vrp-fetch" -q -E --max-age 0 "$work/$1" | sed -n '/^[0-9a-f:.]*\//s/ [^ ]*$//p' >"$work/got.lines"
	sed -n '/^[0-9a-f:.]*\//s/ [^ ]*$//p' "$work/table.vrp" | cmp -s - "$work/got.lines" ||
		{ say "$1 is not the table"; exit 1; }
}

# The bound: the same bytes as a file, from a server that does nothing else; one process, as rtr-serve has one thread for it.
measure_nginx() {
	local i
	t/peer --have nginx || return 0
	web=$((26000 + RANDOM % 6000))
	mkdir -p "$work/www"
	cp "$work/ours.json" "$work/www/rpki.json"
	cat >"$work/nginx.conf" <<-END
		daemon off;
		master_process off;
		user root;
		pid $work/nginx.pid;
		error_log stderr;
		events { worker_connections 100; }
		http {
			client_body_temp_path $work/www;
			proxy_temp_path $work/www;
			fastcgi_temp_path $work/www;
			uwsgi_temp_path $work/www;
			scgi_temp_path $work/www;
			access_log off;
			sendfile on;
			server { listen 127.0.0.1:$web; root $work/www; }
		}
	END
	start /dev/null t/peer nginx -c "$work/nginx.conf"
	keep_log nginx
	for ((i = 0; i < 100; i++)); do
		"$perf/load-http" "$web" /rpki.json >"$work/load" 2>/dev/null && break
		sleep 0.1
	done
	say "the same file of nginx: one, $http_clients at once"
	for ((i = 0; i < runs; i++)); do
		download nginx plain "$pid" "$web"
		download nginx plain "$pid" "$web" -n "$http_clients"
	done
	stop "$pid"
}

# The first download of a version makes the document; those after it find it made.
measure_downloads() {
	local i
	start_web
	"$perf/load-rtr" -n 0 -e "$work/table.vrp" "$port" >"$work/load"
	say "/rpki.json of rtr-serve: made, one, $http_clients at once, compressed"
	download rtr-serve first "$pid" "$web" -s "$work/ours.json"
	check_download ours.json
	for ((i = 0; i < runs; i++)); do
		download rtr-serve plain "$pid" "$web"
		download rtr-serve plain "$pid" "$web" -n "$http_clients"
	done
	download rtr-serve gzip-first "$pid" "$web" -z
	for ((i = 0; i < runs; i++)); do
		download rtr-serve gzip "$pid" "$web" -z
		download rtr-serve gzip "$pid" "$web" -z -n "$http_clients"
	done
	stop_rtr_serve "$pid"
	measure_nginx
	[ -x "$stayrtr" ] || return 0
	port=$((20000 + RANDOM % 6000)) web=$((26000 + RANDOM % 6000))
	cp "$work/table.json" "$work/stayrtr.json"
	start /dev/null "$stayrtr" -cache "$work/stayrtr.json" -checktime=false -bind "127.0.0.1:$port" -metrics.addr "127.0.0.1:$web"
	keep_log stayrtr
	"$perf/load-rtr" -w 120 -n 0 "$port" >"$work/load"
	say "/rpki.json of StayRTR: one, $http_clients at once"
	download stayrtr first "$pid" "$web" -s "$work/theirs.json"
	for ((i = 0; i < slow; i++)); do
		download stayrtr plain "$pid" "$web"
	done
	download stayrtr plain "$pid" "$web" -n "$http_clients"
	stop "$pid"
}

# Scrape each second until killed.
scrape() {
	while :; do
		"$perf/load-http" "$1" /metrics >/dev/null || exit 1
		sleep 1
	done
}

# http_change NAME: the routers load the table, and follow a change of 1 %, while whatever is in `disturbing` runs
http_change() {
	local name=$1 p
	load "$name" "$pid" "$port" -n "$most" -e "$work/table.vrp" -t "cat '$work/delta.vrp' >'$work/input'" -E "$work/after.vrp"
	for p in "${disturbing[@]}"; do
		kill "$p"
		wait "$p" 2>/dev/null || true
	done
	disturbing=()
}

downloads_of() {
	"$perf/load-http" -d 600 -n "$http_clients" "$1" /rpki.json >/dev/null &
	disturbing+=($!)
}

# In turn: no HTTP; a scrape a second; that and downloads without end; and these from another process that serves no
# router, which shows what of it is but the processors' work.
measure_disturbed() {
	local i other other_web
	disturbing=()
	start_web
	other=$pid other_web=$web other_input=$input
	"$perf/load-rtr" -n 0 "$port" >"$work/load"
	say "$most routers and a change: alone, with scrapes, with downloads, with downloads from another process"
	for ((i = 0; i < slow; i++)); do
		for how in alone scrapes downloads elsewhere; do
			start_web
			[ $how = alone ] || { scrape "$web" & disturbing+=($!); }
			case $how in downloads) downloads_of "$web" ;; elsewhere) downloads_of "$other_web" ;; esac
			http_change "rtr-serve-$how"
			stop_rtr_serve "$pid"
		done
	done
	stop "$other"
	exec {other_input}>&-
}

measure_http() {
	measure_downloads
	measure_disturbed
}

report_http() {
	local name what n at
	echo "### The table as /rpki.json"
	echo
	echo "| answer | clients at once | server | time to the last | lowest to highest | a client's rate | CPU of the server | peak memory |"
	echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
	for what in first plain gzip-first gzip; do
		for n in 1 "$http_clients"; do
			for name in rtr-serve nginx stayrtr; do
				[ "$(of $name $what "$n" seconds count)" -gt 0 ] || continue
				at=$(of $name $what "$n" seconds)
				echo "| $what | $n | $name | $(seconds "$at") | $(spread $name $what "$n") |" \
					"$(calc "$(of $name $what "$n" length) / $at / 1000000" '%.4g MB/s') |" \
					"$(seconds "$(of $name $what "$n" server_cpu)") | $(mib "$(of $name $what "$n" server_peak_kib max)") |"
			done
		done
	done
	echo
	echo "The first answer after a change makes the document; those after it share it. StayRTR makes one for each, and none is compressed."
	echo "nginx has what rtr-serve sent as a file, and is the bound."
	echo
	echo "### $most routers, scrapes and downloads"
	echo
	echo "| HTTP | time to the last table | lowest to highest | 1 % changes: time to the last | lowest to highest | CPU of the server |"
	echo "| --- | --- | --- | --- | --- | --- |"
	for what in alone scrapes downloads elsewhere; do
		name=rtr-serve-$what
		[ "$(of "$name" change "$most" seconds count)" -gt 0 ] || continue
		echo "| $(http_row "$what") | $(seconds "$(of "$name" table "$most" seconds)") | $(spread "$name" table "$most") |" \
			"$(seconds "$(of "$name" change "$most" seconds)") | $(spread "$name" change "$most") |" \
			"$(seconds "$(of "$name" change "$most" server_cpu)") |"
	done
	echo
}

http_row() {
	case $1 in
	alone) echo none ;;
	scrapes) echo "a scrape a second, with a series for each router" ;;
	downloads) echo "and $http_clients downloads of /rpki.json at once, again and again" ;;
	elsewhere) echo "the same downloads, from another process" ;;
	esac
}

http_targets() {
	local n a
	for n in 1 "$http_clients"; do
		a=$(calc "$(of stayrtr plain "$n" seconds) / $(of rtr-serve plain "$n" seconds)" '%.0f')
		target "/rpki.json at least 10 times as fast as StayRTR's, $n at once" "$a >= 10" "$a"
	done
	for n in 1 "$http_clients"; do
		[ "$(of nginx plain "$n" seconds count)" -gt 0 ] || continue
		a=$(calc "$(of rtr-serve plain "$n" seconds) / $(of nginx plain "$n" seconds)" '%.2f')
		target "as fast as a file of nginx, $n at once" "$a <= 1.2" "$a times its time"
	done
	a=$(calc "($(of rtr-serve plain "$http_clients" server_peak_kib max) + -1 * $(of rtr-serve first 1 server_peak_kib max)) / 1024" '%.1f')
	target "no copy of the document for each of $http_clients requests" "$a <= 32" "$a MiB more than for one"
	a=$(calc "$(of rtr-serve-scrapes change "$most" seconds) / $(of rtr-serve-alone change "$most" seconds)" '%.2f')
	target "a scrape a second: $most routers have a change as soon" "$a <= 1.1" "$a"
	a=$(calc "$(of rtr-serve-downloads change "$most" seconds) / $(of rtr-serve-elsewhere change "$most" seconds)" '%.2f')
	target "downloads slow $most routers no more than another process would" "$a <= 1.1" "$a"
}
