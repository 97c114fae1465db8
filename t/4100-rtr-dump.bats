# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2046,SC2086,SC2154,SC2206
# rtr-dump against caches that say just what a test wants: what it asks, what
# it makes of the answers, how it negotiates.

load lib

# A cache that runs rtr-poke's commands; $PORT is where.
cache() {
	: >"$RUN/cache.err"	# a former cache's port is not this one's
	start cache "$VRP_TOOLS/rtr-poke" -l "$@"
	wait_log cache 'listening on'
	PORT=$(port_of cache)
}

# The cache came to its end in good order; $sent is what rtr-dump had sent it.
received() {
	wait_gone cache
	sent=$(cat "$RUN/cache.out")
}

# PDUs in hexadecimal, of version 2; session 7, serial 10.
cr='02030007 00000008'
v4='02040000 00000014 01081800 0a000000 00000001'			# 10.0.0.0/8 24 AS1
v4_gone='02040000 00000014 00081800 0a000000 00000001'
v4b='02040000 00000014 01182000 01010100 00003417'			# 1.1.1.0/24 32 AS13335
v6='02060000 00000020 01203000 20010db8 00000000 00000000 00000000 0000fbf0'	# 2001:db8::/32 48 AS64496
key='02090100 00000023 000102030405060708090a0b0c0d0e0f10111213 0000fbf0 300100'
aspa='020b0100 00000014 00000005 00000002 00000003'			# AS5: AS2, AS3
eod='02070007 00000018 0000000a 00000e10 00000258 00001c20'

# The same PDUs in another version.
v() {
	local version=$1 pdu
	shift
	for pdu; do
		if [ "$version" = 0 ] && [ "${pdu:2:2}" = 07 ]; then
			pdu="${pdu:0:8} 0000000c ${pdu:18:8}"
		fi
		printf '0%s%s ' "$version" "${pdu:2}"
	done
}

no_output() {
	[ "$status" -eq 2 ] && [ -z "$output" ] && [ -n "$stderr" ]
}

@test "a table with every kind of record, in canonical order" {
	cache accept read 1 hex $cr $v4 $v4b $v6 $key $aspa $eod eof
	run -0 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	cat >want <<-END
		%snapshot source=tcp://127.0.0.1:$PORT session=7 serial=10
		1.1.1.0/24 32 AS13335 - -
		10.0.0.0/8 24 AS1 - -
		2001:db8::/32 48 AS64496 - -
		router-key AS64496 000102030405060708090A0B0C0D0E0F10111213 MAEA - -
		aspa AS5 AS2,AS3 - -
		~end
	END
	echo "$output" >got
	same want got
	[[ $stderr == *"127.0.0.1:$PORT: version 2, session 7, serial 10: 2 IPv4, 1 IPv6, 1 router keys, 1 ASPAs, "*" seconds" ]]
	received
	[ "$sent" = $'v2 Reset Query\nclosed' ]
}

@test "an empty table is a table" {
	cache accept read 1 hex $cr $eod eof
	run -0 rtr-dump -q "127.0.0.1:$PORT"
	[ "$output" = "%snapshot source=tcp://127.0.0.1:$PORT session=7 serial=10"$'\n~end' ]
}

@test "the same in versions 0 and 1" {
	local version
	for version in 0 1; do
		cache accept read 1 hex $(v $version "$cr" "$v4" "$v6" "$eod") eof
		run -0 rtr-dump -q --rtr-version $version "tcp://127.0.0.1:$PORT"
		[ "${lines[1]}" = "10.0.0.0/8 24 AS1 - -" ]
		[ "${lines[2]}" = "2001:db8::/32 48 AS64496 - -" ]
		received
		[ "$sent" = "v$version Reset Query"$'\nclosed' ]
	done
}

@test "answers in pieces of every size" {
	local n
	for n in 1 2 3 5 7 8 9 21 50; do
		cache accept read 1 split $n hex $cr $v4 $v6 $key $aspa $eod eof
		run -0 rtr-dump -q "127.0.0.1:$PORT"
		[ "${#lines[@]}" -eq 6 ]
		stop_all
	done
}

@test "C3: Error 4 leads to the version it names" {
	cache accept read 1 error 1 4 "no such version" eof accept read 1 hex $(v 1 "$cr" "$v4" "$eod") eof
	run -0 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	[ "${lines[1]}" = "10.0.0.0/8 24 AS1 - -" ]
	[[ $stderr == *"version 1, session 7"* ]]
	received
	[ "$sent" = $'v2 Reset Query\nclosed\nv1 Reset Query\nclosed' ]
}

@test "C3: Error 4 that names no lower version leads one down, and ends at 0" {
	cache accept read 1 error 2 4 eof accept read 1 error 255 4 eof accept read 1 error 0 4 eof
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
	[ "$stderr" = "rtr-dump: 127.0.0.1:$PORT: cache sent Error Report 4 (Unsupported Protocol Version)" ]
	received
	[ "$sent" = $'v2 Reset Query\nclosed\nv1 Reset Query\nclosed\nv0 Reset Query\nclosed' ]
}

@test "C3: --rtr-version takes no other" {
	cache accept read 1 error 1 4 eof
	run -2 --separate-stderr rtr-dump --rtr-version 2 "127.0.0.1:$PORT"
	no_output
	received
}

@test "C4: a cache that just closes is asked again, one version down" {
	cache accept read 1 close accept read 1 abort accept read 1 hex $(v 0 "$cr" "$v4" "$eod") eof
	run -0 rtr-dump -q "127.0.0.1:$PORT"
	[ "${lines[1]}" = "10.0.0.0/8 24 AS1 - -" ]
	received
	[ "$sent" = $'v2 Reset Query\nv1 Reset Query\nv0 Reset Query\nclosed' ]
}

@test "C4: a cache that closes whatever the version" {
	cache accept read 1 close accept read 1 close accept read 1 close
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
	[[ $stderr == *": cache closed the connection without an answer" ]]
}

@test "C5: an answer in a lower version" {
	cache accept read 1 hex $(v 1 "$cr" "$v4" "$eod") eof
	run -0 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	[[ $stderr == *"version 1, session 7"* ]]
}

@test "C6: Notifies before the answer" {
	cache accept read 1 hex 000000630000000c00000001 hex ff0000630000000c00000001 hex $cr $v4 $eod eof
	run -0 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	[[ $stderr == *"version 2, session 7"* ]]
}

@test "C8: another session in End of Data" {
	cache accept read 1 hex $cr $v4 02070008 00000018 00000001 00000e10 00000258 00001c20 eof
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
	[[ $stderr == *"End of Data: session ID is not that of the Cache Response (Error Report 0 sent)" ]]
	received
	[[ $sent == *'v2 Error Report 0 (Corrupt Data) "session ID is not that of the Cache Response" about 02070008'* ]]
}

@test "C10, C11, C12, C13: records that don't belong there" {
	local code pdu
	while read -r code pdu; do
		cache accept read 1 hex $cr $pdu $eod eof
		run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
		no_output
		received
		[[ $sent == *"v2 Error Report $code ("* ]]
	done <<-END
		0 $v4_gone
		7 $v4 $v4b $v4
		9 020b0100 00000014 00000005 00000003 00000002
		9 020b0100 0000000c 00000005
		0 020b0000 00000010 00000005 00000002
		0 02040000 00000014 01180800 0a000000 00000001
		0 02040000 00000014 01081800 0a000001 00000001
	END
}

@test "C9: what is no PDU at all" {
	local bytes code
	while read -r code bytes; do
		cache accept read 1 hex $cr "$bytes" eof
		run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
		no_output
		received
		[[ $sent == *"v2 Error Report $code ("*"about ${bytes^^}"* ]]
	done <<-END
		0 02040000ffffffff
		0 0204000000000000
		5 0263000000000008
	END
	# HTTP, for one.
	cache accept read 1 hex 485454502f312e312034303020426164 eof
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
}

@test "C14: cut short after any byte: no output, exit 2" {
	local stream="$cr $v4 $key $aspa $eod" n commands=()
	stream=${stream// /}
	for ((n = 0; n < ${#stream}; n += 2)); do
		commands+=(accept read 1 hex ${stream:0:n} close)
	done
	cache "${commands[@]}"
	for ((n = 0; n < ${#stream}; n += 2)); do
		run -2 --separate-stderr rtr-dump --rtr-version 2 "127.0.0.1:$PORT"
		no_output
		[[ $stderr == *"rtr-dump: 127.0.0.1:$PORT: "*"cache closed the connection"* ]]
	done
	received
}

@test "C14: a cache that falls silent" {
	cache accept read 1 hex $cr $v4 eof
	run -2 --separate-stderr rtr-dump --timeout 1s "127.0.0.1:$PORT"
	no_output
	[[ $stderr == *": cache fell silent before End of Data" ]]
	received

	cache accept read 1 eof
	run -2 --separate-stderr rtr-dump --timeout 1 "127.0.0.1:$PORT"
	no_output
	[[ $stderr == *": cache does not answer" ]]
}

@test "C16: no delta from there: the whole table instead" {
	cache accept read 1 hex 0208000000000008 read 1 hex $cr $v4 $eod eof
	run -0 rtr-dump -q --serial 4 --session 7 "127.0.0.1:$PORT"
	[ "${lines[0]}" = "%snapshot source=tcp://127.0.0.1:$PORT session=7 serial=10" ]
	received
	[ "$sent" = $'v2 Serial Query session 7 serial 4\nv2 Reset Query\nclosed' ]
}

@test "--serial: a delta" {
	cache accept read 1 hex $cr $v6 $v4_gone $eod eof
	run -0 --separate-stderr rtr-dump --serial 4294967295 --session 7 "127.0.0.1:$PORT"
	cat >want <<-END
		%delta source=tcp://127.0.0.1:$PORT session=7 serial=10
		-10.0.0.0/8 24 AS1 - -
		+2001:db8::/32 48 AS64496 - -
		~end
	END
	echo "$output" >got
	same want got
	[[ $stderr == *"serial 10: -1 IPv4, -0 IPv6, -0 router keys, -0 ASPAs; +0 IPv4, +1 IPv6, "* ]]
	received
	[ "$sent" = $'v2 Serial Query session 7 serial 4294967295\nclosed' ]
}

@test "C17: no data available" {
	cache accept read 1 error 2 2 "not yet" eof
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
	[[ $stderr == *": cache sent Error Report 2 (No Data Available): not yet" ]]
	received
	[ "$sent" = $'v2 Reset Query\nclosed' ]
}

@test "C19: Error Reports are not answered, malformed ones neither" {
	cache accept read 1 error 2 0 eof
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
	received
	[ "$sent" = $'v2 Reset Query\nclosed' ]

	cache accept read 1 hex 020a00000000000c00000003 eof
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
	[[ $stderr == *"malformed Error Report" ]]
	received
	[ "$sent" = $'v2 Reset Query\nclosed' ]
}

@test "an Error Report arrives though the cache has more to say" {
	head -c 3000000 /dev/zero >zeros
	cache accept read 1 hex $cr $v4_gone file zeros read 1
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
	received
	[[ $sent == *"v2 Error Report 0 (Corrupt Data)"* ]]
}

@test "--pdus: the conversation, one line for each PDU" {
	cache accept read 1 hex $cr $v4 $key $aspa $eod eof
	run -0 --separate-stderr rtr-dump --pdus "127.0.0.1:$PORT"
	sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z /TIME /' <<<"$output" >got
	cat >want <<-END
		TIME > v2 Reset Query
		TIME < v2 Cache Response session 7
		TIME < v2 IPv4 Prefix + 10.0.0.0/8 24 AS1
		TIME < v2 Router Key + AS64496 000102030405060708090A0B0C0D0E0F10111213 MAEA
		TIME < v2 ASPA + AS5 AS2,AS3
		TIME < v2 End of Data session 7 serial 10 refresh 3600 retry 600 expire 7200
	END
	same want got
}

@test "--pdus shows what can't be decoded, and the report about it" {
	cache accept read 1 hex 02630000000000096f eof
	run -2 --separate-stderr rtr-dump --pdus "127.0.0.1:$PORT"
	[[ ${lines[1]} == *" < v2 unknown, malformed (unknown PDU type): 02 63 00 00 00 00 00 09 6f" ]]
	[[ ${lines[2]} == *" > v2 Error Report 5 (Unsupported PDU Type) \"unknown PDU type\" about 02630000000000096F" ]]
}

@test "--verbose: every step" {
	cache accept read 1 error 1 4 eof accept read 1 close accept read 1 close
	run -2 --separate-stderr rtr-dump -v "127.0.0.1:$PORT"
	[[ $stderr == *"rtr-dump: 127.0.0.1:$PORT: RESET -> FAST_RECONNECT, cache sent Error Report 4 (Unsupported Protocol Version), trying version 1"* ]]
	[[ $stderr == *"rtr-dump: 127.0.0.1:$PORT: FAST_RECONNECT -> CONNECTING, connecting again"* ]]
}

@test "bad timers and host bits are put up with, and said" {
	local v4_bits='02040000 00000014 01081800 0a000001 00000001'
	cache accept read 1 hex $(v 1 "$cr" "$v4_bits") 01070007 00000018 0000000a 00000000 00000000 00000000 eof
	run -0 --separate-stderr rtr-dump --rtr-version 1 -q "127.0.0.1:$PORT"
	[ "${lines[1]}" = "10.0.0.0/8 24 AS1 - -" ]
	[ "${stderr_lines[0]}" = "rtr-dump: 127.0.0.1:$PORT: 10.0.0.1/8 AS1: host bits set, cleared" ]
	[[ ${stderr_lines[1]} == *"refresh interval out of range 1 to 86400, timers ignored" ]]
}

@test "the ASPA of an old draft is named" {
	cache accept read 1 hex $cr 020b0000 00000018 01030002 00000005 00000002 00000003 $eod eof
	run -2 --separate-stderr rtr-dump "127.0.0.1:$PORT"
	no_output
	[[ $stderr == *"ASPA: in the form of an old draft (Error Report 0 sent)" ]]
}

@test "nobody there: the address and the reason" {
	local port
	port=$(free_port)
	run -2 --separate-stderr rtr-dump "127.0.0.1:$port"
	no_output
	[ "$stderr" = "rtr-dump: 127.0.0.1:$port: connect to 127.0.0.1 (127.0.0.1 port $port): Connection refused" ]
}

@test "usage errors" {
	local args
	while read -r args; do
		run -2 --separate-stderr rtr-dump $args
		no_output
		[[ $stderr == *"try 'rtr-dump -h'"* ]]
	done <<-'END'

		-p 1
		-p 256 127.0.0.1
		-p -1 127.0.0.1
		-f
		-f --pdus 127.0.0.1
		-f --serial 1 --session 1 127.0.0.1
		--serial 1 --session 1 127.0.0.1 127.0.0.2
		--retry 1s 127.0.0.1
		-f --refresh 0 127.0.0.1
		-f --retry 10s --expire 10s 127.0.0.1
		-f 127.0.0.1 127.0.0.2:0
		--serial 1 127.0.0.1
		--session 1 127.0.0.1
		--serial -1 --session 1 127.0.0.1
		--serial 1 --session 65536 127.0.0.1
		--rtr-version 3 127.0.0.1
		--timeout 0 127.0.0.1
		--timeout soon 127.0.0.1
		--pdus --output file 127.0.0.1
		127.0.0.1:0
		127.0.0.1:65536
		127.0.0.1:
		[::1
		[::1]8282
		:8282
		udp://127.0.0.1
		--no-such-option
	END
}

@test "--output replaces the file when all is well, and only then" {
	echo old >table.vrp
	cache accept read 1 hex $cr $v4 close accept read 1 hex $cr $v4 $eod eof
	run -2 rtr-dump -o table.vrp "127.0.0.1:$PORT"
	[ "$(cat table.vrp)" = old ]
	run -0 rtr-dump -q -o table.vrp "127.0.0.1:$PORT"
	[ -z "$output" ]
	[ "$(sed -n 2p table.vrp)" = "10.0.0.0/8 24 AS1 - -" ]
	[ "$(ls ./table*)" = ./table.vrp ]

	cache accept read 1 hex $cr $v4 $eod eof
	run -2 rtr-dump -o no-such-folder/table.vrp "127.0.0.1:$PORT"
	[[ $output == *no-such-folder/table.vrp* ]]
}

@test "a full disk is an error" {
	[ -c /dev/full ] || skip "no /dev/full"
	cache accept read 1 hex $cr $v4 $eod eof
	run -2 bash -c "exec rtr-dump -q 127.0.0.1:$PORT >/dev/full"
}

@test "recorded streams of StayRTR, against another decoder" {
	local name version
	need_data rtr
	for version in 0 1 2; do
		name=stayrtr-0.5.1-full-20170601-reset-v$version.bin
		xz -dc "$VRP_DATA/rtr/$name.xz" >"$name"
		# Octets of the PDUs one by one, IPv4 prefixes as lines.
		od -An -v -tu1 -w1 "$name" | awk '
			{ b[n++] = $1 + 0 }
			n == 8 { len = ((b[4] * 256 + b[5]) * 256 + b[6]) * 256 + b[7] }
			n >= 8 && n == len {
				if (b[1] == 4)
					printf "%d.%d.%d.%d/%d %d AS%d - -\n", b[12], b[13], b[14], b[15], b[9], b[10],
						((b[16] * 256 + b[17]) * 256 + b[18]) * 256 + b[19]
				if (b[1] == 6) ipv6++
				n = 0
			}
			END { print ipv6 > "ipv6" }' | sort >want
		cache accept read 1 file "$name" eof
		rtr-dump -q --rtr-version $version "127.0.0.1:$PORT" >dump
		grep -v -e : -e % -e '~' dump | sort >got
		[ "$(wc -l <got)" -gt 30000 ]
		same want got
		[ "$(grep -c '^[0-9a-f]*:' dump)" -eq "$(cat ipv6)" ]
		stop_all
	done
}

@test "recorded deltas of StayRTR" {
	need_data rtr
	xz -dc "$VRP_DATA/rtr/stayrtr-0.5.1-delta-to-2017-06-15-serial2-v1.bin.xz" >delta.bin
	cache accept read 1 file delta.bin eof
	run -0 rtr-dump -q --rtr-version 1 --session 53554 --serial 2 "127.0.0.1:$PORT"
	[ "${lines[0]}" = "%delta source=tcp://127.0.0.1:$PORT session=53554 serial=3" ]
	[ "${#lines[@]}" -eq $((251 + 5865 + 2)) ]
}
