# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2046,SC2086,SC2154
# rtr-serve over TCP, item by item: S1 to S31 are what RFC 8210 and 8210bis
# (draft-ietf-sidrops-8210bis-27) ask of a cache; t/unit/test_rtr_session.c has
# them byte by byte.  How the input becomes tables is in 4010, hostile routers
# are in 4020.

load lib

KEY='router-key 64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC'
REPORT=010a0000000000100000000000000000

poke() { "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" "$@"; }

# The lines of a block on standard input as a snapshot, and wait for its serial.
table() {
	{ echo %snapshot; cat; echo ~end; } | feed cache
	wait_log cache "serial $1:"
}

# A cache that serves the standard input as serial 1.
cache() {
	serve cache "$@"
	table 1
}

# Session IDs are random: the same for a version all through a test.
plain() { sed -E 's/session [0-9]+/session S/' "$@"; }

# What a router of these commands reads.
reads() { poke "$@" >"$RUN/got.raw"; local rc=$?; plain "$RUN/got.raw"; return $rc; }

session_of() { poke reset "$1" read | sed -n 's/.*Cache Response session //p'; }

# A router that stays: `tell ROUTER COMMAND...` and wait for what it reads.
router() {
	start_fed "$1" "$VRP_TOOLS/rtr-poke" -i -t 20 127.0.0.1 "$PORT"
}
tell() {
	local name=$1
	shift
	echo "$*" | feed "$name"
}
read_out() { grep -qE -e "$2" "$RUN/$1.out"; }
wait_out() { wait_for read_out "$@" || { cat "$RUN/$1.out" >&2; return 1; }; }

@test "S1 plain TCP, any number of addresses, IPv4 and IPv6" {
	serve cache -l 127.0.0.1:0 -l '[::1]:0'
	table 1 <<<'192.0.2.0/24 24 64496'
	[ "$(grep -c 'listening on' "$RUN/cache.err")" -eq 3 ]
	for at in $(sed -n 's/.*listening on //p' "$RUN/cache.err"); do
		host=${at%:*} host=${host#[} host=${host%]}
		run -0 "$VRP_TOOLS/rtr-poke" "$host" "${at##*:}" reset 1 read
		[ "$(grep -c 192.0.2.0/24 <<<"$output")" -eq 1 ]
	done
}

@test "S2 TCP keepalive is on" {
	cache <<<'192.0.2.0/24 24 64496'
	router r
	tell r reset 1 read
	wait_out r 'End of Data'
	# The cache's side of the connection has a keepalive timer: 02 in the timer field of /proc/net/tcp.
	hex=$(printf '0100007F:%04X' "$PORT")
	run -0 awk -v local="$hex" '$2 == local && $4 == "01" { print substr($6, 1, 2) }' /proc/net/tcp
	[ "$output" = 02 ]
}

@test "S3 PDUs are packed, not one segment each" {
	cache < <(for i in $(seq 0 255); do echo "10.0.$i.0/24 24 64496"; done)
	writes() { awk '$1 == "syscw:" { print $2 }' "/proc/$(pid_of cache)/io"; }
	before=$(writes)
	poke reset 1 read >got
	after=$(writes)
	[ "$(grep -c 'IPv4 Prefix' got)" -eq 256 ]
	# With TCP_NODELAY a write is a segment: the response, and some lines of the log.
	[ $((after - before)) -lt 10 ]
}

@test "S4 reserved fields are zero, and ignored on receipt" {
	cache <<<$'192.0.2.0/24 24 64496\n2001:db8::/32 48 64497\naspa 1 2'
	poke raw hex 0202ffff00000008 read >got
	grep '^[0-9a-f]*$' got >hex
	same hex - <<-END
		$(sed -n 1p hex)
		020400000000001401181800c00002000000fbf0
		02060000000000200120300020010db80000000000000000000000000000fbf1
		020b0100000000100000000100000002
		$(sed -n 5p hex)
	END
	[ "$(sed -n 1p hex | cut -c1-4,9-)" = 020300000008 ]
}

@test "S5 the first query's version is the session's, on every PDU" {
	cache <<<'192.0.2.0/24 24 64496'
	for v in 0 1 2; do
		reads reset $v read >got
		[ "$(wc -l <got)" -eq 3 ]
		run -0 grep -c "^v$v " got
		[ "$output" -eq 3 ]
	done
	# The timers are told from version 1 on.
	run -0 reads reset 0 read
	[ "${lines[2]}" = 'v0 End of Data session S serial 1' ]
}

@test "S6 a version above ours gets Error 4 with our own highest version" {
	for highest in 0 1 2; do
		serve cache$highest --max-version $highest
		for asked in $((highest + 1)) 7 255; do
			run -0 poke reset $asked read reset $highest read
			[[ ${lines[0]} == "v$highest Error Report 4 (Unsupported Protocol Version) "* ]]
			# The connection is there for the next try.
			[[ ${lines[1]} == "v$highest Error Report 2 (No Data Available) "* ]]
		done
		stop cache$highest
	done
}

@test "S6 a router that insists on a version we don't speak is closed" {
	serve cache --max-version 1
	run -0 poke reset 2 read reset 2 read reset 2 eof
	[ "${lines[-1]}" = closed ]
	run -0 grep -c 'v1 Error Report 4' <<<"$output"
	[ "$output" -eq 3 ]
	wait_log cache 'disconnected: Unsupported Protocol Version'
}

@test "S7 every version up to the highest is served" {
	cache --max-version 2 <<<'192.0.2.0/24 24 64496'
	for v in 0 1 2; do
		run -0 reads reset $v read
		[[ ${lines[-1]} == "v$v End of Data"* ]]
	done
}

@test "S8 no Notify before the first accepted query" {
	cache --notify-interval 0 --max-version 1 <<<'192.0.2.0/24 24 64496'
	router silent
	wait_log cache 'connected \(1 clients\)'
	router refused
	tell refused reset 2 read
	wait_out refused 'Error Report 4'
	router served
	tell served reset 1 read
	wait_out served 'End of Data'
	table 2 <<<'192.0.2.0/24 25 64496'
	tell served read 1
	wait_out served 'Serial Notify'
	# By then the others would have had theirs.
	tell silent quiet 1
	tell refused quiet 1
	wait_out silent quiet
	wait_out refused quiet
}

@test "S9 another version later on is Error 8, in version 0 Error 3, and the end" {
	cache <<<'192.0.2.0/24 24 64496'
	run -0 poke reset 2 read reset 1 eof
	[[ ${lines[-2]} == 'v2 Error Report 8 (Unexpected Protocol Version)'*'about 0102000000000008' ]]
	[ "${lines[-1]}" = closed ]
	run -0 poke reset 0 read reset 1 eof
	[[ ${lines[-2]} == 'v0 Error Report 3 (Invalid Request)'* ]]
	# But an Error Report of another version is not answered.
	run -0 poke reset 2 read hex $REPORT eof
	[ "${lines[-1]}" = closed ]
	[[ ${lines[-2]} == 'v2 End of Data'* ]]
}

@test "S10 session IDs differ between versions and between restarts" {
	for n in 1 2 3; do
		serve cache$n
		printf '%s\n' %snapshot ~end | feed cache$n
		wait_log cache$n 'serial 1:'
		for v in 0 1 2; do session_of $v; done >ids
		[ "$(sort -u ids | wc -l)" -eq 3 ]
		cat ids >>all
		stop cache$n
	done
	# Nine of 65,536: two that are the same by chance happen once in 1,800 runs, three pairs never.
	[ "$(sort -u all | wc -l)" -ge 7 ]
}

@test "S11 serials start at 1 or above, and serial 0 is never a base" {
	cache <<<'192.0.2.0/24 24 64496'
	session=$(session_of 1)
	run -0 poke serial 1 "$session" 0 read reset 1 read
	[ "${lines[0]}" = 'v1 Cache Reset' ]
	[[ ${lines[-1]} == *'serial 1 '* ]]
}

@test "S12 a response is one version of the table, whatever comes meanwhile" {
	{ echo %snapshot; seq -f '10.0.0.0/%g' 8 32 | sed 's/$/ 32 1/'; echo ~end; } >first
	seq 0 99999 | awk 'BEGIN { print "%snapshot" } { printf "%d.%d.%d.0/24 24 1\n", 20 + $1 / 65536, $1 / 256 % 256, $1 % 256 }
		END { print "~end" }' >one
	sed 's/ 1$/ 2/' one >two
	serve cache --notify-interval 0
	feed cache <one
	wait_log cache 'serial 1:'
	router slow
	tell slow reset 1 read 1000
	wait_out slow 'Cache Response'
	feed cache <two
	wait_log cache 'serial 2:'
	tell slow read
	wait_out slow 'End of Data'
	# All of the first table, nothing of the second, and no Notify before its end.
	[ "$(grep -c ' AS1$' slow.out)" -eq 100000 ]
	[ "$(grep -c ' AS2$' slow.out)" -eq 0 ]
	[[ $(tail -n 1 slow.out) == 'v1 End of Data session '*' serial 1 '* ]]
	tell slow read 1
	wait_out slow 'Serial Notify session [0-9]+ serial 2$'
}

@test "S13 Reset Query: Cache Response, everything announced, End of Data" {
	cache <<<$'192.0.2.0/24 24 64496\n2001:db8::/32 48 64497\n'"$KEY"$'\naspa 1 2,3'
	reads reset 2 read >got
	same got - <<-END
		v2 Cache Response session S
		v2 IPv4 Prefix + 192.0.2.0/24 24 AS64496
		v2 IPv6 Prefix + 2001:db8::/32 48 AS64497
		v2 Router Key + AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC
		v2 ASPA + AS1 AS2,AS3
		v2 End of Data session S serial 1 refresh 3600 retry 600 expire 7200
	END
}

@test "S14 Serial Query: the net change, or nothing and still a whole response" {
	cache <<<$'192.0.2.0/24 24 1\n198.51.100.0/24 24 1'
	table 2 <<<$'192.0.2.0/24 24 1\n203.0.113.0/24 24 1'
	session=$(session_of 1)
	reads serial 1 $session 1 read serial 1 $session 2 read >got
	same got - <<-END
		v1 Cache Response session S
		v1 IPv4 Prefix + 203.0.113.0/24 24 AS1
		v1 IPv4 Prefix - 198.51.100.0/24 24 AS1
		v1 End of Data session S serial 2 refresh 3600 retry 600 expire 7200
		v1 Cache Response session S
		v1 End of Data session S serial 2 refresh 3600 retry 600 expire 7200
	END
}

@test "S15 old, unknown and future serials get Cache Reset, and the connection stays" {
	cache --history 2 <<<'10.0.0.0/8 8 1'
	for i in 2 3 4 5; do table $i <<<"$i.0.0.0/8 8 1"; done
	session=$(session_of 1)
	for serial in 0 1 2 6 4294967295 2147483648 2147483653; do
		run -0 reads serial 1 $session $serial read reset 1 read
		[ "${lines[0]}" = 'v1 Cache Reset' ]
		[[ ${lines[-1]} == 'v1 End of Data'* ]]
	done
	for serial in 3 4 5; do
		run -0 reads serial 1 $session $serial read
		[ "${lines[0]}" = 'v1 Cache Response session S' ]
	done
}

@test "S16 a session ID from before the connection gets Cache Reset, in every version" {
	cache <<<'192.0.2.0/24 24 64496'
	for v in 0 1 2; do
		session=$(session_of $v)
		run -0 reads serial $v $((session ^ 1)) 1 read reset $v read
		[ "${lines[0]}" = "v$v Cache Reset" ]
		[[ ${lines[-1]} == "v$v End of Data"* ]]
	done
}

@test "S16 a session ID other than the one that was told is Error 0 and the end" {
	cache <<<'192.0.2.0/24 24 64496'
	for v in 0 1 2; do
		session=$(session_of $v)
		run -0 poke reset $v read serial $v $((session ^ 1)) 1 eof
		[[ ${lines[-2]} == "v$v Error Report 0 (Corrupt Data)"* ]]
		[ "${lines[-1]}" = closed ]
	done
}

@test "S17 before the first table both queries get Error 2, then a Notify" {
	serve cache
	for v in 0 1 2; do
		router r$v
		tell r$v reset $v read serial $v 7 1 read
		wait_for eval '[ "$(grep -c "Error Report 2 (No Data Available)" "$RUN/r'$v'.out")" -eq 2 ]'
	done
	table 1 <<<'192.0.2.0/24 24 64496'
	for v in 0 1 2; do
		tell r$v read 1 reset $v read
		wait_out r$v "^v$v Serial Notify session [0-9]+ serial 1\$"
		wait_out r$v "^v$v End of Data"
	done
}

@test "S18 changes that cancel are not mentioned; an ASPA's change is one PDU" {
	cache <<<$'192.0.2.0/24 24 1\naspa 1 2\naspa 5 6'
	table 2 <<<$'198.51.100.0/24 24 1\naspa 1 3\naspa 5 7'
	table 3 <<<$'192.0.2.0/24 24 1\naspa 1 2\naspa 5 8'
	session=$(session_of 2)
	reads serial 2 $session 1 read >got
	same got - <<-END
		v2 Cache Response session S
		v2 ASPA + AS5 AS8
		v2 End of Data session S serial 3 refresh 3600 retry 600 expire 7200
	END
}

@test "S19 records that come twice are one PDU" {
	cache <<<$'192.0.2.0/24 24 1 ripe 9999999999\n192.0.2.0/24 - 1 apnic\n'"$KEY"$'\n'"$KEY"$' ripe\naspa 1 3\naspa 1 2,3'
	reads reset 2 read >got
	same got - <<-END
		v2 Cache Response session S
		v2 IPv4 Prefix + 192.0.2.0/24 24 AS1
		v2 Router Key + AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC
		v2 ASPA + AS1 AS2,AS3
		v2 End of Data session S serial 1 refresh 3600 retry 600 expire 7200
	END
}

@test "S20 the shortest and the longest prefixes" {
	cache <<<$'0.0.0.0/0 0 0\n255.255.255.255/32 32 4294967295\n::/0 0 1\nffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128 128 2'
	reads reset 1 read >got
	same got - <<-END
		v1 Cache Response session S
		v1 IPv4 Prefix + 255.255.255.255/32 32 AS4294967295
		v1 IPv4 Prefix + 0.0.0.0/0 0 AS0
		v1 IPv6 Prefix + ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128 128 AS2
		v1 IPv6 Prefix + ::/0 0 AS1
		v1 End of Data session S serial 1 refresh 3600 retry 600 expire 7200
	END
}

@test "S21 an ASPA is withdrawn without providers" {
	cache <<<$'aspa 1 2,3\naspa 2 0'
	table 2 <<<'aspa 2 0'
	session=$(session_of 2)
	run -0 poke raw serial 2 $session 1 read
	[ "${lines[2]}" = 'v2 ASPA - AS1' ]
	[ "${lines[3]}" = 020b00000000000c00000001 ]
}

@test "S22 no router key in version 0, no ASPA before version 2, in deltas too" {
	cache <<<"$KEY"$'\naspa 1 2'
	table 2 <<<'192.0.2.0/24 24 1'
	table 3 <<<$'192.0.2.0/24 24 1\naspa 9 8'
	for v in 0 1 2; do
		s=$(session_of $v)
		reads serial $v $s 1 read serial $v $s 2 read >got$v
	done
	same got0 - <<-END
		v0 Cache Response session S
		v0 IPv4 Prefix + 192.0.2.0/24 24 AS1
		v0 End of Data session S serial 3
		v0 Cache Response session S
		v0 End of Data session S serial 3
	END
	same got1 - <<-END
		v1 Cache Response session S
		v1 IPv4 Prefix + 192.0.2.0/24 24 AS1
		v1 Router Key - AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC
		v1 End of Data session S serial 3 refresh 3600 retry 600 expire 7200
		v1 Cache Response session S
		v1 End of Data session S serial 3 refresh 3600 retry 600 expire 7200
	END
	same got2 - <<-END
		v2 Cache Response session S
		v2 IPv4 Prefix + 192.0.2.0/24 24 AS1
		v2 Router Key - AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC
		v2 ASPA + AS9 AS8
		v2 ASPA - AS1
		v2 End of Data session S serial 3 refresh 3600 retry 600 expire 7200
		v2 Cache Response session S
		v2 ASPA + AS9 AS8
		v2 End of Data session S serial 3 refresh 3600 retry 600 expire 7200
	END
}

@test "S23 the order of PDUs: types, announcements descending, withdrawals ascending" {
	cache <<<$'10.0.0.0/24 24 1\n10.0.0.0/24 25 1\n10.0.0.0/25 25 1\n11.0.0.0/24 24 0\n11.0.0.0/24 24 1\n11.0.0.0/24 24 2\n2001:db8::/32 32 1\naspa 9 1\naspa 8 1'
	table 2 <<<$'12.0.0.0/24 24 1\n2001:db8::/32 32 1\naspa 7 1'
	session=$(session_of 2)
	reads reset 2 read 1 serial 2 $session 1 read >/dev/null || :
	poke serial 2 $session 1 read | cut -d' ' -f2- >got
	same got - <<-END
		Cache Response session $session
		IPv4 Prefix + 12.0.0.0/24 24 AS1
		IPv4 Prefix - 10.0.0.0/24 24 AS1
		IPv4 Prefix - 10.0.0.0/24 25 AS1
		IPv4 Prefix - 10.0.0.0/25 25 AS1
		IPv4 Prefix - 11.0.0.0/24 24 AS0
		IPv4 Prefix - 11.0.0.0/24 24 AS1
		IPv4 Prefix - 11.0.0.0/24 24 AS2
		ASPA + AS7 AS1
		ASPA - AS8
		ASPA - AS9
		End of Data session $session serial 2 refresh 3600 retry 600 expire 7200
	END
	table 3 <<<$'10.0.0.0/24 24 1\n10.0.0.0/24 25 1\n10.0.0.0/25 25 1\n11.0.0.0/24 24 0\n11.0.0.0/24 24 1\n11.0.0.0/24 24 2\n2001:db8::/32 32 1\naspa 9 1\naspa 8 1'
	reads reset 2 read >got
	same got - <<-END
		v2 Cache Response session S
		v2 IPv4 Prefix + 11.0.0.0/24 24 AS2
		v2 IPv4 Prefix + 11.0.0.0/24 24 AS1
		v2 IPv4 Prefix + 11.0.0.0/24 24 AS0
		v2 IPv4 Prefix + 10.0.0.0/25 25 AS1
		v2 IPv4 Prefix + 10.0.0.0/24 25 AS1
		v2 IPv4 Prefix + 10.0.0.0/24 24 AS1
		v2 IPv6 Prefix + 2001:db8::/32 32 AS1
		v2 ASPA + AS8 AS1
		v2 ASPA + AS9 AS1
		v2 End of Data session S serial 3 refresh 3600 retry 600 expire 7200
	END
}

@test "S24 End of Data has the response's session and the timers that were set" {
	cache --refresh 5m --retry 1 --expire 2d <<<'192.0.2.0/24 24 64496'
	poke reset 1 read >got
	session=$(sed -n 's/.*Cache Response session //p' got)
	[ "$(tail -n 1 got)" = "v1 End of Data session $session serial 1 refresh 300 retry 1 expire 172800" ]
}

@test "S24 timers out of their ranges are refused" {
	for bad in '--refresh 0' '--refresh 86401' '--retry 0' '--retry 7201' '--expire 599' '--expire 172801' \
		'--refresh 7200 --expire 7200' '--retry 700 --refresh 60 --expire 700' '--refresh x' '--expire 1h30'; do
		run -2 timeout 10 rtr-serve -l 127.0.0.1:0 $bad </dev/null
		[[ $output == *"rtr-serve: "* ]]
	done
}

@test "S25 one Notify for a new serial, and no more than one in the interval" {
	cache --notify-interval 3 <<<'10.0.0.0/8 8 1'
	router r
	tell r reset 1 read
	wait_out r 'End of Data'
	table 2 <<<'11.0.0.0/8 8 1'
	tell r read 1
	wait_out r 'Serial Notify session [0-9]+ serial 2$'
	start=${EPOCHREALTIME/./}
	table 3 <<<'12.0.0.0/8 8 1'
	table 4 <<<'13.0.0.0/8 8 1'
	tell r read 1
	wait_out r 'Serial Notify session [0-9]+ serial [^2]'
	# The one for serial 3 was too soon: the next is of the newest, when the interval is over.
	[[ $(tail -n 1 r.out) == *'serial 4' ]]
	[ $((${EPOCHREALTIME/./} - start)) -ge 2000000 ]
	tell r quiet 2
	wait_out r quiet
}

@test "S25 no Notify to a router that has the newest already" {
	cache --notify-interval 0 <<<'10.0.0.0/8 8 1'
	router r
	tell r reset 1 read quiet 1.5
	wait_out r quiet
	# Nor when a block changes nothing.
	printf '%s\n' %snapshot '10.0.0.0/8 8 1 ripe 9999999999' ~end %delta ~end | feed cache
	wait_log cache 'delta taken'
	tell r quiet 1.5
	wait_for eval '[ "$(grep -c quiet "$RUN/r.out")" -eq 2 ]'
}

@test "S26 what only a cache sends is Error 3, an unknown type Error 5, a wrong length Error 0" {
	cache <<<'192.0.2.0/24 24 64496'
	while read -r code hex; do
		for first in '' 'reset 1 read'; do
			run -0 poke $first hex $hex eof
			[[ ${lines[-2]} == "v1 Error Report $code "* ]]
			[ "${lines[-1]}" = closed ]
		done
	done <<-END
		3 010000010000000c00000001
		3 0103000100000008
		3 010400000000001401181800c00002000000fbf0
		3 0108000000000008
		5 0105000000000008
		5 01ff000000000008
		5 010b0000000000100000000100000002
		0 010200000000000900
		0 0101000000000008
		0 0102000000000007
		0 0102000000000000
		0 0102000000010000
		0 01020000ffffffff
	END
}

@test "S27 an Error Report is never answered, not even a malformed one" {
	cache <<<'192.0.2.0/24 24 64496'
	for hex in $REPORT 010a00000000000c00000003 010a000000000000 010a0000ffffffff 010a0000000000100000ffff00000000 \
		ff0a0000000000100000000000000000; do
		run -0 poke reset 1 read hex $hex eof
		[[ ${lines[-2]} == 'v1 End of Data'* ]]
		[ "${lines[-1]}" = closed ]
		run -0 poke hex $hex eof
		[ "$output" = closed ]
	done
	wait_log cache 'disconnected: router reported Corrupt Data'
	wait_log cache 'disconnected: router sent a malformed Error Report'
}

@test "S27 what a router says cannot forge log lines" {
	cache <<<'192.0.2.0/24 24 64496'
	# "x", newline, escape, "y" as the text of the report.
	run -0 poke hex 010a000000000014 00000000 00000004 780a1b79 eof
	wait_log cache 'router reported Corrupt Data: x\?\?y \('
}

@test "S28 an Error Report copies the PDU at fault, cut to fit one PDU" {
	cache <<<'192.0.2.0/24 24 64496'
	run -0 poke hex 0163123400000010 0102030405060708 eof
	[[ ${lines[0]} == 'v1 Error Report 5 '*'about 01631234000000100102030405060708' ]]
	{ printf '\x01\x63\x00\x00\x00\x00\xff\xff'; head -c 65527 /dev/zero; } >large
	run -0 poke file large eof
	[[ ${lines[0]} == 'v1 Error Report 5 '*'about 016300000000FFFF'* ]]
	[ "${lines[-1]}" = closed ]
}

@test "S29 a router that takes no data is closed after a bounded time, and the rest is served" {
	seq 0 199999 | awk '{ printf "%d.%d.%d.0/24 24 1\n", 20 + $1 / 65536, $1 / 256 % 256, $1 % 256 }' >records
	cache --stall-timeout 2 <records
	# Queries without end, and nothing is read.
	router stalled
	for i in $(seq 50); do tell stalled reset 1; done
	wait_log cache 'disconnected: stalled: takes no data'
	run -0 poke reset 1 read 1
}

@test "S30 a planned stop closes; with --shutdown=flush version 2 is told to forget" {
	for mode in keep flush; do
		serve cache_$mode --shutdown $mode
		printf '%s\n' %snapshot '192.0.2.0/24 24 1' ~end | feed cache_$mode
		wait_log cache_$mode 'serial 1:'
		for v in 0 1 2; do
			router r$v$mode
			tell r$v$mode reset $v read eof
			wait_out r$v$mode 'End of Data'
		done
		stop cache_$mode TERM
		for v in 0 1 2; do
			wait_out r$v$mode '^closed$'
			if [ $v$mode = 2flush ]; then
				grep -q '^v2 Error Report 13 (Cache Shutdown)' r$v$mode.out
			else
				run -1 grep 'Error Report' r$v$mode.out
			fi
		done
	done
}

@test "S31 pipelined queries are answered strictly in order" {
	cache <<<'10.0.0.0/8 8 1'
	table 2 <<<'11.0.0.0/8 8 1'
	s=$(session_of 1)
	reads join serial 1 $s 2 serial 1 $s 9 reset 1 serial 1 $s 1 send read read read read >got
	same got - <<-END
		v1 Cache Response session S
		v1 End of Data session S serial 2 refresh 3600 retry 600 expire 7200
		v1 Cache Reset
		v1 Cache Response session S
		v1 IPv4 Prefix + 11.0.0.0/8 8 AS1
		v1 End of Data session S serial 2 refresh 3600 retry 600 expire 7200
		v1 Cache Response session S
		v1 IPv4 Prefix + 11.0.0.0/8 8 AS1
		v1 IPv4 Prefix - 10.0.0.0/8 8 AS1
		v1 End of Data session S serial 2 refresh 3600 retry 600 expire 7200
	END
}

@test "S31 split and joined PDUs are the same to it" {
	cache <<<'10.0.0.0/8 8 1'
	s=$(session_of 1)
	reads reset 1 read serial 1 $s 1 read reset 1 read >want
	for n in 1 3 7 11; do
		reads split $n join reset 1 serial 1 $s 1 reset 1 send read read read >got
		same want got
	done
	# Many in one piece.
	reads join $(for i in $(seq 80); do echo serial 1 $s 1; done) send $(for i in $(seq 80); do echo read; done) >got
	[ "$(grep -c 'End of Data' got)" -eq 80 ]
}
