# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# rtr-serve --state is killed and started again: BIRD, FRR and OpenBGPD go on with their sessions, and none loads the table anew.
load ../lib
load routers

setup_file() {
	make_feed
	# Behind a start comes a snapshot first.
	cat "$RUN/base.vrp" "$RUN/delta6" | vrp-merge -q >"$RUN/table6"
	cat "$RUN/base.vrp" "$RUN/delta6" "$RUN/delta12" | vrp-merge -q >"$RUN/table12"
	start_cache --state "$RUN/state" <"$RUN/base.vrp"
	bird_start
	frr_start
	obgpd_start <<-END
		AS 64496
		router-id 192.0.2.1
		fib-update no
		listen on 127.0.0.1 port $(free_port)
		rtr 127.0.0.1 { port $PORT }
	END
}

# What the cache that runs now has sent to how many routers.
sent() { grep -c "$1\$" "$RUN/cache.err"; }
have() { [ "$(sent "$1")" -ge 3 ]; }

obgpd_has() { [ "$(obgpd_sets)" = "$(obgpd_sets_of "$1")" ]; }

all_hold() {
	wait_holds bird "$1"
	wait_holds frr "$1"
	wait_for obgpd_has "$1"
}

@test "three routers load the table once, and a killed cache goes on with their sessions and gives them the net change" {
	wait_for have 'whole table sent, serial 1'
	all_hold "$RUN/want0"

	# With no input at all.
	stop cache KILL || :
	start_cache --state "$RUN/state" </dev/null
	wait_for have 'speaks version .*: delta sent, serial 1'
	[ "$(sent 'whole table sent, serial .*')" -eq 0 ]
	all_hold "$RUN/want0"
	feed cache <"$RUN/table6"
	wait_log cache 'serial 2:'

	# With another table behind it, whether they have had the one before or not.
	stop cache KILL || :
	start_cache --state "$RUN/state" <"$RUN/table12"
	wait_log cache 'serial 3:'
	wait_for have 'sent, serial 3'
	[ "$(sent 'whole table sent, serial .*')" -eq 0 ]
	all_hold "$RUN/want12"

	# BIRD and rtrlib, which is what FRR has, know of nothing else either.
	[ "$(bird_imports updates)" -eq $(($(wc -l <"$RUN/want0") + $(wc -l <"$RUN/new12"))) ]
	[ "$(frr_received | tr ' ' '\n' | grep -c "^$(wc -l <"$RUN/want0")\$")" -eq 1 ]
}
