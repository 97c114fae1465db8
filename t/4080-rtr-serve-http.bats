# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# rtr-serve --http: what it tells, with a real curl, jq and promtool.

load lib

# serve_http NAME ARG...: serve with HTTP; sets PORT and WEB.
serve_http() {
	serve "$@" --http 127.0.0.1:0
	wait_log "$1" 'http on'
	WEB=http://$(sed -n 's/.*http on //p' "$RUN/$1.err" | head -n 1)
}

poke() { "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" "$@"; }
lines() { printf '%s\n' "$@" | feed cache; }
now() { date +%s; }
stamp() { date -u -d "@$(($(now) + $1))" +%Y-%m-%dT%H:%M:%SZ; }

get() { curl -sS --max-time 60 "$WEB$1" "${@:2}"; }
code() { : >body; curl -sS --max-time 60 -o body -w '%{http_code}' "$WEB$1" "${@:2}"; }
header() { curl -sS --max-time 60 -D - -o /dev/null "$WEB$1" "${@:3}" | tr -d '\r' | sed -n "s/^$2: //Ip"; }

# metric SERIES: its value; is SERIES VALUE: wait until it is that.
metric() { get /metrics | awk -v s="$1" 'index($0, s " ") == 1 { print $NF }'; }
has_value() { [ "$(metric "$1")" = "$2" ]; }
is() { wait_for has_value "$1" "$2" || { echo "$1 is $(metric "$1"), not $2" >&2; return 1; }; }

health() { echo "$(code /healthz) $(cat body)"; }
has_health() { [[ $(health) == $1 ]]; }
is_healthy() { wait_for has_health "$1" || { echo "health is $(health)" >&2; return 1; }; }

table() {
	lines "%snapshot time=$(stamp "${1:-0}")" '192.0.2.0/24 24 AS64496 ripe 4000000000' '198.51.100.0/24 25 AS64497 arin -' \
		'2001:db8::/32 48 AS64496 ripe -' 'aspa AS64496 AS64497,AS64498 ripe -' \
		'router-key AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE - -' ~end
}

@test "health: no data, ok, stale, ok again" {
	serve_http cache --max-age 3
	[ "$(health)" = '503 no data yet' ]
	[ "$(code /rpki.json)" = 503 ]
	[ "$(header /vrps Retry-After)" = 10 ]
	[ "$(metric rtrserve_input_healthy)" = 0 ]
	[ "$(metric 'rtrserve_input_state{state="waiting"}')" = 1 ]
	[ -z "$(metric rtrserve_input_time_seconds)" ]
	table
	is_healthy '200 ok'
	[ "$(metric rtrserve_input_healthy)" = 1 ]
	is_healthy '503 data is of *, older than 3s'
	is 'rtrserve_input_state{state="stale"}' 1
	is rtrserve_serial 2
	[ "$(get /rpki.json | jq '.roas | length')" = 0 ]
	[[ $(get /status | jq -r '.healthy, .reason, .input.last_error.message') == $'false\ndata is of '*$'\ntable withdrawn: '* ]]
	table
	is_healthy '200 ok'
}

@test "every dialect is what vrp-format makes of the same table" {
	serve_http cache
	table
	is_healthy '200 ok'
	get /vrps >lines
	head -n 1 lines | grep -qE '^%snapshot time=[0-9TZ:-]+ session=[0-9]+ serial=1$'
	for dialect in $(vrp-format -h | sed 's/,//g; 3q;d'); do
		# BIRD's has the time at which it was made.
		get "/$dialect" | grep -v force_roa_table_update >ours
		vrp-format -q -o "$dialect" lines | grep -v force_roa_table_update >theirs
		same ours theirs
	done
	for path in /rpki.json /vrps.json /export.json /api/v1/origins /vrps?format=json; do
		get $path | cmp - <(get /json)
	done
	get /vrps.csv | cmp - <(get /csv)
	get /bird2 | cmp - <(get /bird)
	get /vrps -H 'Accept: application/json' | cmp - <(get /json)
	get /vrps -H 'Accept: text/csv;q=0.9, text/plain;q=0.2' | cmp - <(get /csv)
	[ "$(code /vrps -H 'Accept: image/png')" = 406 ]
	[ "$(code /vrps?format=nothing)" = 400 ]
	[ "$(code /nothing)" = 404 ]
	[ "$(code /json -X POST)" = 405 ]
	# What RTR says about the table is inside of it.
	session=$(get /status | jq '.rtr.sessions[2]')
	[ "$(get /rpki.json | jq -c '[.metadata | .sessionid, .serial, .vrps, .vaps, .bgpsec_pubkeys]')" = "[$session,1,3,1,1]" ]
	[ "$(get /rpki.json | jq '.metadata | .generated == (.buildtime | fromdate)')" = true ]
	grep -q "session=$session " lines
	poke reset 2 read | grep -q "Cache Response session $session"
	# And it is a source for others.
	vrp-fetch "$WEB/rpki.json" | vrp-diff - lines
	[ "$(header /json Content-Type) $(header /csv Content-Type) $(header /bird Content-Type)" = \
		'application/json text/csv; charset=utf-8; header=present text/plain; charset=utf-8' ]
}

@test "who has a table already isn't sent it again; compressed it is the same" {
	serve_http cache
	table -5
	is_healthy '200 ok'
	etag=$(header /rpki.json ETag)
	[ "$(code /rpki.json -H "If-None-Match: $etag")" = 304 ]
	[ ! -s body ]
	[ "$(header /csv ETag)" != "$etag" ]
	get /rpki.json >plain
	[ "$(header /rpki.json Content-Encoding -H 'Accept-Encoding: gzip')" = gzip ]
	get /rpki.json -H 'Accept-Encoding: gzip' | gzip -d | cmp - plain
	get /rpki.json --compressed | cmp - plain
	[ "$(curl -sSI "$WEB/rpki.json" | tr -d '\r' | sed -n 's/^Content-Length: //Ip')" -eq "$(wc -c <plain)" ]
	sleep 1
	modified=$(header /rpki.json Last-Modified)
	[ "$(code /rpki.json -H "If-Modified-Since: $modified")" = 304 ]
	# The same table with a later time is news, since readers judge its age.
	table
	is rtrserve_input_time_seconds "$(get /rpki.json | jq '.metadata.generated')"
	wait_for eval '[ "$(code /rpki.json -H "If-None-Match: $etag")" = 200 ]'
	[ "$(metric rtrserve_serial)" = 1 ]
	lines %delta '-192.0.2.0/24 24 AS64496' ~end
	is rtrserve_serial 2
	[ "$(get /rpki.json -H "If-None-Match: $etag" | jq .metadata.vrps)" = 2 ]
}

@test "metrics count what happens" {
	serve_http cache --client-metrics
	table
	is rtrserve_serial 1
	[ "$(metric 'rpki_vrps{ip_version="ipv4",filtered="filtered",path="-"}')" = 2 ]
	[ "$(metric 'rpki_objects{type="vaps"}')" = 1 ]
	[ "$(metric 'rtrserve_records{type="vrp",family="ipv6",trust_anchor="ripe"}')" = 1 ]
	[ "$(metric 'rtrserve_records{type="router_key",family="",trust_anchor="-"}')" = 1 ]
	# Blocks that are refused.
	lines %snapshot '192.0.2.0/24 99 AS1' ~end
	is 'rtrserve_blocks_total{result="refused"}' 1
	[ "$(metric 'rtrserve_input_state{state="failing"}')" = 1 ]
	[ "$(health)" = '200 ok' ]
	[[ $(get /status | jq -r '.input.last_error | .line, .message') == $'9\n'*'maximum length'* ]]
	(($(now) - $(metric rtrserve_input_error_time_seconds) < 60))
	# Records that expire.
	lines %snapshot "192.0.2.0/24 24 AS64496 ripe $(($(now) + 2))" '198.51.100.0/24 25 AS64497 arin -' ~end
	is 'rtrserve_blocks_total{result="accepted"}' 2
	is rtrserve_expired_records_total 1
	is rtrserve_expired_records 1
	is rtrserve_serial 3
	[ "$(metric rtrserve_announced_records_total) $(metric rtrserve_withdrawn_records_total)" = '5 4' ]
	[ "$(metric rtrserve_history_steps) $(metric rtrserve_history_records)" = '2 4' ]
	# Routers.
	poke reset 1 read
	poke reset 0 read serial 0 1 1 read >/dev/null || :
	poke hex 02 63 00 00 00 00 00 08 read
	is 'rtrserve_disconnects_total{reason="closed"}' 1
	is 'rtrserve_disconnects_total{reason="protocol"}' 2
	[ "$(metric 'rtr_pdus{type="reset_query"}')" = 2 ]
	[ "$(metric 'rtr_pdus{type="serial_query"}')" = 1 ]
	[ "$(metric 'rtr_pdus{type="unknown"}')" = 1 ]
	[ "$(metric 'rtrserve_responses_total{kind="table"}')" = 2 ]
	[ "$(metric 'rtrserve_connections_total{transport="tcp"}')" = 3 ]
	[ "$(metric rtrserve_received_bytes_total)" = 36 ]
	start router "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" reset 2 read quiet 60
	is 'rtrserve_clients{transport="tcp",version="2"}' 1
	[ "$(metric "rtr_clients{bind=\"127.0.0.1:0\"}")" = 1 ]
	[ "$(get /clients | jq -c '.clients[] | [.transport, .state, .version, .serial, .lag, .queries]')" = '["tcp","idle",2,3,0,1]' ]
	get /metrics | grep -q '^rtrserve_client_serial{client="127.0.0.1:[0-9]*",name="",number="4"} 3$'
	[ "$(metric 'rtrserve_http_requests_total{code="200"}')" -gt 20 ]
}

@test "a router that takes nothing is seen, and then counted" {
	serve_http cache --stall-timeout 6
	seq 0 199999 | awk 'BEGIN { print "%snapshot" }
		{ printf "10.%d.%d.%d/32 32 1\n", $1 / 65536, $1 / 256 % 256, $1 % 256 } END { print "~end" }' | feed cache
	is rtrserve_serial 1
	start_fed idle "$VRP_TOOLS/rtr-poke" -i -w 2048 127.0.0.1 "$PORT" reset 1
	is rtrserve_clients_stalled 1
	[ "$(get /clients | jq -r '.clients[].state')" = stalled ]
	is 'rtrserve_disconnects_total{reason="stalled"}' 1
	is rtrserve_clients_stalled 0
}

@test "changes since a version, or all of it" {
	serve_http cache
	table
	is_healthy '200 ok'
	session=$(get /json-delta/notify | jq .session)
	at() { get "/delta?session=$session&serial=$1" "${@:2}"; }
	lines %delta '-192.0.2.0/24 24 AS64496' '+203.0.113.0/24 24 AS64499' '+aspa AS64496 AS64497,AS64500' ~end
	is rtrserve_serial 2
	lines %delta '+192.0.2.0/24 24 AS64496' ~end
	is rtrserve_serial 3
	at 1 >delta
	[ "$(jq -c '[.reset, .session, .serial, .fromSerial]' delta)" = "[false,\"$session\",3,1]" ]
	[ "$(jq -c '.announced' delta)" = '[{"type":"routeOrigin","asn":"AS64499","prefix":"203.0.113.0/24","maxLength":24},{"type":"aspa","customerAsn":"AS64496","providerAsns":["AS64497","AS64500"]}]' ]
	# What replaces an ASPA doesn't withdraw it.
	[ "$(jq -c '.withdrawn' delta)" = '[]' ]
	[ "$(at 3 | jq -c '[.reset, .announced, .withdrawn]')" = '[false,[],[]]' ]
	get "/json-delta?session=$session&serial=1" | cmp - delta
	for version in "session=$session&serial=77" "session=$((session ^ 1))&serial=3" ''; do
		[ "$(get "/delta?$version" | jq -c '[.reset, .serial, (.announced | length), .withdrawn]')" = '[true,3,6,null]' ]
	done
	# As lines they are a stream that leads from one table to the other.
	at 1 -H 'Accept: text/plain' >lines
	head -n 1 lines | grep -q '^%delta .*session=.* serial=3$'
	[ "$(at 2 '-G' -d format=vrp | sed '1d; $d')" = '+192.0.2.0/24 24 AS64496 - -' ]
	for bad in 'session=1' 'serial=1' 'session=x&serial=1' 'session=1&serial=99999999999' "format=xml" "session=$session&serial=3&wait=x"; do
		[ "$(code "/delta?$bad")" = 400 ]
	done
}

@test "who waits for a change is answered when it comes, or when the time is over" {
	serve_http cache
	table
	is_healthy '200 ok'
	session=$(get /json-delta/notify | jq .session)
	start waiter curl -sS --max-time 60 "$WEB/delta?session=$session&serial=1&wait=60"
	start notified curl -sS --max-time 60 "$WEB/json-delta/notify?session=$session&serial=1"
	start gone curl -sS --max-time 60 "$WEB/delta?session=$session&serial=1&wait=60"
	is rtrserve_http_connections 4
	kill "$(pid_of gone)"
	is rtrserve_http_connections 3
	[ "$(get "/delta?session=$session&serial=1&wait=1" | jq -c '[.reset, .serial, .announced]')" = '[false,1,[]]' ]
	[ ! -s waiter.out ]
	lines %delta '-192.0.2.0/24 24 AS64496' ~end
	wait_gone waiter
	wait_gone notified
	[ "$(jq -c '[.reset, .serial, .fromSerial, (.withdrawn | length)]' waiter.out)" = '[false,2,1,1]' ]
	[ "$(jq -c . notified.out)" = "{\"session\":$session,\"serial\":2}" ]
	# An older version is not waited with.
	[ "$(get "/delta?session=$session&serial=1&wait=60" | jq .serial)" = 2 ]
	# Those that wait don't keep the program from ending.
	start waiter curl -sS --max-time 60 "$WEB/delta?session=$session&serial=2&wait=60"
	is rtrserve_http_connections 2
	stop cache
}

@test "validity of a route is what vrp-validate says of it" {
	serve_http cache
	table
	is_healthy '200 ok'
	get /vrps >lines
	for route in '192.0.2.0/24 AS64496' '192.0.2.0/25 AS64496' '192.0.2.0/24 AS1' '203.0.113.0/24 AS1' '2001:db8:1::/48 AS64496'; do
		read -r prefix as <<<"$route"
		get "/validity?asn=$as&prefix=$prefix" | jq -S .validated_route >ours
		vrp-validate --json -t lines $prefix $as >json || :
		jq -S .validated_route json >theirs
		same ours theirs
		get "/api/v1/validity/${as#AS}/$prefix" | jq -S .validated_route | cmp - ours
	done
	[ "$(get "/validity?asn=64496&prefix=192.0.2.0/24" | jq -r .validated_route.validity.state)" = valid ]
	[ "$(get "/validity?asn=64496&prefix=192.0.2.1" | jq -r .validated_route.validity.reason)" = length ]
	for bad in '' '?asn=1' '?prefix=10.0.0.0/8' '?asn=x&prefix=10.0.0.0/8' '?asn=1&prefix=10.0.0.0/40' '?asn=1&prefix=nonsense'; do
		[ "$(code "/validity$bad")" = 400 ]
	done
	[ "$(code /api/v1/validity/1)" = 400 ]
}

@test "promtool finds nothing to say about the metrics, whatever names there are" {
	need_peer promtool
	printf 'allow local name="q"\nallow any name=a\\b"c\n' >access
	serve_http cache --client-metrics --access access -l "unix:$PWD/a\"b.sock"
	lines %snapshot '192.0.2.0/24 24 AS1 %22%0a%5c -' ~end
	is rtrserve_serial 1
	start one "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" reset 1 read quiet 60
	is 'rtrserve_clients{transport="tcp",version="1"}' 1
	get /metrics >metrics
	run -0 --separate-stderr peer promtool check metrics <metrics
	[ -z "$output$stderr" ]
	# No series stands there twice.
	[ -z "$(grep -v '^#' metrics | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
	[ -z "$(grep '^# TYPE' metrics | sort | uniq -d)" ]
}

@test "the counts that StayRTR has too are the same beside it" {
	need_peer stayrtr
	cat >feed.json <<-END
		{"metadata": {"buildtime": "$(stamp 0)"}, "roas": [
		{"asn": 64496, "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "ripe"},
		{"asn": 64497, "prefix": "198.51.100.0/24", "maxLength": 25, "ta": "arin"},
		{"asn": 64496, "prefix": "2001:db8::/32", "maxLength": 48, "ta": "ripe"}]}
	END
	serve_http cache
	vrp-fetch feed.json | feed cache
	is rtrserve_serial 1
	theirs=$(free_port)
	their_rtr=$(free_port)
	start stayrtr "$ROOT/t/peer" stayrtr -bind "127.0.0.1:$their_rtr" -metrics.addr "127.0.0.1:$theirs" -cache feed.json
	wait_for curl -sS -o /dev/null "http://127.0.0.1:$theirs/metrics"
	wait_for eval "curl -sS http://127.0.0.1:$theirs/metrics | grep -q ^rpki_vrps"
	for port in "$PORT" "$their_rtr"; do
		"$VRP_TOOLS/rtr-poke" 127.0.0.1 "$port" reset 1 read serial 1 7 1 read || :
	done
	get /metrics >ours
	wait_for eval 'curl -sS "http://127.0.0.1:$theirs/metrics" >theirs && grep -q "serial_query.* 1" theirs'
	is 'rtr_pdus{type="serial_query"}' 1
	get /metrics >ours
	# value FILE NAME LABEL...: of the series that has these.
	value() {
		local label lines

		lines=$(grep "^$2[ {]" "$1")
		for label in "${@:3}"; do lines=$(grep -F "$label" <<<"$lines"); done
		[ "$(wc -l <<<"$lines")" -eq 1 ]
		printf '%.0f\n' "${lines##* }"
	}
	for family in ipv4 ipv6; do
		for filtered in '"filtered"' '"unfiltered"'; do
			[ "$(value ours rpki_vrps "$family" "$filtered")" = "$(value theirs rpki_vrps "$family" "$filtered")" ]
		done
	done
	[ "$(value ours rpki_vrps ipv4 '"filtered"')" -eq 2 ]
	[ "$(value ours rpki_bgpsec)" = "$(value theirs rpki_bgpsec)" ]
	[ "$(value ours rtr_pdus reset_query)" = "$(value theirs rtr_pdus reset_query)" ]
	[ "$(value ours rtr_pdus serial_query)" = "$(value theirs rtr_pdus serial_query)" ]
	[ "$(value ours rtr_clients)" = "$(value theirs rtr_clients)" ]
	late=$(($(value ours rpki_change) - $(value theirs rpki_change)))
	((late > -60 && late < 60))
	# Every name of theirs that is about data or routers is one of ours, with the same labels.
	names() { grep -E '^(rpki|rtr)_' "$1" | sed 's/="[^"]*",\?/ /g; s/[{}]/ /g' | awk '{ print $1; for (i = 2; i < NF; i++) print $1, $i }' | sort -u; }
	names theirs >their.names
	names ours >our.names
	[ "$(wc -l <their.names)" -gt 8 ]
	[ -z "$(comm -13 our.names their.names)" ]
}

@test "a socket that a manager passes, and what goes wrong" {
	run -2 rtr-serve --http nonsense
	[[ $stderr$output == *'nonsense'* ]]
	run -2 rtr-serve --client-metrics </dev/null
	[[ $output == *'--client-metrics without --http'* ]]
	start_fed cache "$VRP_TOOLS/manager" -s http -s tcp -- rtr-serve
	wait_log cache 'listening on'
	wait_log cache 'http on'
	WEB=http://$(sed -n 's/.*http on //p' cache.err | head -n 1)
	[ "$(health)" = '503 no data yet' ]
	PORT=$(port_of cache)
	[[ $(poke reset 1 read) == *'No Data Available'* ]]
}

@test "--user and --chroot: HTTP is served as somebody else, in another root" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	chmod 755 .
	serve_http cache --user 12345:12345 --chroot "$PWD"
	table
	is_healthy '200 ok'
	[ "$(get /rpki.json --compressed | jq '.roas | length')" = 3 ]
	get / | grep -q '</html>'
	get /metrics | grep -q '^rtr_serial'
	grep -Eq '^Uid:\s+12345\s+12345' "/proc/$(pid_of cache)/status"
}
