# SPDX-License-Identifier: ISC
# BIRD 2 and rtr-serve.
load ../lib
load routers

setup_file() {
	make_feed whole
	start_cache <"$RUN/base.vrp"
	bird_start
}

@test "BIRD gets exactly the VRPs of the real snapshot" {
	wait_sent 1
	wait_holds bird "$RUN/want0"
	[ "$(wc -l <"$RUN/want0")" -eq 386432 ]
}

@test "BIRD follows two live updates without a full reload" {
	feed cache <"$RUN/delta6"
	wait_sent 2
	wait_holds bird "$RUN/want6"
	feed cache <"$RUN/delta12"
	wait_sent 3
	wait_holds bird "$RUN/want12"

	# The server sent the whole table once, and BIRD's own counters know of nothing else either.
	[ "$(grep -c 'whole table sent' "$RUN/cache.err")" -eq 1 ]
	[ "$(bird_imports updates)" -eq $((386432 + $(wc -l <"$RUN/new12"))) ]
	[ "$(bird_imports withdraws)" -eq $(($(wc -l <"$RUN/gone6") + $(wc -l <"$RUN/gone12"))) ]
}

@test "BIRD survives a restart of rtr-serve, which then has another table" {
	stop cache
	start_cache <"$RUN/base.vrp"
	wait_sent 1
	wait_holds bird "$RUN/want0"
}
