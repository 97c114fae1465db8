# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# The part `tls` of run.sh: routers over TLS 1.3 with a P-256 certificate, at rtr-serve and at StayRTR.

make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=cache \
		-addext 'subjectAltName = IP:127.0.0.1' -keyout "$work/cache.key" -out "$work/cache.pem" 2>/dev/null
	chmod 600 "$work/cache.key"
}

start_stayrtr_tls() {
	port=$((20000 + RANDOM % 12000))
	start /dev/null "$stayrtr" -cache "$work/table.json" -checktime=false -bind "" -tls.bind "127.0.0.1:$port" \
		-tls.cert "$work/cache.pem" -tls.key "$work/cache.key" -metrics.addr ""
	keep_log stayrtr-tls
}

measure_tls() {
	local ours ours_at plain_at i

	make_certificate
	start_rtr_serve -l 127.0.0.1:0 -l "tls://127.0.0.1:0,cert=$work/cache.pem,key=$work/cache.key"
	ours=$pid plain_at=$port
	ours_at=$(sed -n 's|.*listening on tls://127.0.0.1:||p' "$work/rtr-serve.log")
	load rtr-serve-tls "$ours" "$ours_at" -S -n 0 -e "$work/table.vrp"
	say "1, $many and $most routers over TLS, and $many over TCP: rtr-serve"
	for ((i = 0; i < runs; i++)); do
		for n in 1 1 1 "$many"; do load rtr-serve-tls "$ours" "$ours_at" -S -n "$n"; done
		load rtr-serve-tcp "$ours" "$plain_at" -n "$many"
	done
	for ((i = 0; i < slow; i++)); do load rtr-serve-tls "$ours" "$ours_at" -S -n "$most"; done
	stop_rtr_serve "$ours"
	if [ ! -x "$stayrtr" ]; then
		say "no StayRTR in build/peers: left out"
		return
	fi
	start_stayrtr_tls
	say "StayRTR over TLS: 1 router, and $many in at most $limit s"
	load stayrtr-tls "$pid" "$port" -S -w 120 -n 0 -e "$work/table.vrp"
	for ((i = 0; i < slow; i++)); do load stayrtr-tls "$pid" "$port" -S -n 1; done
	"$perf/load-rtr" -S -p "$pid" -n "$many" -T "$limit" "$port" >"$work/load" || say "StayRTR: not all of it went well"
	sed "s/^/name=stayrtr-tls /" "$work/load" >>"$raw"
	stop "$pid"
}

report_tls() {
	local name n s

	echo "### Routers ask for the whole table at once, over TLS 1.3"
	echo
	echo "| routers | server | time to the last | lowest to highest | rate | CPU | CPU a GB | server memory |"
	echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
	for n in 1 "$many" "$most"; do
		for name in rtr-serve-tls rtr-serve-tcp stayrtr-tls; do
			[ "$(of $name table "$n" seconds count)" -gt 0 ] || continue
			s=$(of $name table "$n" seconds)
			echo "| $n | $name | $(if [ "$(of $name table "$n" whole min)" = 1 ]; then seconds "$s"; else
				echo "not done after $(seconds "$s")"; fi) | $(spread $name table "$n") |" \
				"$(calc "$(of $name table "$n" bytes) / $s / 1000000" '%.4g MB/s') |" \
				"$(seconds "$(of $name table "$n" server_cpu)") |" \
				"$(calc "$(of $name table "$n" server_cpu) / $(of $name table "$n" bytes) * 1000000000" '%.3g s') |" \
				"$(mib "$(of $name table "$n" server_peak_kib max)") |"
		done
	done
	echo
}

tls_targets() {
	local a b

	a=$(per_byte stayrtr-tls "$many" seconds) b=$(per_byte rtr-serve-tls "$many" seconds)
	a=$(calc "$a / $b" '%.0f')
	target "$many routers over TLS: at least 10 times StayRTR's rate" "$a >= 10" "$a"
	a=$(per_byte stayrtr-tls "$many" server_cpu) b=$(per_byte rtr-serve-tls "$many" server_cpu)
	a=$(calc "$a / $b" '%.0f')
	target "$many routers over TLS: at most 1/10 of StayRTR's CPU time" "$a >= 10" "1/$a"
}
