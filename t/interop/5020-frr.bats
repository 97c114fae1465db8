# SPDX-License-Identifier: ISC
# FRR's bgpd with its RPKI module, and rtr-serve.
load ../lib
load routers

setup_file() {
	make_feed
	start_cache <"$RUN/base.vrp"
	frr_start
}

@test "FRR gets exactly the VRPs of the real snapshot" {
	wait_sent 1
	wait_holds frr "$RUN/want0"
}

@test "FRR follows two live updates without a full reload" {
	feed cache <"$RUN/delta6"
	wait_sent 2
	wait_holds frr "$RUN/want6"
	feed cache <"$RUN/delta12"
	wait_sent 3
	wait_holds frr "$RUN/want12"

	# The server sent the whole table once, and rtrlib's log counts the changes only.
	[ "$(grep -c 'whole table sent' "$RUN/cache.err")" -eq 1 ]
	[ "$(frr_received)" = "$(wc -l <"$RUN/want0") $(wc -l <"$RUN/gone6") $(cat "$RUN/gone12" "$RUN/new12" | wc -l) " ]
}

@test "FRR survives a restart of rtr-serve, which then has another table" {
	stop cache
	start_cache <"$RUN/base.vrp"
	wait_sent 1
	wait_holds frr "$RUN/want0"
	run -0 vtysh show rpki cache-connection
	[[ $output = *"127.0.0.1 $PORT pref 1 (connected)"* ]]
}
