# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2046,SC2086,SC2154
# The line format, vrp(5), as a filter reads and writes it.

load lib

# Read a stream, write the table that it makes.
table() { vrp-fetch -q -E --max-age 0 "$@"; }

snapshot=$'%snapshot\n1.0.0.0/24 24 AS1 - -\n2001:db8::/32 48 AS2 ripe 4102444800\naspa AS1 AS2,AS3 - -\n~end'

@test "golden: every .in becomes its .out, and that becomes itself" {
	for in in "$ROOT"/t/data/vrp/*.in; do
		echo "$in"
		table <"$in" >got
		same "${in%.in}.out" got
		table <got >again
		same got again
	done
}

@test "CR LF and a missing last line feed" {
	table <<<"$snapshot" >want
	sed 's/$/\r/' <<<"$snapshot" | table >got
	same want got
	printf %s "$snapshot" | table >got
	same want got
}

@test "any order of lines is the same table" {
	table <<<"$snapshot" >want
	for _ in 1 2 3; do
		{ echo %snapshot; sed '1d;$d' <<<"$snapshot" | shuf; echo ~end; } | table >got
		same want got
	done
}

@test "LC_ALL=C sort leaves a snapshot framed" {
	for in in "$ROOT"/t/data/vrp/*.out; do
		LC_ALL=C sort "$in" >sorted
		[ "$(head -n 1 sorted)" = %snapshot ]
		[ "$(tail -n 1 sorted)" = ~end ]
		table <sorted >got
		same "$in" got
	done
}

@test "cut anywhere before its end, a snapshot is refused and nothing is written" {
	printf '%s\n' "$snapshot" >whole
	size=$(stat -c %s whole)
	for ((cut = 9; cut < size - 1; cut++)); do
		head -c $cut whole >part
		run -2 --separate-stderr table part
		[ -z "$output" ]
		[[ $stderr == 'vrp-fetch: part'* ]]
	done
	head -c $((size - 1)) whole | table >/dev/null
}

@test "grep, head and awk leave a list, which is a table" {
	table <<<"$snapshot" >whole
	grep ' AS2 ' whole | table >got
	[ "$(sed -n 2p got)" = '2001:db8::/32 48 AS2 ripe 4102444800' ]
	awk '$1 ~ "/" { $2 = "-"; print }' whole | table >got
	[ "$(sed -n 3p got)" = '2001:db8::/32 32 AS2 ripe 4102444800' ]
	# The frame survives a filter that keeps it.
	grep -v '^[0-9a-f]*:' whole | table >got
	[ "$(wc -l <got)" -eq 4 ]
}

@test "an empty input is no table; an empty frame is one" {
	run -2 --separate-stderr table </dev/null
	[ -z "$output" ]
	run -0 table <<<$'%snapshot\n~end'
	[ "$output" = $'%snapshot\n~end' ]
}

@test "an error names line, column and reason, and voids the table" {
	while IFS='|' read -r line at reason; do
		printf '%s\n' %snapshot '1.0.0.0/24 24 AS1' "$line" ~end >bad
		run -2 --separate-stderr table --strict bad
		[ -z "$output" ]
		echo "$stderr"
		[[ $stderr == *"bad:3$at: $reason"* ]]
	done <<-'END'
		1.0.0.1/24 24 AS1|:1|host bits set in prefix '1.0.0.1/24'
		1.0.0.0/24 33 AS1|:12|maximum length out of range '33'
		1.0.0.0/24 23 AS1|:12|maximum length out of range '23'
		1.0.0.0/33 33 AS1|:1|bad prefix length '1.0.0.0/33'
		1.0.0.0/24 24 AS4294967296|:15|bad AS number 'AS4294967296'
		1.0.0.0/24 24|:1|2 fields where 3 to 5 are needed
		1.0.0.0/24 24 AS1 - - -|:1|6 fields where 3 to 5 are needed
		1.0.0.0/24 24 AS1 - tomorrow|:21|bad expiry 'tomorrow'
		aspa AS1 AS2,|:10|bad provider AS in 'AS2,'
		router-key AS1 00 AAEC|:16|bad subject key identifier '00'
		word|:1|no record: 'word'
		+1.0.0.0/24 24 AS1|:1|bad address '+1.0.0.0/24'
	END
}

@test "an error in the frame names its line" {
	while IFS='|' read -r stream line reason; do
		printf "$stream" >bad
		run -2 --separate-stderr table bad
		[ -z "$output" ]
		echo "$stderr"
		[[ $stderr == *"bad:$line: $reason"* ]]
	done <<-'END'
		%%snapshot\n%%snapshot\n~end\n|2|a block begins before the one before it has ended
		%%snapshot\n~end\n1.0.0.0/24 24 1\n|3|record outside of a block
		%%snapshot\n~end\n~end\n|3|~end without a block
		%%snapshot x\n~end\n|1|block attribute is not name=value
		%%snapshot time=now\n~end\n|1|block attribute 'time' is not an RFC 3339 time
		%%delta\n+1.0.0.0/24 24 1\n~end\n|3|delta before any snapshot
		%%snapshot\n~end\n%%delta\n1.0.0.0/24 24 1\n~end\n|4|record without + or - in a delta
		%%snapshot\n~end\n%%delta\n-1.0.0.0/24 24 1\n~end\n|5|delta withdraws what is not there: 1.0.0.0/24 24 AS1
		%%snapshot\n1.0.0.0/24 24 1\n~end\n%%delta\n+1.0.0.0/24 24 1\n~end\n|6|delta announces what is there: 1.0.0.0/24 24 AS1
		%%snapshot\n1.0.0.0/24 24 1\n|2|input ended inside a block
	END
}

@test "what a feed says does not drive the terminal" {
	printf '%%snapshot\n1.0.0.0/24 24 \33[31mAS\177\n~end\n' >bad
	run -2 --separate-stderr table bad
	[[ $stderr == *"bad AS number '?[31mAS?'"* ]]
}

@test "a line of 1 MiB is taken, a longer one refused" {
	{ printf '#%1048575d\n' 0; echo '1.0.0.0/24 24 1'; } | table >got
	[ "$(sed -n 2p got)" = '1.0.0.0/24 24 AS1 - -' ]
	{ printf '#%1048576d\n' 0; echo '1.0.0.0/24 24 1'; } >long
	run -2 --separate-stderr table long
	[[ $stderr == *'long:1: line longer than 1 MiB'* ]]
}

@test "an ASPA of 16,380 providers is taken, one of 16,381 refused" {
	{ echo -n 'aspa AS1 '; seq -s , 2 16381; } | table >got
	[ "$(sed -n 2p got | tr , '\n' | wc -l)" -eq 16380 ]
	run -2 --separate-stderr table --strict < <(echo -n 'aspa AS1 '; seq -s , 2 16382)
	[[ $stderr == *'too many providers'* ]]
	# Together they are too many as well.
	run -2 --separate-stderr table < <(echo -n 'aspa AS1 '; seq -s , 2 16381; echo aspa 1 1)
	[[ $stderr == *'the ASPAs of AS1 have 16381 providers together, more than 16380'* ]]
}

@test "a key of 65,503 bytes is taken, a longer one refused" {
	ski=$(printf '%040d' 0)
	{ echo -n "router-key AS1 $ski "; head -c 65503 /dev/zero | base64 -w 0; echo; } | table >got
	[ "$(sed -n 2p got | cut -d' ' -f4 | base64 -d | wc -c)" -eq 65503 ]
	run -2 --separate-stderr table --strict < <(echo -n "router-key AS1 $ski "; head -c 65504 /dev/zero | base64 -w 0)
	[[ $stderr == *'key too long'* ]]
}

@test "a trust anchor has at most 255 bytes, and there are at most 4,095" {
	name=$(printf '%0255d' 0)
	table <<<"1.0.0.0/24 24 1 $name" | grep -qF " $name -"
	run -2 table --strict <<<"1.0.0.0/24 24 1 x$name"
	seq 4095 | sed 's/.*/1.0.0.0\/24 24 & anchor&/' | table >got
	[ "$(grep -c anchor got)" -eq 4095 ]
	run -2 --separate-stderr table --strict < <(seq 4096 | sed 's/.*/1.0.0.0\/24 24 & anchor&/')
	[[ $stderr == *'too many of them'* ]]
}

@test "the real snapshot is itself after a round trip in any order" {
	snapshot_json feed.json
	table feed.json | sed 's/^%snapshot.*/%snapshot/' >want
	[ "$(wc -l <want)" -gt 380000 ]
	table <want >got
	same want got
	{ echo %snapshot; sed '1d;$d' want | shuf; echo ~end; } | table >got
	same want got
}
