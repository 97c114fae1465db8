# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# TCP-MD5 with keys that another program set.  The RTR of BIRD 2.0, OpenBGPD 7.7
# and FRR 8.4 has no TCP-MD5, but BIRD's BGP has: the kernel lets its connections
# in when the keys are the same, and rtr-serve then refuses what isn't RTR.
load ../lib
load routers

setup() {
	need_peer bird
	cd "$BATS_TEST_TMPDIR" || return
	RUN=$BATS_TEST_TMPDIR
	printf '127.0.0.2 md5 correct-horse\n127.0.0.3 md5 battery-staple\n' >keys
	chmod 600 keys
	serve cache --tcp-keys keys
	wait_log cache 'keys: 2 TCP keys'
}

teardown() {
	show_logs
	stop_all
}

# A BGP session from this address with this password.
bgp() {
	cat <<-END
		router id 192.0.2.1;
		log stderr all;
		protocol device {}
		protocol bgp {
			local $1 as 64496;
			neighbor 127.0.0.1 port $PORT as 64497;
			strict bind yes;
			multihop;
			password "$2";
			connect delay time 1;
			connect retry time 1;
			error wait time 1, 2;
			ipv4 { import none; export none; };
		}
	END
}

@test "BIRD connects with the key of its address, and not with another" {
	bgp 127.0.0.2 correct-horse >good.conf
	bgp 127.0.0.3 correct-horse >bad.conf
	start bad "$ROOT/t/peer" bird -f -c bad.conf -s bad.ctl -P bad.pid
	start good "$ROOT/t/peer" bird -f -c good.conf -s good.ctl -P good.pid
	wait_log cache '127\.0\.0\.2:[0-9]+ connected'
	wait_log cache '127\.0\.0\.2:[0-9]+ disconnected: '
	# Both have tried by now; the other's segments were dropped by the kernel.
	wait_for eval '[ "$(grep -c "127\.0\.0\.2:.* connected" "$RUN/cache.err")" -ge 2 ]'
	[ "$(grep -c '127\.0\.0\.3:' "$RUN/cache.err")" -eq 0 ]
	alive bad
}
