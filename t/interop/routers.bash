# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# How each real router is run, unprivileged where it can be, with all of its
# files below $RUN, and how to get the VRPs it holds out of it again: one
# "prefix maxlen AS" a line, sorted.
#
# The tests of one file share one server and one router, which live from
# setup_file to teardown_file.

RUN=$BATS_FILE_TMPDIR
setup() { cd "$RUN" || return; }
teardown() { show_logs; }

# ---- the data: the bundled snapshot, and what its own expiries change in it six and twelve hours later

VALIDATED=1699396500	# 2023-11-07T22:35:00Z

# make_feed [whole]: from the whole snapshot, 386,432 VRPs, for the files that ask whether a peer takes it; else from a part.
make_feed() {
	if [ "${1-}" = whole ]; then
		snapshot_json "$RUN/feed.json"
	else
		snapshot_part "$RUN/feed.json"
	fi
	vrp-fetch -q -E --max-age 0 "$RUN/feed.json" >"$RUN/base.vrp"
	grep -v '^[%~]' "$RUN/base.vrp" >"$RUN/base.records"
	# The first update withdraws what expires; the second withdraws more, brings 100 of those
	# back, and adds some that were never there.
	expires_before $((VALIDATED + 6 * 3600)) >"$RUN/gone6"
	expires_before $((VALIDATED + 12 * 3600)) | comm -13 "$RUN/gone6" - >"$RUN/gone12"
	head -n 100 "$RUN/gone6" >"$RUN/back"
	{
		cat "$RUN/back"
		seq 0 199 | sed 's|.*|198.18.&.0/24 28 AS4200000000 - -|'
		seq 1 100 | sed 's|.*|2001:db8:&::/48 64 AS64496 - -|'
	} >"$RUN/new12"
	delta <(:) "$RUN/gone6" >"$RUN/delta6"
	delta "$RUN/new12" "$RUN/gone12" >"$RUN/delta12"
	vrps <"$RUN/base.records" >"$RUN/want0"
	[ "$(wc -l <"$RUN/want0")" -ge "$([ "${1-}" = whole ] && echo 386432 || echo 24152)" ]
	vrps <"$RUN/new12" >"$RUN/new12.vrps"
	comm -23 "$RUN/want0" <(vrps <"$RUN/gone6") >"$RUN/want6"
	comm -23 "$RUN/want6" <(vrps <"$RUN/gone12") | sort - <(vrps <"$RUN/new12") >"$RUN/want12"
}

expires_before() { awk -v t="$1" '$1 ~ "/" && $5 <= t' "$RUN/base.records" | sort; }

delta() {
	echo "%delta"
	sed 's/^/-/' "$2"
	sed 's/^/+/' "$1"
	echo "~end"
}

# The VRPs of a stream on stdin in the form that all routers' tables are brought into.
vrps() { awk '$1 ~ "/" { sub("AS", "", $3); print $1, $2, $3 }' | sort; }

# start_cache ARG...: the server; the same port again when it is started once more.
start_cache() {
	start_fed cache rtr-serve -v -E --max-age 0 --notify-interval 1 --retry 1 -l "127.0.0.1:${PORT:-0}" "$@"
	wait_log cache 'listening on'
	PORT=$(port_of cache)
	export PORT
	feed cache
}

# Until the server says that it has sent serial N; only then is it worth looking at a router's table.
wait_sent() { wait_log cache "sent, serial $1\$"; }

# holds ROUTER FILE: does its table equal the file?  In wait_for, then once more for the difference.
holds() { "$1_vrps" >"$RUN/$1.vrps" && cmp -s "$RUN/$1.vrps" "$2"; }
wait_holds() { wait_for holds "$1" "$2" || same "$2" "$RUN/$1.vrps"; }

# ---- BIRD

# bird_start [LINES]: of its protocol, such as a transport.
bird_start() {
	need_peer bird
	cat >"$RUN/bird.conf" <<-END
		router id 192.0.2.1;
		log stderr all;
		roa4 table r4;
		roa6 table r6;
		protocol device {}
		protocol rpki cache {
			debug { states, events };
			roa4 { table r4; };
			roa6 { table r6; };
			remote 127.0.0.1 port $PORT;
			retry 1;
			${1-}
		}
	END
	start bird "$ROOT/t/peer" bird -f -c "$RUN/bird.conf" -s "$RUN/bird.ctl" -P "$RUN/bird.pidfile"
}

birdc() { peer birdc -s "$RUN/bird.ctl" "$@"; }

# 1.0.0.0/24-24 AS13335  [cache 10:00:00.000] * (100)
bird_vrps() {
	{ birdc 'show route table r4' && birdc 'show route table r6'; } |
		sed -nE 's|^([^ ]+/[0-9]+)-([0-9]+) AS([0-9]+) .*|\1 \2 \3|p' | sort
}

# How many routes BIRD has taken, "updates" or "withdraws": the sum of both channels' "Import updates:  received ..." lines.
bird_imports() { birdc show protocols all cache | awk -v what="$1:" '$1 == "Import" && $2 == what { n += $3 } END { print n + 0 }'; }

# ---- FRR

frr_start() {
	need_peer frr-bgpd
	mkdir -p "$RUN/frr"
	cat >"$RUN/frr/bgpd.conf" <<-END
		rpki
		 rpki retry_interval 1
		 rpki cache 127.0.0.1 $PORT preference 1
		exit
	END
	# vtysh asks PAM unless this says that it need not.
	echo "username $(id -un) nopassword" >"$RUN/frr/vtysh.conf"
	start frr "$ROOT/t/peer" frr-bgpd --no_kernel --no_zebra --skip_runas --bgp_port 0 --vty_port 0 \
		--vty_socket "$RUN/frr" --pid_file "$RUN/frr/pidfile" --config_file "$RUN/frr/bgpd.conf" \
		-M "$(frr_module)" --log stdout
}

frr_module() { ls "$VRP_PEERS"/root/usr/lib/*/frr/modules/bgpd_rpki.so /usr/lib/*/frr/modules/bgpd_rpki.so 2>/dev/null | head -n 1; }

vtysh() { peer vtysh --vty_socket "$RUN/frr" --config_dir "$RUN/frr" -d bgpd -c "$*"; }

# 1.0.0.0                                     24 -  24        13335
frr_vrps() { vtysh show rpki prefix-table | awk '$3 == "-" { print $1 "/" $2, $4, $5 }' | sort; }

# The prefix PDUs of each response, as rtrlib logs them.
frr_received() { cat "$RUN"/frr.{out,err} | sed -nE 's/.*Sync successful, received ([0-9]+) Prefix PDUs.*/\1/p' | tr '\n' ' '; }

# ---- OpenBGPD, which insists on root, a user of its own and a chroot: it gets all three in a directory

obgpd_start() {
	local lib root=$RUN/openbgpd program

	need_peer openbgpd
	[ "$(id -u)" -eq 0 ] || skip "OpenBGPD runs as root only"
	program=$(peer --path openbgpd)
	mkdir -p "$root"/{etc,run/openbgpd,usr/sbin,var/empty}
	cp "$program" "$(peer --path bgpctl)" "$root/usr/sbin"
	for lib in $(ldd "$program" | grep -oE '/[^ ]+' | sort -u); do
		install -D "$lib" "$root/$lib"
	done
	echo "_openbgpd:x:65534:65534::/var/empty:/bin/false" >"$root/etc/passwd"
	echo "_openbgpd:x:65534:" >"$root/etc/group"
	cat >"$root/etc/bgpd.conf"
	chmod 600 "$root/etc/bgpd.conf"
	start obgpd chroot "$root" /usr/sbin/bgpd -d -v -f /etc/bgpd.conf
}

bgpctl() { chroot "$RUN/openbgpd" /usr/sbin/bgpctl "$@"; }

# Of how many prefixes it has VRPs, IPv4 and IPv6, and the same of a file as `vrps` makes it.
obgpd_sets() { bgpctl show sets | awk '$1 == "ROA" { print $(NF - 3), $(NF - 2) }'; }
obgpd_sets_of() { echo "$(prefixes "$1" '\.') $(prefixes "$1" ':')"; }
prefixes() { cut -d ' ' -f 1 "$1" | sort -u | grep -c "$2"; }

# ---- rtrclient

# It prints ASes as signed numbers; the first line is "Sync done".
rtrclient_vrps() {
	need_peer rtrclient
	peer rtrclient -e -t csv tcp 127.0.0.1 "$PORT" 2>"$RUN/rtrclient.log" |
		awk -F ', *' 'NF == 4 { printf "%s/%s %s %.0f\n", $1, $2, $3, $4 < 0 ? $4 + 4294967296 : $4 }' | sort
}

# ---- StayRTR

stayrtr_start() {
	local port

	need_peer stayrtr
	port=$(free_port)
	start stayrtr "$ROOT/t/peer" stayrtr -cache "$1" -checktime=false -bind "127.0.0.1:$port" -metrics.addr ""
	STAYRTR=127.0.0.1:$port
}
