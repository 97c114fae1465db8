# SPDX-License-Identifier: ISC
# An RTR proxy: two caches, rtr-dump -f | vrp-slurm | rtr-serve, and routers behind it.
load ../lib
load routers

# origin NAME: one of the caches in front, with the table on stdin; the same port again when it starts once more
origin() {
	local port=${1}_PORT

	start_fed "$1" rtr-serve -v -E --max-age 0 --notify-interval 1 --retry 1 -l "127.0.0.1:${!port:-0}"
	wait_log "$1" 'listening on'
	export "$port=$(port_of "$1")"
	feed "$1"
	wait_log "$1" 'serial 1:'
}

# want FILE: what routers shall hold of a table, after the exceptions
want() { { awk '$3 != 3741' "$1"; echo '192.0.2.0/24 32 64496'; } | sort >"$RUN/want"; }

routers_hold_it() {
	wait_holds bird "$RUN/want"
	rtrclient_vrps >"$RUN/rtrclient.vrps"
	same "$RUN/want" "$RUN/rtrclient.vrps"
}

setup_file() {
	need_peer bird
	need_peer rtrclient
	make_feed
	cat >"$RUN/local.json" <<-END
		{"slurmVersion": 1,
		 "validationOutputFilters": {"prefixFilters": [{"asn": 3741}], "bgpsecFilters": []},
		 "locallyAddedAssertions": {"prefixAssertions": [{"asn": 64496, "prefix": "192.0.2.0/24", "maxPrefixLength": 32}],
		                            "bgpsecAssertions": []}}
	END
	origin A <"$RUN/base.vrp"
	{ echo %snapshot; cut -d ' ' -f 1-4 "$RUN/new12"; grep -v '^[%~]' "$RUN/base.vrp" | grep -v -x -F -f "$RUN/gone6"; echo '~end'; } |
		sort >"$RUN/b.vrp"
	origin B <"$RUN/b.vrp"
	mkfifo "$RUN/dump.out" "$RUN/slurm.out"
	start follow bash -c 'exec rtr-dump -f --retry 1s -p 1 127.0.0.1:$0 -p 2 127.0.0.1:$1 >"$2"/dump.out' "$A_PORT" "$B_PORT" "$RUN"
	start slurm bash -c 'exec vrp-slurm -qw -f "$0"/local.json <"$0"/dump.out >"$0"/slurm.out' "$RUN"
	start cache bash -c 'exec rtr-serve -v --max-age 0 --notify-interval 1 --retry 1 -l 127.0.0.1:0 <"$0"/slurm.out' "$RUN"
	wait_log cache 'serial 1:'
	PORT=$(port_of cache)
	export PORT
	bird_start
	# By the time of the first change the second is past in which rtr-serve sends no further Notify.
	start sink rtr-dump -f "127.0.0.1:$PORT"
	wait_for grep -q '^~end' "$RUN/sink.out"
}

@test "routers behind the proxy hold the first cache's table with the exceptions" {
	want "$RUN/want0"
	routers_hold_it
	not logged B connected
}

@test "a change at the first cache reaches the router behind the proxy as a delta" {
	local began
	began=${EPOCHREALTIME/./}
	feed A <"$RUN/delta6"
	until [ "$(grep -c '^~end' "$RUN/sink.out")" -ge 2 ]; do sleep 0.002; done
	echo "# a change of $(wc -l <"$RUN/gone6") records was through in $(((${EPOCHREALTIME/./} - began) / 1000)) ms" >&3
	[ "$(grep -c '^%delta' "$RUN/sink.out")" -eq 1 ]
	want "$RUN/want6"
	routers_hold_it
}

@test "the first cache is killed: the routers get the second's table, and the first's when it is back" {
	stop A KILL || :
	wait_log follow 'now from tcp://127.0.0.1:'"$B_PORT"
	want <(vrps <"$RUN/b.vrp")
	routers_hold_it
	# What is started here ends with this test.
	origin A <"$RUN/base.vrp"
	wait_log follow 'now from tcp://127.0.0.1:'"$A_PORT"
	want "$RUN/want0"
	routers_hold_it
	wait_log B 'disconnected'
	# From the table to here in three steps, each a delta.
	logged cache 'serial 4:'
	not logged cache 'serial 5:'
	[ "$(grep -c 'snapshot taken' "$RUN/cache.err")" -eq 1 ]
	[ "$(grep -c 'delta taken' "$RUN/cache.err")" -eq 3 ]
	# BIRD and rtr-dump were sent the whole table once.
	[ "$(grep -c 'speaks version 2: whole table sent' "$RUN/cache.err")" -eq 2 ]
	[ "$(grep -c 'speaks version 2' "$RUN/cache.err")" -eq 2 ]
	[ "$(grep -c '^%delta' "$RUN/sink.out")" -eq 3 ]
}
