# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2046,SC2086,SC2154
# rtr-dump -f: first the table, then what changes, whatever becomes of the caches.

load lib

# A cache that runs rtr-poke's commands as they are fed to it; its port in $PORT.
liar() {
	start_fed "$1" "$VRP_TOOLS/rtr-poke" -l -i -t "$WAIT"
	wait_log "$1" 'listening on'
	PORT=$(port_of "$1")
}

# PDUs in hexadecimal, of version 2, session 7.
cr='02030007 00000008'
cr_of() { printf '0203%04x 00000008' "$1"; }
notify() { printf '02000007 0000000c %08x' "$1"; }
eod() { printf '0207%04x 00000018 %08x 00000e10 00000258 00001c20' "${2-7}" "$1"; }
# v4 SIGN N: 10.0.N.0/24 24 AS1
v4() { printf '02040000 00000014 %02x181800 0a00%02x00 00000001' $([ "$1" = + ]; echo $((1 - $?))) "$2"; }

follow() { start follow rtr-dump -f --retry 1s "$@"; }

# Blocks that have come so far, and the table that they amount to.
blocks() { grep -c '^~end' "$RUN/follow.out"; }
has_blocks() { [ "$(blocks)" -ge "$1" ]; }
table_now() { vrp-merge -q <"$RUN/follow.out" | grep -v '^[%~]' | cut -d ' ' -f 1; }
has_table() { [ "$(table_now | tr '\n' ' ')" = "${*+$* }" ]; }
wait_table() {
	wait_for has_table "$@" || {
		table_now
		return 1
	}
}

# In no state of the stream is there a table that isn't listed.
only_tables() {
	local seen
	seen=$(awk '
		function show(  k) {
			for (k in held) print n + 0, k
			print n++ + 0, "~"
		}
		/^%snapshot/ { split("", held); next }
		/^~end/ { show(); next }
		/^-/ { delete held[substr($1, 2)]; next }
		/^\+/ { held[substr($1, 2)] = 1; next }
		/^[0-9]/ { held[$1] = 1 }' "$RUN/follow.out" | sort -k 1,1n -k 2 | awk '
		$2 == "~" { print list == "" ? "nothing" : list; list = ""; next }
		{ list = list (list == "" ? "" : " ") $2 }' | uniq)
	[ "$seen" = "$(printf '%s\n' "$@")" ] || {
		printf 'saw:\n%s\n' "$seen"
		return 1
	}
}

@test "the table, then one delta for each End of Data that changes something" {
	liar a
	follow "127.0.0.1:$PORT"
	feed a <<-END
		accept
		read 1
		hex $cr $(v4 + 1) $(v4 + 2) $(eod 10)
		hex $(notify 11)
		read 1
		hex $cr $(v4 - 1) $(v4 + 3) $(eod 11)
		hex $(notify 12)
		read 1
		hex $cr $(eod 12)
		hex $(notify 13)
		read 1
		hex $cr $(v4 - 3) $(eod 13)
	END
	wait_for has_blocks 3
	cat >want <<-END
		%snapshot source=tcp://127.0.0.1:$PORT session=7 serial=10
		10.0.1.0/24 24 AS1 - -
		10.0.2.0/24 24 AS1 - -
		~end
		%delta source=tcp://127.0.0.1:$PORT session=7 serial=11
		-10.0.1.0/24 24 AS1 - -
		+10.0.3.0/24 24 AS1 - -
		~end
		%delta source=tcp://127.0.0.1:$PORT session=7 serial=13
		-10.0.3.0/24 24 AS1 - -
		~end
	END
	stop follow
	same want "$RUN/follow.out"
	feed_end a
	wait_gone a
	[ "$(cat "$RUN/a.out")" = $'v2 Reset Query\nv2 Serial Query session 7 serial 10\nv2 Serial Query session 7 serial 11\nv2 Serial Query session 7 serial 12' ]
}

@test "nothing comes before the first End of Data" {
	liar a
	follow --status "127.0.0.1:$PORT"
	feed a <<<"accept read 1 hex $cr $(v4 + 1)"
	wait_log follow 'RESET -> SYNC'
	stop follow
	[ ! -s "$RUN/follow.out" ]
}

@test "SIGTERM and SIGINT end it in good order" {
	local signal
	for signal in TERM INT; do
		liar a
		# A shell without job control has its background programs ignore SIGINT.
		start follow env --default-signal=INT rtr-dump -f "127.0.0.1:$PORT"
		feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10)"
		wait_for has_blocks 1
		stop follow $signal
		stop_all
	done
}

@test "it ends when nobody reads it any more, though nothing is to be written" {
	liar a
	mkfifo pipe
	exec 8<>pipe
	# A shell around it keeps its status: that of bats forgets who was killed.
	start follow bash -c "rtr-dump -f 127.0.0.1:$PORT >pipe; echo \$? >status" 8<&-
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10)"
	read -r line <&8
	[[ $line = %snapshot* ]]
	exec 8<&-
	wait_gone follow
	[ "$(cat status)" -eq $((128 + 13)) ]
}

@test "a cache that restarts with another session: one delta from the old table to the new" {
	liar a
	follow "127.0.0.1:$PORT"
	feed a <<-END
		accept
		read 1
		hex $cr $(v4 + 1) $(v4 + 2) $(eod 10)
		close
		accept
		read 1
		hex 0208000000000008
		read 1
		hex $(cr_of 9) $(v4 + 2) $(v4 + 3) $(eod 1 9)
	END
	wait_table 10.0.2.0/24 10.0.3.0/24
	grep -q "^%delta source=tcp://127.0.0.1:$PORT session=9 serial=1\$" "$RUN/follow.out"
	only_tables '10.0.1.0/24 10.0.2.0/24' '10.0.2.0/24 10.0.3.0/24'
	stop follow
	grep -q ': cache closed the connection; next try in 1 s$' "$RUN/follow.err"
	grep -q ': in sync again$' "$RUN/follow.err"
	feed_end a
	wait_gone a
	[ "$(cat "$RUN/a.out")" = $'v2 Reset Query\nv2 Serial Query session 7 serial 10\nv2 Reset Query' ]
}

@test "fail-over to the next and return to the first, each in one step" {
	local a b
	liar a; a=$PORT
	liar b; b=$PORT
	follow --status -p 1 "127.0.0.1:$a" -p 2 "127.0.0.1:$b"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(v4 + 2) $(eod 10)"
	wait_table 10.0.1.0/24 10.0.2.0/24
	feed a <<<close
	feed b <<<"accept read 1 hex $cr $(v4 + 2) $(v4 + 3) $(eod 5)"
	wait_table 10.0.2.0/24 10.0.3.0/24
	grep -q "^%delta source=tcp://127.0.0.1:$b session=7 serial=5\$" "$RUN/follow.out"
	feed a <<<"accept read 1 hex $cr $(v4 + 4) $(eod 11)"
	wait_table 10.0.1.0/24 10.0.2.0/24 10.0.4.0/24
	# The second isn't needed any more.
	feed b <<<eof
	feed_end b
	wait_gone b
	only_tables '10.0.1.0/24 10.0.2.0/24' '10.0.2.0/24 10.0.3.0/24' '10.0.1.0/24 10.0.2.0/24 10.0.4.0/24'
	stop follow
	grep -q "^rtr-dump: 127.0.0.1:$a: CONNECTING -> RESET, connected\$" "$RUN/follow.err"
	grep -q "^rtr-dump: preference 1: ESTABLISHED -> ERROR, none of its caches works\$" "$RUN/follow.err"
	grep -q "^rtr-dump: 127.0.0.1:$b: ESTABLISHED -> SHUTDOWN, stopped\$" "$RUN/follow.err"
}

@test "both gone, then one back" {
	local a b
	liar a; a=$PORT
	liar b; b=$PORT
	follow "127.0.0.1:$a" -p 2 "127.0.0.1:$b"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10)"
	wait_table 10.0.1.0/24
	feed a <<<close
	feed b <<<"accept read 1 hex $cr $(v4 + 2) $(eod 5)"
	wait_table 10.0.2.0/24
	feed b <<<close
	wait_log follow ":$b: cache closed"
	# It comes back with the next serial.
	feed b <<<"accept read 1 hex $cr $(v4 + 3) $(eod 6)"
	wait_table 10.0.2.0/24 10.0.3.0/24
	only_tables 10.0.1.0/24 10.0.2.0/24 '10.0.2.0/24 10.0.3.0/24'
	stop follow
}

@test "C15: the data of a lost cache expires, loudly" {
	liar a
	follow -q --expire 2s "127.0.0.1:$PORT"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10)"
	wait_table 10.0.1.0/24
	feed a <<<close
	wait_table
	[ "$(tail -n 3 "$RUN/follow.out")" = $'%delta\n-10.0.1.0/24 24 AS1 - -\n~end' ]
	wait_log follow 'the table is withdrawn'
	grep -q 'its data is void: not heard of for too long' "$RUN/follow.err"
	stop a || :
	start_fed later rtr-serve -l "127.0.0.1:$PORT"
	printf '%s\n' '10.0.1.0/24 24 AS1' '10.0.2.0/24 24 AS1' | feed later
	feed_end later
	wait_table 10.0.1.0/24 10.0.2.0/24
	only_tables 10.0.1.0/24 nothing '10.0.1.0/24 10.0.2.0/24'
	stop follow
}

@test "C18: Cache Shutdown withdraws, Cache Restart doesn't" {
	liar a
	follow "127.0.0.1:$PORT"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10) error 2 12 eof accept read 1 hex $cr $(v4 + 2) $(eod 11)"
	wait_table 10.0.1.0/24 10.0.2.0/24
	feed a <<<"error 2 13 eof"
	wait_table
	only_tables 10.0.1.0/24 '10.0.1.0/24 10.0.2.0/24' nothing
	stop follow
}

@test "C3, C4, C17: Error 4, a silent close and no data lead on, not over" {
	local a b
	liar a; a=$PORT
	liar b; b=$PORT
	follow "127.0.0.1:$a" -p 2 "127.0.0.1:$b"
	feed a <<-END
		accept
		read 1
		error 1 4
		eof
		accept
		read 1
		close
		accept
		read 1
		hex 00030007 00000008 00040000 00000014 01181800 0a000100 00000001 00070007 0000000c 0000000a
	END
	wait_table 10.0.1.0/24
	stop follow
	[ "$(cat "$RUN/a.out")" = $'v2 Reset Query\nclosed\nv1 Reset Query\nv0 Reset Query' ]
	# Nobody has asked the second.
	[ ! -s "$RUN/b.out" ]
	stop_all
	liar a; a=$PORT
	liar b; b=$PORT
	follow "127.0.0.1:$a" -p 2 "127.0.0.1:$b"
	feed a <<<"accept read 1 error 2 2"
	feed b <<<"accept read 1 hex $cr $(v4 + 2) $(eod 5)"
	wait_table 10.0.2.0/24
	feed a <<<"hex $(notify 1) read 1 hex $cr $(v4 + 1) $(eod 1)"
	wait_table 10.0.1.0/24
	only_tables 10.0.2.0/24 10.0.1.0/24
	stop follow
}

# What a cache should not say after "+10.0.1.0, serial 10" when it is asked for what is new, one a line: code, PDUs.
lies() {
	cat <<-END
		0 $(cr_of 8)
		0 $(notify 11) $(cr_of 7) $(eod 11 8)
		5 02630000 00000008
		0 02040000 ffffffff
		0 02040000 00000004
		0 02070007 0000000c 0000000b
		7 $cr $(v4 + 1) $(eod 11)
		7 $cr $(v4 + 2) $(v4 + 2) $(eod 11)
		6 $cr $(v4 - 2) $(eod 11)
		9 $cr 020b0100 0000000c 00000001
		9 $cr 020b0100 00000014 00000001 00000003 00000002
		9 $cr 020b0100 00000014 00000001 00000000 00000002
		0 $cr 020b0000 00000010 00000001 00000002
		0 $cr 02040000 00000014 01191800 0a000500 00000001
		0 $cr 02040000 00000014 01212100 0a000500 00000001
		0 $cr 02040000 00000014 01181800 0a000501 00000001
		8 01030007 00000008
		0 02020000 00000008
	END
}

@test "C7 to C13: a cache that lies is told so and replaced, and nobody sees anything in between" {
	local a b code bytes n=0
	while read -r code bytes; do
		liar a; a=$PORT
		liar b; b=$PORT
		start follow rtr-dump -f "127.0.0.1:$a" -p 2 "127.0.0.1:$b"
		feed b <<<"accept read 1 hex $cr $(v4 + 3) $(eod 5)"
		feed a <<-END
			accept
			read 1
			hex $cr $(v4 + 1) $(eod 10)
			hex $(notify 11)
			read 1
			hex $bytes
			eof
		END
		feed_end a
		wait_gone a
		grep -q "^v2 Error Report $code " "$RUN/a.out"
		wait_table 10.0.3.0/24
		only_tables 10.0.1.0/24 10.0.3.0/24
		stop follow
		stop b || :
		n=$((n + 1))
	done < <(lies)
	[ "$n" -eq 18 ]
}

@test "C10: a withdrawal in the first table" {
	liar a
	follow "127.0.0.1:$PORT"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(v4 - 2) $(eod 10) eof accept read 1 hex $cr $(v4 + 1) $(eod 10)"
	wait_table 10.0.1.0/24
	only_tables 10.0.1.0/24
	grep -q '^v2 Error Report 0 ' "$RUN/a.out"
	stop follow
}

@test "C14: a cache that hangs in the middle of an answer" {
	local a b
	liar a; a=$PORT
	liar b; b=$PORT
	follow -t 1s "127.0.0.1:$a" -p 2 "127.0.0.1:$b"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10) hex $(notify 11) read 1 hex $cr $(v4 - 1) $(v4 + 2) eof"
	feed b <<<"accept read 1 hex $cr $(v4 + 3) $(eod 5)"
	wait_table 10.0.3.0/24
	only_tables 10.0.1.0/24 10.0.3.0/24
	grep -q ":$a: cache fell silent before End of Data; next try in 1 s\$" "$RUN/follow.err"
	stop follow
}

@test "twins: their tables are one, also while one of them is a serial behind" {
	local a b
	liar a; a=$PORT
	liar b; b=$PORT
	follow "127.0.0.1:$a" "127.0.0.1:$b"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(v4 + 2) $(eod 10)"
	feed b <<<"accept read 1 hex $cr $(v4 + 1) $(v4 + 2) $(eod 10)"
	wait_table 10.0.1.0/24 10.0.2.0/24
	feed a <<<"hex $(notify 11) read 1 hex $cr $(v4 - 1) $(v4 + 3) $(eod 11)"
	wait_table 10.0.1.0/24 10.0.2.0/24 10.0.3.0/24
	feed b <<<"hex $(notify 11) read 1 hex $cr $(v4 - 1) $(v4 + 3) $(eod 11)"
	wait_table 10.0.2.0/24 10.0.3.0/24
	only_tables '10.0.1.0/24 10.0.2.0/24' '10.0.1.0/24 10.0.2.0/24 10.0.3.0/24' '10.0.2.0/24 10.0.3.0/24'
	[ "$(head -n 1 "$RUN/follow.out")" = "%snapshot source=tcp://127.0.0.1:$a,tcp://127.0.0.1:$b" ]
	# One of them is lost: what it said last goes on to count.
	feed b <<<close
	wait_log follow ":$b: cache closed"
	feed a <<<"hex $(notify 12) read 1 hex $cr $(v4 - 2) $(v4 + 4) $(eod 12)"
	wait_table 10.0.2.0/24 10.0.3.0/24 10.0.4.0/24
	stop follow
}

@test "a cache that nobody answers for delays no other" {
	local a b
	liar a; a=$PORT
	b=$(free_port)
	follow "127.0.0.1:$b" "127.0.0.1:$a"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10)"
	wait_table 10.0.1.0/24
	grep -q "127.0.0.1:$b: connect to .*: Connection refused; next try in 1 s" "$RUN/follow.err"
	# There is a server later on.
	start_fed late rtr-serve -l "127.0.0.1:$b"
	echo '10.0.9.0/24 24 AS9' | feed late
	feed_end late
	wait_table 10.0.1.0/24 10.0.9.0/24
	stop follow
}

@test "--output: a file that is always whole" {
	liar a
	follow -o table.vrp "127.0.0.1:$PORT"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10)"
	wait_for grep -q '10.0.1.0' table.vrp
	feed a <<<"hex $(notify 11) read 1 hex $cr $(v4 - 1) $(v4 + 2) $(eod 11)"
	wait_for grep -q '10.0.2.0' table.vrp
	[ "$(cat table.vrp)" = "%snapshot source=tcp://127.0.0.1:$PORT session=7 serial=11"$'\n10.0.2.0/24 24 AS1 - -\n~end' ]
	stop follow
	[ ! -s "$RUN/follow.out" ]
	feed_end a

	# Where it can't be written, there is no use in going on.
	liar b
	start nowhere rtr-dump -f -o no-such-folder/table.vrp "127.0.0.1:$PORT"
	feed b <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10)"
	status=0
	wait_gone nowhere || status=$?
	[ "$status" -eq 2 ]
	grep -q no-such-folder/table.vrp "$RUN/nowhere.err"
}

@test "a full disk is an error" {
	[ -c /dev/full ] || skip "no /dev/full"
	liar a
	start full bash -c "exec rtr-dump -f 127.0.0.1:$PORT >/dev/full"
	feed a <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10)"
	status=0
	wait_gone full || status=$?
	[ "$status" -eq 2 ]
	grep -q 'No space left on device' "$RUN/full.err"
}

@test "without -f: the first that answers, in order of preference" {
	local a b c
	a=$(free_port)
	liar b; b=$PORT
	liar c; c=$PORT
	feed b <<<"accept read 1 error 2 2 eof"
	feed c <<<"accept read 1 hex $cr $(v4 + 1) $(eod 10) eof"
	run -0 --separate-stderr rtr-dump -p 9 "127.0.0.1:$c" -p 0 "127.0.0.1:$a" -p 3 -- "127.0.0.1:$b"
	[ "${lines[0]}" = "%snapshot source=tcp://127.0.0.1:$c session=7 serial=10" ]
	[[ ${stderr_lines[0]} = *"127.0.0.1:$a: connect to "* ]]
	[[ ${stderr_lines[1]} = *"127.0.0.1:$b: cache sent Error Report 2 (No Data Available)" ]]
	[[ ${stderr_lines[2]} = *"127.0.0.1:$c: version 2, "* ]]
}

@test "rtr-serve, killed and started again with another table, under a follower" {
	PORT=$(free_port)
	start_fed one rtr-serve -l "127.0.0.1:$PORT"
	printf '%s\n' '10.0.1.0/24 24 AS1' '10.0.2.0/24 24 AS1' | feed one
	feed_end one
	wait_log one 'serial 1:'
	follow "127.0.0.1:$PORT"
	wait_table 10.0.1.0/24 10.0.2.0/24
	stop one KILL || :
	wait_log follow 'next try in 1 s'
	start_fed two rtr-serve -l "127.0.0.1:$PORT"
	printf '%s\n' '10.0.2.0/24 24 AS1' '10.0.3.0/24 24 AS1' | feed two
	feed_end two
	wait_table 10.0.2.0/24 10.0.3.0/24
	only_tables '10.0.1.0/24 10.0.2.0/24' '10.0.2.0/24 10.0.3.0/24'
	stop follow
}
