# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2046,SC2086,SC2154
# rtr-serve and routers that mean no good: it serves the others, and its memory
# stays bounded.

load lib

poke() { timeout 60 "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" "$@"; }

# A table of n /24s, about 20 bytes each on the wire.
cache_of() {
	local n=$1
	shift
	serve cache "$@"
	seq 0 $((n - 1)) | awk 'BEGIN { print "%snapshot" }
		{ printf "%d.%d.%d.0/24 24 1\n", 20 + $1 / 65536, $1 / 256 % 256, $1 % 256 } END { print "~end" }' | feed cache
	wait_log cache 'serial 1:'
}

# A router in good order gets the whole table of n records.
still_served() {
	[ "$(poke reset 1 read | grep -c 'IPv4 Prefix')" -eq "$1" ]
}

# Open n connections that send this text (printf format) and stay; in this shell, so that they close with the test.
hold() {
	local n=$1 fd
	for ((i = 0; i < n; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT" || return
		[ -z "${2-}" ] || printf "$2" >&$fd
		held+=("$fd")
	done
}

let_go() {
	local fd
	for fd in "${held[@]}"; do exec {fd}>&-; done
	held=()
}

held=()

@test "garbage of every first byte gets an answer or an end, and nothing else" {
	cache_of 100
	for i in $(seq 0 255); do
		hex=$(printf '%02x' $i)
		poke hex ${hex}${hex}${hex}${hex}${hex}${hex}${hex}${hex} shut eof >>got || :
	done
	run -1 grep -vE '^(v[012] Error Report [0-9]+ .*|closed|reset|v0 .*)$' got
	still_served 100
}

@test "random garbage, in pieces of many sizes" {
	cache_of 100
	for seed in $(seq 20); do
		awk -v seed=$seed 'BEGIN { srand(seed); for (i = 0; i < 2000; i++) printf "%c", int(rand() * 256) }' >noise
		poke split $((seed * 7)) file noise shut eof >/dev/null || :
	done
	still_served 100
	wait_log cache 'disconnected: '
}

@test "half a header, or half a PDU, and silence: closed after --query-timeout" {
	cache_of 100 --query-timeout 1
	run -0 timeout 10 "$VRP_TOOLS/rtr-poke" 127.0.0.1 "$PORT" eof
	[ "$output" = closed ]
	wait_log cache 'disconnected: no query in time'
	run -0 poke hex 01020000 eof
	[ "$output" = closed ]
	run -0 poke reset 1 read hex 0101000000 eof
	[ "${lines[-1]}" = closed ]
	wait_log cache 'disconnected: rest of a PDU did not come in time'
	run -0 poke reset 1 read hex 01630000 0000ffff 01020304 eof
	[ "${lines[-1]}" = closed ]
	# One that has asked may be silent for as long as it likes.
	run -0 poke reset 1 read quiet 3 reset 1 read
	[ "$(grep -c 'End of Data' <<<"$output")" -eq 2 ]
}

@test "the time for the rest of a PDU is each PDU's own" {
	cache_of 1 --query-timeout 2
	run -0 poke hex 0102000000000008 01020000 read quiet 1 hex 00000008 01020000 read quiet 1 \
		hex 00000008 01020000 read quiet 1 hex 00000008 read
	[ "$(grep -c 'End of Data' <<<"$output")" -eq 4 ]
}

@test "a PDU of 4 GiB by its length is refused by its header, and costs nothing" {
	cache_of 100
	before=$(memory_of cache)
	for hex in 01020000ffffffff 01ff0000ffffffff 010a0000ffffffff 0100000080000000; do
		run -0 poke hex $hex eof
		[ "${lines[-1]}" = closed ]
	done
	[ $(($(memory_of cache) - before)) -lt 2048 ]
	still_served 100
}

@test "1,000 connections that never read: others are served, memory is bounded" {
	cache_of 200000 --stall-timeout 600 -v
	poke reset 1 read >/dev/null
	before=$(memory_of cache)
	ulimit -n 4096
	hold 1000 '\1\2\0\0\0\0\0\10'
	wait_for eval 'served=$(grep -c "whole table sent" "$RUN/cache.err"); [ "$served" -ge 1001 ]'
	still_served 200000
	# 4 MB of table for each would be 4 GB; a connection costs a few KiB.
	grown=$(($(memory_of cache) - before))
	echo "1000 connections cost $grown KiB"
	[ "$grown" -lt $((32 * 1024)) ]
	let_go
	wait_for eval '[ "$(descriptors_of cache)" -lt 50 ]'
	still_served 200000
}

@test "a router that asks and asks and never reads costs one answer" {
	cache_of 200000 --stall-timeout 600
	poke reset 1 read >/dev/null
	before=$(memory_of cache)
	hold 1
	fd=${held[0]}
	# 8 bytes a query: more than one connection may keep unread here and there.
	printf '\1\2\0\0\0\0\0\10%.0s' {1..200000} >queries
	timeout 2 cat queries >&$fd || :
	[ $(($(memory_of cache) - before)) -lt 4096 ]
	still_served 200000
	let_go
}

@test "a router that leaves an answer that the kernel holds is closed, too" {
	cache_of 7500 --stall-timeout 1
	# 150 KB are more than a first window and less than the kernel takes at once.
	start_fed idle "$VRP_TOOLS/rtr-poke" -i -w 2048 127.0.0.1 "$PORT" reset 1
	wait_log cache 'disconnected: stalled: acknowledges nothing'
	still_served 7500
}

@test "Error Report storms are neither answered nor kept" {
	cache_of 100
	before=$(memory_of cache)
	for ((i = 0; i < 300; i++)); do echo 010a000000000010 0000000000000000; done | tr '\n' ' ' >reports
	for _ in $(seq 30); do
		run -0 poke reset 1 read join hex $(cat reports) send eof
		[[ ${lines[-1]} == closed || ${lines[-1]} == reset ]]
		run -1 grep 'Error Report' <<<"$output"
	done
	[ $(($(memory_of cache) - before)) -lt 4096 ]
	still_served 100
}

@test "routers that come and go without a word" {
	cache_of 100
	for _ in $(seq 10); do
		hold 50
		let_go
	done
	for _ in $(seq 50); do poke reset 1 abort || :; done
	wait_log cache 'more connections, too many to log each'
	still_served 100
	wait_for eval '[ "$(descriptors_of cache)" -lt 30 ]'
}

@test "out of descriptors: it goes on serving, backs off, and recovers" {
	start_fed cache bash -c 'ulimit -n 256; exec rtr-serve "$@"' - -l 127.0.0.1:0 --max-clients 10000
	wait_log cache 'listening on'
	PORT=$(port_of cache)
	printf '%s\n' %snapshot '10.0.0.0/8 8 1' ~end | feed cache
	wait_log cache 'serial 1:'
	start_fed early "$VRP_TOOLS/rtr-poke" -i 127.0.0.1 "$PORT" reset 1 read
	wait_for grep -q 'End of Data' early.out
	ulimit -n 4096
	hold 400
	wait_log cache 'accept: Too many open files; trying again'
	# It does not spin: a second of it is little CPU time.
	ticks() { awk '{ print $14 + $15 }' "/proc/$(pid_of cache)/stat"; }
	before=$(ticks)
	echo 'quiet 1 reset 1 read' | feed early
	wait_for eval '[ "$(grep -c "End of Data" "$RUN/early.out")" -eq 2 ]'
	[ $(($(ticks) - before)) -lt 30 ]
	let_go
	run -0 "$VRP_TOOLS/rtr-poke" -t 20 127.0.0.1 "$PORT" reset 1 read
}

@test "a slow router that trickles bytes in and out gets its table" {
	cache_of 1000 --query-timeout 5
	run -0 poke split 1 reset 1 read 1 read 500 read
	[ "$(grep -c 'IPv4 Prefix' <<<"$output")" -eq 1000 ]
}

@test "through all of this a router that stays gets every update" {
	cache_of 1000 --notify-interval 0
	start_fed loyal "$VRP_TOOLS/rtr-poke" -i -t 30 127.0.0.1 "$PORT" reset 1 read
	wait_for grep -q 'End of Data' loyal.out
	session=$(sed -n 's/.*Cache Response session //p' loyal.out)
	ulimit -n 4096
	for serial in 1 2 3 4 5; do
		hold 100 '\1\2\0\0\0\0\0\10'
		hold 20 '\1\2\0'
		hold 20 '\377\377\377\377\377\377\377\377'
		printf '%s\n' %delta "+10.0.0.0/8 $((8 + serial)) 1" ~end | feed cache
		echo "read 1 serial 1 $session $serial read" | feed loyal
		wait_for eval '[ "$(grep -c "End of Data" "$RUN/loyal.out")" -eq '$((serial + 1))' ]'
	done
	[ "$(grep -c ' Prefix + 10.0.0.0/8' loyal.out)" -eq 5 ]
	let_go
}
