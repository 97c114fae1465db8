# SPDX-License-Identifier: ISC
# OpenBGPD and rtr-serve.
#
# bgpctl shows how many prefixes have VRPs, but not the VRPs.  What OpenBGPD
# holds shows in what it does: BIRD announces to it a route for every VRP (as
# long as it allows) and for one in eight a route one bit too long, 430,000 in
# all of the whole snapshot, and the origin validation state of each must be what RFC 6811 says.
load ../lib
load routers

setup_file() {
	local bgp_port feeder_port

	need_peer bird
	make_feed
	start_cache <"$RUN/base.vrp"
	bgp_port=$(free_port)
	feeder_port=$(free_port)
	obgpd_start <<-END
		AS 64496
		router-id 192.0.2.1
		fib-update no
		listen on 127.0.0.1 port $bgp_port
		rtr 127.0.0.1 { port $PORT }
		neighbor 127.0.0.1 {
			remote-as 64497
			passive
			announce IPv4 unicast
			announce IPv6 unicast
			announce add-path recv yes
			enforce neighbor-as no
		}
		allow from any
	END
	"$BATS_TEST_DIRNAME/rov.pl" probes "$RUN/want0" "$RUN/new12.vrps" >"$RUN/routes"
	feeder_conf "$bgp_port" "$feeder_port" >"$RUN/feeder.conf"
	wait_log obgpd 'listening on'
	start feeder "$ROOT/t/peer" bird -f -c "$RUN/feeder.conf" -s "$RUN/feeder.ctl" -P "$RUN/feeder.pidfile"
	"$BATS_TEST_DIRNAME/rov.pl" states "$RUN/routes" "$RUN"/want{0,6,12}
	for set in want0 want6 want12; do
		sort -o "$RUN/$set.states" "$RUN/$set.states"
	done
}

# Routes of one prefix by several ASes need a protocol each in BIRD, and add-path to be announced.
feeder_conf() {
	cat <<-END
		router id 192.0.2.2;
		log stderr all;
		ipv4 table m4;
		ipv6 table m6;
		protocol device {}
		protocol bgp {
			local 127.0.0.1 port $2 as 64497;
			neighbor 127.0.0.1 port $1 as 64496;
			multihop;
			connect delay time 1;
			connect retry time 1;
			ipv4 { table m4; import none; export all; add paths tx; next hop address 192.0.2.2; };
			ipv6 { table m6; import none; export all; add paths tx; next hop address 2001:db8::2; };
		}
	END
	awk '{ print ($1 ~ ":" ? 6 : 4), ++nth[$1], $0 }' "$RUN/routes" | sort -s -k1,2 | awk '
		$1 $2 != last {
			if (last) print "}"
			last = $1 $2
			print "protocol static { ipv" $1 " { table m" $1 "; };"
		}
		{ print "route " $3 " blackhole { bgp_path.prepend(" $4 "); };" }
		END { print "}" }'
}

#         V 1.0.0.0/24           192.0.2.2         100     0 64497 13335 i
obgpd_states() { bgpctl show rib in | sed -nE 's/^.*([NV!]) +([^ ]+\/[0-9]+) .* ([0-9]+) [ie?]$/\1 \2 \3/p' | sort; }

# What bgpd logs when it has gone over its routes again with other VRPs.
reloaded() { [ "$(grep -c 'ROA softreload done' "$RUN/obgpd.err")" -ge "$1" ]; }

holds() { "$1_states" >"$RUN/$1.states" && cmp -s "$RUN/$1.states" "$2"; }
wait_holds() { wait_for holds "$1" "$2" || same "$2" "$RUN/$1.states"; }

all_there() { [ "$(bgpctl show neighbor 127.0.0.1 | awk '$1 == "Prefixes" { print $3; exit }')" = "$(wc -l <"$RUN/routes")" ]; }

@test "OpenBGPD finds every route in the state that the real snapshot gives it" {
	WAIT=$((WAIT * 3)) wait_for all_there
	wait_holds obgpd "$RUN/want0.states"
	[ "$(wc -l <"$RUN/want0.states")" -gt "$(wc -l <"$RUN/want0")" ]
	[ "$(obgpd_sets)" = "$(obgpd_sets_of "$RUN/want0")" ]
}

@test "OpenBGPD follows two live updates without a full reload" {
	feed cache <"$RUN/delta6"
	wait_sent 2
	wait_for reloaded 2
	wait_holds obgpd "$RUN/want6.states"
	feed cache <"$RUN/delta12"
	wait_sent 3
	wait_for reloaded 3
	wait_holds obgpd "$RUN/want12.states"
	[ "$(grep -c 'whole table sent' "$RUN/cache.err")" -eq 1 ]
	[ "$(obgpd_sets)" = "$(obgpd_sets_of "$RUN/want12")" ]
}

@test "OpenBGPD survives a restart of rtr-serve, which then has another table" {
	stop cache
	start_cache <"$RUN/base.vrp"
	wait_sent 1
	wait_for reloaded 4
	wait_holds obgpd "$RUN/want0.states"
}
