# SPDX-License-Identifier: ISC
# rtr-serve --state: what a cache served survives it.  CRASHES=1000 in the environment kills it a thousand times.
load lib

poke() { "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" "$@"; }

# The session ID of version 2.
session() { sed -nE 's/.*sessions=[0-9]+,[0-9]+,([0-9]+).*/\1/p' state/state; }

now() { date -u +%FT%TZ; }

table() {
	printf '%%snapshot time=%s\n' "${TIME:-$(now)}"
	printf '%s\n' "$@"
	echo '~end'
}

# A cache that has told of two tables.
two_serials() {
	serve cache --state state "$@"
	table '192.0.2.0/24 24 AS1' 'aspa AS1 AS2' | feed cache
	wait_log cache 'serial 1:'
	table '192.0.2.0/24 24 AS2' 'aspa AS1 AS3' | feed cache
	wait_log cache 'serial 2:'
}

# The delta from serial 1 to what is served, as rtr-poke prints it.
delta_from_1() { poke serial 2 "$(session)" 1 read; }

@test "after kill -9 the last table is served at once, and routers get the net change" {
	two_serials
	delta_from_1 >before
	grep 'IPv4 Prefix + 192.0.2.0/24 24 AS2' before
	stop cache KILL || :
	serve cache --state state --http 127.0.0.1:0
	wait_log cache 'serving 2 records of .* from state/state, serial 2, 1 changes kept'
	url=http://127.0.0.1:$(sed -nE 's/.*http on .*:([0-9]+)$/\1/p' "$RUN/cache.err")
	[ "$(curl -sf "$url/healthz")" = ok ]
	curl -sf "$url/vrps" | grep "^%snapshot time=$(sed -nE 's/.* time=([^ ]*).*/\1/p' state/state | tail -1) .*serial=2"
	curl -sf "$url/delta?session=$(session)&serial=1&format=vrp" | grep '^+192.0.2.0/24 24 AS2'
	delta_from_1 >after
	same before after
	poke serial 2 "$(session)" 2 read | grep 'End of Data session [0-9]* serial 2 '
	poke reset 2 read | grep 'IPv4 Prefix + 192.0.2.0/24 24 AS2'

	# The same table takes no serial, another one the next.
	table '192.0.2.0/24 24 AS2 ripe' 'aspa AS1 AS3' | feed cache
	wait_log cache 'snapshot taken'
	table '192.0.2.0/24 24 AS3' 'aspa AS1 AS3' | feed cache
	wait_log cache 'serial 3: 2 records, 2 changed, 2 changes kept'
	curl -sf "$url/status" | jq -e '.rtr.serial == 3 or .table.serial == 3'
	poke serial 2 "$(session)" 1 read | grep 'serial 3 '
	stop cache
	vrp-merge -q state/state | grep -v '^[%~]' >held
	printf '%s\n' '192.0.2.0/24 24 AS3 - -' 'aspa AS1 AS3 - -' >want
	same want held
}

@test "newer expiries are kept, and what has expired meanwhile leaves at the start" {
	serve cache --state state
	table "192.0.2.0/24 24 AS1 ripe $(($(date +%s) + 2))" "198.51.100.0/24 24 AS1 ripe $(($(date +%s) + 2))" | feed cache
	wait_log cache 'serial 1:'
	later=$(($(date +%s) + 600))
	table "192.0.2.0/24 24 AS1 ripe $later" "198.51.100.0/24 24 AS1 ripe $((later - 599))" | feed cache
	# As a change, or in a file that has been written anew.
	wait_for grep -q "192.0.2.0/24 24 AS1 ripe $later" state/state
	stop cache KILL || :
	sleep 2
	serve cache --state state
	wait_log cache 'serial 2: 1 records, 1 changed'
	poke serial 2 "$(session)" 1 read | grep 'IPv4 Prefix - 198.51.100.0/24'
}

@test "data that is too old is not served, and the next table is a change to it" {
	TIME=$(date -u -d '10 seconds ago' +%FT%TZ) two_serials
	stop cache KILL || :
	serve cache --state state --max-age 5
	wait_log cache 'is too old to be served, serial 2 goes on with the next table'
	poke reset 2 read | grep 'No Data Available'
	table '192.0.2.0/24 24 AS2' 'aspa AS1 AS3' | feed cache
	wait_log cache 'serial 2: 2 records, 0 changed'
	poke serial 2 "$(session)" 1 read | grep 'End of Data session [0-9]* serial 2 '
}

@test "the shrink guard compares with what was served before" {
	two_serials
	stop cache KILL || :
	serve cache --state state --max-shrink 20
	table '192.0.2.0/24 24 AS2' | feed cache
	wait_log cache 'table held back'
}

@test "a directory is used once at a time, by its owner" {
	two_serials
	run -2 rtr-serve -l 127.0.0.1:0 --state state </dev/null
	[[ $output = *"state: another rtr-serve keeps its state there" ]]
	stop cache
	chmod 777 state
	run -2 rtr-serve -l 127.0.0.1:0 --state state </dev/null
	[[ $output = *"mode 0777 lets others write to it" ]]
	run -2 rtr-serve -l 127.0.0.1:0 --state /proc/none </dev/null
	run -2 rtr-serve -l 127.0.0.1:0 --state /dev/null </dev/null
	[[ $output = *"Not a directory" ]]
}

@test "the state belongs to --user, below --chroot" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	chmod 755 . && mkdir -m 755 root && mkdir root/state && chown 65534:65534 root/state
	serve cache --user 65534:65534 --chroot "$PWD/root" --state /state
	table '192.0.2.0/24 24 AS1' | feed cache
	wait_log cache 'serial 1:'
	[ "$(stat -c %u:%a root/state/state)" = 65534:640 ]
	stop cache KILL || :
	serve cache --user 65534:65534 --chroot "$PWD/root" --state /state
	wait_log cache 'serving 1 records'
}

@test "a damaged file is named and set aside, a torn one goes on from its last good change" {
	two_serials
	stop cache KILL || :
	cp state/state whole

	sed 's/AS1 - -/AS7 - -/' whole >state/state
	serve cache --state state
	wait_log cache 'state/state:1: what begins here is not what was written, by its SHA-256; set aside as state.damaged-[0-9]*T[0-9]*Z, routers'
	stop cache
	[ "$(find state -name 'state.damaged-*' | wc -l)" -eq 1 ]
	[ ! -e state/state ]

	head -c -3 whole >state/state
	serve cache --state state
	wait_log cache 'the last change is torn and left out, serial 1 stands'
	table '192.0.2.0/24 24 AS5' 'aspa AS1 AS3' | feed cache
	wait_log cache 'serial [0-9]{9}: 2 records'
	poke serial 2 "$(session)" 1 read | grep 'IPv4 Prefix + 192.0.2.0/24 24 AS5'
	stop cache
}

@test "a file that is not there yet is waited for when there is a table to serve" {
	run -2 rtr-serve -l 127.0.0.1:0 --state state table
	[[ $output = *'table: No such file or directory' ]]
	table '192.0.2.0/24 24 AS1' >table
	serve cache --state state table
	wait_log cache 'serial 1:'
	stop cache
	rm table
	serve cache --state state table
	wait_log cache 'serving 1 records'
	wait_log cache 'table: No such file or directory; the table stays as it is'
	poke reset 2 read | grep 'IPv4 Prefix + 192.0.2.0/24 24 AS1'
	table '192.0.2.0/24 24 AS2' >next
	mv next table
	wait_log cache 'serial 2:'
}

@test "a full disk is logged, and routers are served" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	mkdir -m 700 state
	unshare -m true || skip "no mount namespaces"
	cat >full <<-'END'
		mount -t tmpfs -o size=16k,mode=700 none state || exit 77
		exec rtr-serve "$@"
	END
	start_fed cache unshare -m bash full -l 127.0.0.1:0 --state state
	wait_log cache 'listening on'
	PORT=$(port_of cache)
	table '192.0.2.0/24 24 AS1' | feed cache
	wait_log cache 'serial 1:'
	{ echo %snapshot && seq 0 999 | sed -E 's|(.*)|2001:db8:\1::/48 48 AS64496 - -|' && echo '~end'; } | feed cache
	wait_log cache 'state/state: cannot write: No space left on device; routers are served'
	wait_log cache 'serial [0-9]{9}: 1000 records'
	poke reset 2 read | grep -c Prefix | grep -x 1000
	table '192.0.2.0/24 24 AS2' | feed cache
	wait_log cache 'serial [0-9]{9}: 1 records'
}

@test "killed at any moment, it gives no serial twice and no router loads the table anew" {
	run -0 "$VRP_TOOLS/crashes" -n "${CRASHES:-30}" -m 60 "$PWD/sock" rtr-serve -q --notify-interval 0 -l "unix:$PWD/sock" --state state
	# A kill within a write tears what nobody was told; no other reason makes a serial jump.
	[[ $output =~ \ ([0-9]+)\ jumps,\  ]]
	[ "${BASH_REMATCH[1]}" -le "$(grep -c 'the last change is torn' <<<"$output")" ]
	vrp-merge -q state/state >/dev/null
}
