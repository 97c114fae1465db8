# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2046,SC2086,SC2154
# rtr-serve: what becomes of its input, and its life as a daemon.

load lib

poke() { "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" "$@"; }

# The prefixes that a router gets now, one a line.
served() { poke reset 2 read | sed -n 's/^v2 IPv[46] Prefix + //p'; }

lines() { printf '%s\n' "$@" | feed cache; }

now() { date +%s; }
stamp() { date -u -d "@$(($(now) + $1))" +%Y-%m-%dT%H:%M:%SZ; }

@test "it listens before there is a table, and says when it has one" {
	serve cache
	run -0 poke reset 1 read
	[[ $output == *'Error Report 2 (No Data Available)'* ]]
	lines %snapshot '192.0.2.0/24 24 1'
	run -0 poke reset 1 read
	[[ $output == *'Error Report 2 (No Data Available)'* ]]
	lines '~end'
	wait_log cache 'serial 1: 1 records, 1 changed'
	run -0 served
	[ "$output" = '192.0.2.0/24 24 AS1' ]
}

@test "each snapshot and delta becomes one serial, none when nothing changed" {
	serve cache
	lines %snapshot '10.0.0.0/8 8 1' ~end
	lines %delta '+11.0.0.0/8 8 1' ~end
	lines %snapshot '11.0.0.0/8 8 1 ripe -' '10.0.0.0/8 8 1' ~end
	lines %delta ~end
	lines %delta '-10.0.0.0/8 8 1' '+12.0.0.0/8 8 1' ~end
	lines %snapshot '13.0.0.0/8 8 1' ~end
	wait_log cache 'serial 4:'
	run -0 served
	[ "$output" = '13.0.0.0/8 8 AS1' ]
	run -0 grep -c 'serial [0-9]*:' cache.err
	[ "$output" -eq 4 ]
	grep -q 'serial 3: 2 records, 2 changed' cache.err
	# From any of them there is a way to now.
	session=$(poke reset 1 read | sed -n 's/.*Cache Response session //p')
	run -0 poke serial 1 $session 2 read
	[ "$(grep -c ' Prefix + 13' <<<"$output")" -eq 1 ]
	[ "$(grep -c ' Prefix - 1[01]' <<<"$output")" -eq 2 ]
}

@test "a bare list is a table when it ends" {
	serve cache
	lines '# by hand' '10.0.0.0/8 8 1'
	printf '11.0.0.0/8 8 1' | feed cache
	run -0 poke reset 1 read
	[[ $output == *'No Data Available'* ]]
	feed_end cache
	wait_log cache 'serial 1: 2 records'
	wait_log cache 'input has ended'
	run -0 served
	[ "$output" = $'11.0.0.0/8 8 AS1\n10.0.0.0/8 8 AS1' ]
}

@test "a block cut short is discarded and reported, the table stays" {
	serve cache
	lines %snapshot '10.0.0.0/8 8 1' ~end %snapshot '11.0.0.0/8 8 1'
	wait_log cache 'serial 1:'
	feed_end cache
	wait_log cache 'input line 5: input ended inside a block; block discarded, the table stays as it is'
	run -0 served
	[ "$output" = '10.0.0.0/8 8 AS1' ]
}

@test "input that ends without a table is an error, and routers are told so" {
	serve cache
	feed_end cache
	wait_log cache 'input has ended without a table'
	run -0 poke reset 1 read
	[[ $output == *'No Data Available'* ]]
}

@test "a bad line voids its block and names line and reason; deltas wait for a snapshot" {
	serve cache
	lines %snapshot '10.0.0.0/8 8 1' ~end %snapshot '11.0.0.0/8 7 1' ~end
	wait_log cache "input line 5: maximum length out of range '7'; block discarded, the table stays as it is"
	lines %delta '+12.0.0.0/8 8 1' ~end
	wait_log cache 'input line 9: delta after a block that was refused'
	lines %snapshot '10.0.0.0/8 8 1' ~end %delta '-13.0.0.0/8 8 1' ~end
	wait_log cache 'delta withdraws what is not there: 13.0.0.0/8 8 AS1'
	lines %snapshot '14.0.0.0/8 8 1' ~end %delta '+15.0.0.0/8 8 1' ~end
	wait_log cache 'serial 3: 2 records'
}

@test "--exit-on-eof ends it with the input" {
	serve cache --exit-on-eof
	lines %snapshot '10.0.0.0/8 8 1' ~end
	wait_log cache 'serial 1:'
	feed_end cache
	wait_gone cache
}

@test "records are withdrawn when they expire, without input, and routers are told" {
	serve cache --notify-interval 0
	soon=$(($(now) + 3))
	lines %snapshot "10.0.0.0/8 8 1 - $soon" '11.0.0.0/8 8 1 - 9999999999' '12.0.0.0/8 8 1' '13.0.0.0/8 8 1 - 1' ~end
	wait_log cache 'serial 1: 3 records'
	run -0 poke reset 1 read 5 read 1
	[[ ${lines[-1]} == *'Serial Notify session '*' serial 2' ]]
	[ "$(now)" -ge "$soon" ]
	wait_log cache '1 records have expired'
	run -0 served
	[ "$output" = $'12.0.0.0/8 8 AS1\n11.0.0.0/8 8 AS1' ]
}

@test "--ignore-expiry serves what has expired" {
	serve cache --ignore-expiry
	lines %snapshot '13.0.0.0/8 8 1 - 1' ~end
	wait_log cache 'serial 1: 1 records'
}

@test "--max-age withdraws a table that has become old, as an error, and takes the next" {
	serve cache --max-age 60s
	lines "%snapshot time=$(stamp -57)" '10.0.0.0/8 8 1' ~end
	wait_log cache 'serial 1: 1 records'
	wait_log cache 'serial 2: 0 records'
	grep -q 'table withdrawn: its data is of .*, older than 60s' cache.err
	run -0 served
	[ -z "$output" ]
	lines "%snapshot time=$(stamp 0)" '10.0.0.0/8 8 1' ~end
	wait_log cache 'serial 3: 1 records'
}

@test "a snapshot that is too old from the start is not served, 24 h by default" {
	serve cache
	lines "%snapshot time=$(stamp -86500)" '10.0.0.0/8 8 1' ~end
	wait_log cache 'table not served: its data is of .*, older than 86400s'
	run -0 poke reset 1 read
	[[ $output == *'No Data Available'* ]]
	lines "%snapshot time=$(stamp -86000)" '10.0.0.0/8 8 1' ~end
	wait_log cache 'serial 1:'
}

@test "--max-age 0 and a list without a time have no such limit" {
	serve cache --max-age 0
	lines '%snapshot time=1999-01-01T00:00:00Z' '10.0.0.0/8 8 1' ~end
	wait_log cache 'serial 1:'
	stop cache
	serve list --max-age 1
	echo '10.0.0.0/8 8 1' | feed list
	feed_end list
	wait_log list 'serial 1:'
	run -0 poke reset 1 read quiet 3
	run -1 grep withdrawn list.err
}

@test "--max-shrink holds a table back until SIGUSR1 accepts it" {
	serve cache --max-shrink 50
	lines %snapshot '10.0.0.0/8 8 1 ripe' '11.0.0.0/8 8 1 ripe' '12.0.0.0/8 8 1 apnic' '13.0.0.0/8 8 1 apnic' ~end
	wait_log cache 'serial 1:'
	# Half of ripe's is allowed, three quarters of the whole would not be.
	lines %snapshot '10.0.0.0/8 8 1 ripe' '12.0.0.0/8 8 1 apnic' '13.0.0.0/8 8 1 apnic' ~end
	wait_log cache 'serial 2: 3 records'
	lines %snapshot '12.0.0.0/8 8 1 apnic' '13.0.0.0/8 8 1 apnic' ~end
	wait_log cache 'table held back: trust anchor ripe shrinks from 1 to 0 records, by more than 50 %'
	[ "$(served | wc -l)" -eq 3 ]
	kill -USR1 "$(pid_of cache)"
	wait_log cache 'serial 3: 2 records'
	kill -USR1 "$(pid_of cache)"
	wait_log cache 'no table is held back'
}

@test "--max-shrink takes a later table that doesn't shrink so much" {
	serve cache --max-shrink 10
	lines %snapshot '10.0.0.0/8 8 1' '11.0.0.0/8 8 1' ~end %snapshot ~end
	wait_log cache 'held back'
	lines %snapshot '10.0.0.0/8 8 1' '11.0.0.0/8 8 1' '12.0.0.0/8 8 1' ~end
	wait_log cache 'serial 2: 3 records'
}

@test "options out of range are usage errors" {
	for bad in '--max-version 3' '--max-version x' '--max-shrink 0' '--max-shrink 101' '--max-clients 0' '--history -1' \
		'--notify-interval 2d' '--query-timeout 0' '--stall-timeout 0' '--max-age 1y' '--shutdown now' \
		'--listen' '--nonsense' 'one two'; do
		run -2 timeout 10 rtr-serve $bad </dev/null
		[[ $output == *"try 'rtr-serve -h'"* ]]
	done
}

@test "an address that cannot be listened on is fatal and named" {
	serve cache
	run -2 timeout 10 rtr-serve -l "127.0.0.1:$PORT" </dev/null
	[[ $output == *"127.0.0.1:$PORT: Address already in use"* ]]
	for bad in 127.0.0.1 :: 127.0.0.1: ::1:323 127.0.0.1:99999999; do
		run -2 timeout 10 rtr-serve -l "$bad" </dev/null
	done
}

@test "FILE is read at the start, on SIGHUP, and when it is replaced" {
	echo '10.0.0.0/8 8 1' >list
	serve cache list
	wait_log cache 'serial 1:'
	# Replaced, as a careful writer does it.
	echo '11.0.0.0/8 8 1' >new
	mv new list
	wait_log cache 'serial 2:'
	# Written in place.
	echo '12.0.0.0/8 8 1' >>list
	wait_log cache 'serial 3: 2 records'
	# Touched and told.
	mtime=$(stat -c %y list)
	echo '13.0.0.0/8 8 1' >list
	kill -HUP "$(pid_of cache)"
	wait_log cache 'serial 4: 1 records'
	[ "$mtime" != "$(stat -c %y list)" ]
	# What is broken or gone leaves the table as it is.
	echo nonsense >new
	mv new list
	wait_log cache "no record: 'nonsense'; block discarded, the table stays as it is"
	rm list
	kill -HUP "$(pid_of cache)"
	wait_log cache 'list: No such file or directory; the table stays as it is'
	run -0 served
	[ "$output" = '13.0.0.0/8 8 AS1' ]
	echo '14.0.0.0/8 8 1' >list
	wait_log cache 'serial 5:'
}

@test "a FIFO as FILE is a stream, and one that nobody writes to keeps it from nothing" {
	mkfifo fifo
	serve cache fifo
	exec {fd}>fifo
	printf '%s\n' %snapshot '10.0.0.0/8 8 1' ~end %delta '+11.0.0.0/8 8 1' ~end >&$fd
	wait_log cache 'serial 2: 2 records'
	exec {fd}>&-
	wait_log cache 'input has ended'
	run -0 served
	stop cache
	serve silent fifo
	stop silent
}

@test "a FILE that cannot be opened any more is said once, and read when it can" {
	[ "$(id -u)" -ne 0 ] || skip 'root may read anything'
	echo '10.0.0.0/8 8 1' >list
	serve cache list
	wait_log cache 'serial 1:'
	echo '11.0.0.0/8 8 1' >new
	chmod 0 new
	mv new list
	wait_log cache 'list: Permission denied; the table stays as it is'
	chmod 600 list
	wait_log cache 'serial 2:'
	[ "$(grep -c 'Permission denied' "$RUN/cache.err")" -eq 1 ]
}

@test "a FILE that is a directory is fatal" {
	run -2 timeout 10 rtr-serve -l 127.0.0.1:0 . </dev/null
	[[ $output == *'.: Is a directory'* ]]
}

@test "a FILE that is not there at the start is fatal" {
	run -2 timeout 10 rtr-serve -l 127.0.0.1:0 nowhere </dev/null
	[[ $output == *'nowhere: No such file or directory'* ]]
}

@test "--max-clients turns further routers away, until there is room" {
	serve cache --max-clients 2
	lines %snapshot '10.0.0.0/8 8 1' ~end
	wait_log cache 'serial 1:'
	for r in one two; do
		start_fed $r "$VRP_TOOLS/rtr-poke" -i 127.0.0.1 "$PORT" reset 1 read
		wait_for grep -q 'End of Data' $r.out
	done
	run poke reset 1 eof
	[[ $output == closed || $output == reset ]]
	wait_log cache '1 connections turned away: 2 clients is the limit'
	feed_end two
	wait_log cache 'disconnected: closed by router'
	run -0 poke reset 1 read
}

@test "connects and disconnects are logged with their cause" {
	serve cache
	lines %snapshot '10.0.0.0/8 8 1' ~end
	wait_log cache 'serial 1:'
	poke reset 1 read
	wait_log cache '127\.0\.0\.1:[0-9]+ connected \(1 clients\)'
	wait_log cache '127\.0\.0\.1:[0-9]+ speaks version 1: whole table sent, serial 1'
	wait_log cache '127\.0\.0\.1:[0-9]+ disconnected: closed by router \(1 queries, 52 bytes sent, 0 s\)'
	poke reset 1 read abort
	wait_log cache 'disconnected: reset by router'
	poke hex 0102
	wait_log cache 'disconnected: closed by router in the middle of a PDU \(0 queries'
	poke error 1 1 'out of paper' eof
	wait_log cache 'disconnected: router reported Internal Error: out of paper'
}

@test "-q says only what is wrong, -v every answer" {
	serve cache -v
	lines %snapshot '10.0.0.0/8 8 1' ~end
	wait_log cache 'serial 1:'
	poke reset 1 read reset 1 read
	wait_log cache ': whole table sent, serial 1'
	start_fed quiet rtr-serve -q -l "127.0.0.1:$(free_port)"
	printf '%s\n' %snapshot '10.0.0.0/8 8 1' ~end bad | feed quiet
	wait_log quiet 'record outside of a block'
	[ "$(wc -l <quiet.err)" -eq 1 ]
}

@test "lines have a time, or for the journal a level" {
	serve cache
	run -0 grep -cvE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z rtr-serve: ' cache.err || [ "$output" = 0 ]
	# systemd names the stream that stderr is connected to by its device and inode.
	: >journal
	JOURNAL_STREAM=$(stat -c %d:%i journal) rtr-serve -l 127.0.0.1:0 --exit-on-eof 2>journal </dev/null
	run -0 grep -cE '^<[345]>(listening on|input has ended)' journal
	[ "$output" -ge 2 ]
	run -1 grep -v '^<[0-7]>' journal
}

@test "it starts without standard streams, and its log goes to no socket" {
	port=$(free_port)
	echo '10.0.0.0/8 8 1' >list
	start cache bash -c 'exec rtr-serve -l "127.0.0.1:$1" list <&- >&- 2>&-' - "$port"
	wait_for eval "$VRP_TOOLS/rtr-poke 127.0.0.1 $port reset 1 read | grep -q 'IPv4 Prefix'"
	for fd in 0 1 2; do [ "$(readlink "/proc/$(pid_of cache)/fd/$fd")" = /dev/null ]; done
	stop cache
}

@test "SIGTERM and SIGINT end it with status 0" {
	for signal in TERM INT; do
		serve cache$signal
		printf '%s\n' %snapshot '10.0.0.0/8 8 1' ~end | feed cache$signal
		wait_log cache$signal 'serial 1:'
		start r$signal "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" reset 1 read eof
		wait_for grep -q 'End of Data' r$signal.out
		kill -$signal "$(pid_of cache$signal)"
		wait_gone cache$signal
		wait_gone r$signal
		[ "$(tail -n 1 r$signal.out)" = closed ]
		grep -qE '(terminated|interrupted), closing 1 connections' cache$signal.err
	done
}

@test "SIGTERM ends it while a large table is on its way, in and out" {
	seq 0 499999 | awk 'BEGIN { print "%snapshot" } { printf "%d.%d.%d.0/24 24 1\n", 20 + $1 / 65536, $1 / 256 % 256, $1 % 256 }
		END { print "~end" }' >large
	serve cache
	feed cache <large
	wait_log cache 'serial 1:'
	start_fed slow "$VRP_TOOLS/rtr-poke" -i 127.0.0.1 "$PORT" reset 1 read 5
	wait_for grep -q 'IPv4 Prefix' slow.out
	head -n 100000 large | feed cache
	stop cache TERM
}

@test "the real snapshot goes in and comes out" {
	snapshot_json feed.json
	vrp-fetch -q -E --max-age 0 feed.json >want
	serve cache -E --max-age 0
	feed cache <want
	wait_log cache 'serial 1:'
	poke reset 2 read | sed -nE 's/^v2 IPv[46] Prefix \+ //p' | sort >got
	sed -nE 's/^([0-9a-f.:]+\/[0-9]+ [0-9]+ AS[0-9]+) .*/\1/p' want | sort >listed
	[ "$(wc -l <got)" -gt 300000 ]
	same listed got
}

@test "the manual's examples: changed by hand through a fifo, and relayed without one AS" {
	mkfifo lab
	start one rtr-serve -l 127.0.0.1:0 --notify-interval 1 <>lab
	wait_log one 'listening on'
	PORT=$(port_of one)
	exec {lab}>lab
	printf '%s\n' %snapshot '192.0.2.0/24 24 AS64496' ~end >&$lab
	printf '%s\n' %delta '+198.51.100.0/24 24 AS64497' ~end >&$lab
	wait_log one 'serial 2: 2 records'
	rtr-dump -q "127.0.0.1:$PORT" | grep -v ' AS64496 ' >relayed
	start two rtr-serve -l 127.0.0.1:0 <relayed
	wait_log two 'serial 1: 1 records'
	PORT=$(port_of two)
	run -0 served
	[ "$output" = '198.51.100.0/24 24 AS64497' ]
}
