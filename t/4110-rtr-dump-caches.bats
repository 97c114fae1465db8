# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# rtr-dump against real caches: StayRTR's server and our own.

load lib

# StayRTR on a free port with the export in FILE.
stayrtr() {
	need_peer stayrtr
	PORT=$(free_port)
	start stayrtr "$ROOT/t/peer" stayrtr -bind "127.0.0.1:$PORT" -cache "$1" -checktime=false \
		-metrics.addr "127.0.0.1:$(free_port)"
	wait_for rtr_answers
}

# It listens before it has data, and answers Error 2 until then.
rtr_answers() { rtr-dump -q --rtr-version 1 "127.0.0.1:$PORT" >probe 2>probe.err; }

records() { grep -v '^[%~]' "$1" | cut -d ' ' -f 1-3 | sort; }

@test "StayRTR: the bundled table, in every version" {
	local version session
	snapshot_json all.json
	# Every twentieth record, without its expiry: they are years past.
	jq -c '{metadata: {buildtime: "2026-01-01T00:00:00Z"},
		roas: [.roas | to_entries[] | select(.key % 20 == 0) | .value | del(.expires)]}' all.json >some.json
	jq -r '.roas[] | "\(.prefix) \(.maxLength) AS\(.asn)"' some.json | sort -u >want
	[ "$(wc -l <want)" -gt 15000 ]
	stayrtr "$PWD/some.json"
	for version in 0 1 2; do
		rtr-dump --rtr-version $version "127.0.0.1:$PORT" >dump
		records dump >got
		same want got
	done
	# A serial that it can't know: the whole table again.
	session=$(sed -nE '1s/.*session=([0-9]+).*/\1/p' dump)
	rtr-dump --serial 77 --session "$session" "127.0.0.1:$PORT" >again
	same dump again
	# It takes another session for corrupt data, and may close before its report has left.
	run -2 --separate-stderr rtr-dump --serial 0 --session $((session ^ 1)) "127.0.0.1:$PORT"
	[ -z "$output" ]
	[ -n "$stderr" ]
}

@test "StayRTR's ASPAs of an old draft: an error that says so, and version 1 without them" {
	cat >export.json <<-'END'
		{"metadata": {"buildtime": "2026-01-01T00:00:00Z"},
		 "roas": [{"asn": 1, "prefix": "10.0.0.0/8", "maxLength": 8, "ta": "x"}],
		 "provider_authorizations": {"ipv4": [{"customer_asid": 5, "providers": [2, 3], "expires": 4000000000}],
			"ipv6": []}}
	END
	stayrtr "$PWD/export.json"
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	[ -z "$output" ]
	[[ $stderr == *"ASPA: in the form of an old draft"* ]]
	run -0 rtr-dump -q --rtr-version 1 "127.0.0.1:$PORT"
	[ "${lines[1]}" = "10.0.0.0/8 8 AS1 - -" ]
}

# What rtr-serve is given in the tests below, in canonical order.
table() {
	cat <<-'END'
		%snapshot
		0.0.0.0/0 0 AS0 - -
		10.0.0.0/8 24 AS64496 - -
		10.0.0.0/8 24 AS64497 - -
		::/0 128 AS1 - -
		2001:db8::/32 48 AS4294967295 - -
		router-key AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEu1CJu/iq0V+lzxXhMlqn2KUL8qbVP4h/hXAvNyMDhVAsQpHJXIUBUlQrpRjMpzwBVAeiOkUFMIKBYOsQFyHr+A== - -
		aspa AS64496 AS64497,AS64498 - -
		aspa AS64500 AS0 - -
		~end
	END
}

@test "rtr-serve: what went in comes out" {
	serve cache
	table | feed cache
	wait_for rtr_answers
	rtr-dump "127.0.0.1:$PORT" >dump
	table | tail -n +2 >want
	tail -n +2 dump >got
	same want got
	rtr-dump --rtr-version 0 "127.0.0.1:$PORT" | tail -n +2 >got
	table | grep -v -e '^%' -e '^router-key' -e '^aspa' >want
	same want got
}

@test "rtr-serve: nothing yet is exit 2, a snapshot later a table" {
	serve cache
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	[ -z "$output" ]
	[[ $stderr == *"(No Data Available)"* ]]
	table | feed cache
	wait_for rtr_answers
}

@test "rtr-serve: a delta on its input is the delta that --serial gets" {
	local session serial
	serve cache
	table | feed cache
	wait_for rtr_answers
	read -r _ _ session serial < <(rtr-dump -q "127.0.0.1:$PORT")
	cat >change <<-'END'
		-10.0.0.0/8 24 AS64497 - -
		+192.0.2.0/24 24 AS64496 - -
		+aspa AS64496 AS64499 - -
		+aspa AS64501 AS64502 - -
		~end
	END
	{ echo %delta; cat change; } | feed cache
	wait_log cache "serial $((${serial#serial=} + 1))"
	rtr-dump --session "${session#session=}" --serial "${serial#serial=}" "127.0.0.1:$PORT" >delta.out
	[[ "$(head -n 1 delta.out)" == "%delta source=tcp://127.0.0.1:$PORT $session serial=$((${serial#serial=} + 1))" ]]
	tail -n +2 delta.out >got
	same change got
	# Nothing changed since: an empty delta, not an error.
	run -0 rtr-dump -q --session "${session#session=}" --serial $((${serial#serial=} + 1)) "127.0.0.1:$PORT"
	[ "${#lines[@]}" -eq 2 ]
}

@test "rtr-serve on the bundled snapshot: the identity, twice over" {
	[ -x "$VRP_BIN/vrp-fetch" ] || skip "no vrp-fetch yet"
	snapshot_json all.json
	vrp-fetch --ignore-expiry --max-age 0 all.json >table.vrp
	serve first -E --max-age 0
	feed first <table.vrp
	WAIT=60 wait_log first 'serial 1'
	rtr-dump "127.0.0.1:$PORT" >first.vrp
	# The same lines but for trust anchor and expiry.
	grep -v '^[%~]' table.vrp | sed -E 's/ [^ ]+ [^ ]+$/ - -/' >want
	grep -v '^[%~]' first.vrp >got
	same want got
	serve second -E --max-age 0
	feed second <first.vrp
	WAIT=60 wait_log second 'serial 1'
	rtr-dump "127.0.0.1:$PORT" | grep -v '^[%~]' >got
	same want got
}


@test "the examples of rtr-dump(1) run" {
	serve cache
	table | feed cache
	wait_for rtr_answers
	# The literal blocks under EXAMPLES that speak to the local cache, each as a script of its own.
	sed -E "s/(localhost|127\.0\.0\.1):8282/127.0.0.1:$PORT/g" "$ROOT/man/rtr-dump.1" | awk '
		/^\.Sh/ { examples = /EXAMPLES/ }
		examples && /^\.Ed/ { on = 0 }
		on { print > ("example" n) }
		examples && /^\.Bd/ { on = 1; n++ }'
	local example count=0
	for example in example*; do
		# Those that stay are 9010's.
		grep -q "127.0.0.1:$PORT" "$example" && ! grep -q rtr-serve "$example" || continue
		bash -e -o pipefail "$example" >"$example.out"
		count=$((count + 1))
	done
	[ "$count" -eq 4 ]
	grep -q '^10.0.0.0/8 24 AS64496 - -$' table.vrp
	grep -q '^1 AS64496$' example2.out
	[ ! -s example3.out ]
	grep -hq ' 3 < IPv4 Prefix$' example*.out
}
