# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-merge: union, intersection and quorum, once and live.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf '%s\n' '1.0.0.0/24 24 AS1 apnic 100' '2.0.0.0/24 24 AS2 ripe 100' >one
	printf '%s\n' '2.0.0.0/24 24 AS2 arin 300' '3.0.0.0/24 24 AS3' >two
	printf '%s\n' '%snapshot time=2026-11-23T00:00:00Z source=x' '1.0.0.0/24 24 AS1 apnic 200' \
		'2.0.0.0/24 24 AS2 lacnic 200' '2001:db8::/32 32 AS1 - -' '~end' >three
}

# A snapshot of these record lines.
framed() { printf '%s\n' %snapshot "$@" '~end'; }

@test "the union by default: canonical, framed, the latest expiry with its trust anchor" {
	run -0 --separate-stderr vrp-merge one two three
	framed '1.0.0.0/24 24 AS1 apnic 200' '2.0.0.0/24 24 AS2 arin 300' '3.0.0.0/24 24 AS3 - -' '2001:db8::/32 32 AS1 - -' |
		sed '1s/$/ time=2026-11-23T00:00:00Z/' >want
	echo "$output" >got
	same want got
	[[ $stderr =~ ^vrp-merge:\ 3\ inputs:\ 3\ IPv4\ and\ 1\ IPv6\ VRPs,\ 0\ router\ keys,\ 0\ ASPAs\;\ [0-9.]+\ s$ ]]
	run -0 --separate-stderr vrp-merge -q one two three
	[ -z "$stderr" ]
}

@test "-n: what so many inputs hold, until fewer do" {
	run -0 vrp-merge -q -n 2 one two three
	[ "${lines[1]}" = "1.0.0.0/24 24 AS1 apnic 100" ]
	[ "${lines[2]}" = "2.0.0.0/24 24 AS2 lacnic 200" ]
	[ "${#lines[@]}" -eq 4 ]
	run -0 vrp-merge -q -n 3 one two three
	[ "${lines[1]}" = "2.0.0.0/24 24 AS2 ripe 100" ]
	[ "${#lines[@]}" -eq 3 ]
	vrp-merge -q -n all one two three >all
	[ "$output" = "$(cat all)" ]
	# Nothing in common is an empty table, framed.
	echo 9.0.0.0/8 8 AS9 >four
	run -0 vrp-merge -q -n 2 one four
	[ "$output" = $'%snapshot\n~end' ]
}

@test "the order of the inputs is no matter, and a merge of merges is a merge" {
	vrp-merge -q one two three >want
	vrp-merge -q three two one >got
	same want got
	vrp-merge -q one two | vrp-merge -q three - >got
	same want got
	vrp-merge -q <(cat one) <(cat two) <(cat three) >got
	same want got
	vrp-merge -q -n 2 two three one >want
	vrp-merge -q -n 2 one two three >got
	same want got
}

@test "ASPAs count by customer and the whole list of providers" {
	printf '%s\n' 'aspa AS1 AS2,AS3 x 5' 'aspa AS4 AS5' 'aspa AS9 AS1' >a
	printf '%s\n' 'aspa AS1 AS2 y 6' 'aspa AS4 AS6' 'aspa AS9 AS1' >b
	printf '%s\n' 'aspa AS1 AS2,AS3 z 7' 'aspa AS4 AS7' 'aspa AS8 AS0' >c
	run -0 vrp-merge -q a b c
	[ "$output" = "$(framed 'aspa AS1 AS2,AS3 z 7' 'aspa AS4 AS5,AS6,AS7 - -' 'aspa AS8 AS0 - -' 'aspa AS9 AS1 - -')" ]
	# AS1: two agree, and no provider of theirs is lost. AS4: nobody agrees, and no list of parts is made up.
	run -0 vrp-merge -q -n 2 a b c
	[ "$output" = "$(framed 'aspa AS1 AS2,AS3 x 5' 'aspa AS9 AS1 - -')" ]
	run -0 vrp-merge -q -n 3 a b c
	[ "$output" = "$(framed)" ]
	# Two lists that are both agreed on are joined, as in a union.
	run -0 vrp-merge -q -n 2 a b a b
	[ "$output" = "$(framed 'aspa AS1 AS2,AS3 y 6' 'aspa AS4 AS5,AS6 - -' 'aspa AS9 AS1 - -')" ]
}

@test "one input: standard input by default, flattened" {
	printf '%s\n' '%delta time=2026-11-24T00:00:00Z' '-1.0.0.0/24 24 AS1' '+3.0.0.0/24 24 AS3' '~end' \
		'%delta' '+2.0.0.0/24 24 AS2 ripe 1' '~end' >deltas
	cat three deltas >stream
	run -0 --separate-stderr vrp-merge <stream
	[ "$output" = "$(printf '%s\n' '%snapshot time=2026-11-24T00:00:00Z source=x' '2.0.0.0/24 24 AS2 ripe 1' \
		'3.0.0.0/24 24 AS3 - -' '2001:db8::/32 32 AS1 - -' '~end')" ]
	[[ $stderr == "vrp-merge: 1 input: 2 IPv4 "* ]]
	vrp-merge -q - <stream >got
	[ "$output" = "$(cat got)" ]
	vrp-merge -q stream | vrp-merge -q >again
	same got again
	# Any order in, canonical order out.
	tac three | grep -v '^[%~]' >list
	vrp-merge -q list >got
	[ "$(cut -d ' ' -f 1 got)" = "$(grep -v source three | cut -d ' ' -f 1 | sed '1i %snapshot')" ]
}

@test "of one input all attributes of its last block pass, of several the oldest time" {
	printf '%s\n' '%snapshot  source=a%20b serial=4 x=%y time=2026-01-02T00:00:00Z' '~end' >a
	printf '%s\n' '%snapshot time=2026-01-01T00:00:00Z source=b' '~end' '%delta serial=5' '~end' >b
	framed >c
	run -0 vrp-merge -q a
	[ "${lines[0]}" = '%snapshot source=a%20b serial=4 x=%y time=2026-01-02T00:00:00Z' ]
	run -0 vrp-merge -q b
	[ "${lines[0]}" = '%snapshot serial=5 time=2026-01-01T00:00:00Z source=b' ]
	run -0 vrp-merge -q a b
	[ "${lines[0]}" = '%snapshot time=2026-01-01T00:00:00Z' ]
	# An input without a time doesn't take the others' age away.
	run -0 vrp-merge -q a c
	[ "${lines[0]}" = '%snapshot time=2026-01-02T00:00:00Z' ]
	run -0 vrp-merge -q c c
	[ "${lines[0]}" = '%snapshot' ]
}

@test "lines for others are passed on within the snapshot" {
	{
		echo '%hello'
		sed 's/^~end/~bye\n&/' three
		echo '%again'
	} >strange
	framed '~other' >strange2
	run -0 vrp-merge -q strange strange2
	[ "$(grep '^[%~]' <<<"$output")" = $'%snapshot time=2026-11-23T00:00:00Z\n%hello\n%again\n~bye\n~other\n~end' ]
	vrp-merge -q strange | vrp-merge -q >got
	vrp-merge -q strange >want
	same want got
}

@test "an input that is missing, cut short or malformed is an error and never an empty set" {
	local bad message
	: >nothing
	head -n -1 three >cut
	head -c -2 three >cut2
	sed 's/^2.0.*/2.0.0.0\/24 23 AS2/' three >malformed
	printf '%%delta\n+1.0.0.0/24 24 AS1\n~end\n' >baseless
	echo before >file
	while read -r bad message; do
		for inputs in "$bad" "one $bad" "$bad two" "-n 2 one two $bad" "-o file one $bad"; do
			# shellcheck disable=SC2086
			run -2 --separate-stderr vrp-merge $inputs
			[ -z "$output" ]
			[ "$stderr" = "vrp-merge: $bad$message" ]
		done
	done <<-'END'
		missing : No such file or directory
		nothing : no table: neither a block nor a record
		cut :4: input ended inside a block
		cut2 :5: input ended inside a block
		malformed :3:12: maximum length out of range '23'
		baseless :3: delta before any snapshot
		. : Is a directory
	END
	[ "$(cat file)" = before ]
	run -2 --separate-stderr vrp-merge </dev/null
	[ -z "$output" ]
	[ "$stderr" = "vrp-merge: -: no table: neither a block nor a record" ]
}

@test "ASPAs that have too many providers only together are an error" {
	awk 'BEGIN { printf "aspa AS1 AS1"; for (i = 2; i <= 16380; i++) printf ",AS%d", 2 * i; print "" }' >a
	sed 's/AS1,/AS3,/' a >b
	run -0 --separate-stderr vrp-merge a
	run -2 --separate-stderr vrp-merge a b
	[ -z "$output" ]
	[ "$stderr" = "vrp-merge: the ASPAs of AS1 have 16381 providers together, more than 16380" ]
	run -0 vrp-merge -q -n 2 a b
}

@test "-o replaces a file, which may be an input" {
	mkdir dir
	vrp-merge -q -o dir/table one
	vrp-merge -q one >want
	same want dir/table
	vrp-merge -q -o dir/table dir/table two
	vrp-merge -q one two >want
	same want dir/table
	[ "$(ls -A dir)" = table ]
}

@test "an output that fails is an error" {
	run -2 --separate-stderr vrp-merge -o nodir/file one
	[ "$stderr" = "vrp-merge: nodir/file: cannot create: No such file or directory" ]
	[ -e /dev/full ] || skip "no /dev/full"
	run -2 --separate-stderr bash -c 'vrp-merge one >/dev/full'
	[[ $stderr == *"standard output: No space left on device"* ]]
	run -2 --separate-stderr bash -c 'vrp-merge -f one >/dev/full'
	[[ $stderr == *"standard output: No space left on device"* ]]
}

@test "usage errors exit 2 and say what to try" {
	local args
	for args in "--nonsense" "-n 0" "-n x" "-n -1" "-n 2" "-n 3 one two" "-n 99999999999 one" "- -" "- one -" "-f -o x one" \
		"--wait 5 one" "-f --wait 0 one" "-f --wait x one"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr vrp-merge $args <one
		[ -z "$output" ]
		[[ $stderr == *"try 'vrp-merge -h'" ]]
	done
	run -2 --separate-stderr vrp-merge -n 3 one two
	[ "${stderr_lines[0]}" = "vrp-merge: --quorum 3 is more than the inputs, which are 2" ]
}

@test "200,000 records in any order, against sort" {
	local i
	for i in 1 2 3; do
		awk -v s=$i 'BEGIN { srand(s); for (i = 0; i < 100000; i++) { n = int(rand() * 150000)
			printf "%d.%d.%d.0/24 24 AS%d - -\n", 1 + n / 65536, n / 256 % 256, n % 256, n } }' >in$i
		sort -u in$i >in$i.sorted
	done
	sort in?.sorted | uniq -c >counts
	for i in 1 2 3; do
		awk -v n=$i '$1 >= n { print $2, $3, $4, $5, $6 }' counts >want
		[ "$(wc -l <want)" -gt 10000 ]
		vrp-merge -q -n $i in1 in2 in3 | grep -v '^[%~]' | sort >got
		same want got
	done
}

@test "a thousand inputs" {
	local i
	mkdir many
	for ((i = 0; i < 1000; i++)); do
		printf '10.%d.%d.0/24 24 AS1 a %d\n10.0.0.0/8 8 AS1 - %d\n' $((i / 256)) $((i % 256)) $i $i >many/$i
	done
	vrp-merge -q many/* >got
	[ "$(wc -l <got)" -eq 1003 ]
	run -0 vrp-merge -q -n 600 many/*
	[ "$output" = "$(framed '10.0.0.0/8 8 AS1 - 400')" ]
}

# ---- Live ----

# Two FIFOs, a and b, held open as start_fed does it until feed_end, and a merge of them.
live() {
	mkfifo a b
	exec {feed_fd_a}<>a {feed_fd_b}<>b
	start live vrp-merge -f "$@" a b
}

# It ends by itself, with this status.
ends_with() {
	local status=0
	wait_gone live || status=$?
	[ "$status" -eq "$1" ]
}

blocks() { [ "$(grep -c '^~end' live.out)" -eq "$1" ]; }
passed_on() { grep -qx -e "$1" live.out; }

# What a reader of the output holds.
held() { vrp-merge -q live.out | grep -v '^[%~]'; }

@test "-f: a snapshot when every input has one, then a delta for each change, at once" {
	live
	framed '1.0.0.0/24 24 AS1' >a
	printf '%s\n' '%snapshot' '2.0.0.0/24 24 AS2' '%both-read' >b
	wait_for passed_on %both-read
	[ "$(cat live.out)" = %both-read ]
	echo '~end' >b
	wait_for blocks 1
	printf '%s\n' '%delta' '+3.0.0.0/24 24 AS3' '~end' >a
	wait_for blocks 2
	# What the other has already is no news.
	printf '%s\n' '%delta' '+3.0.0.0/24 24 AS3' '~end' '%b-read' >b
	wait_for passed_on %b-read
	framed '4.0.0.0/24 24 AS4' >a
	wait_for blocks 3
	{
		echo %both-read
		framed '1.0.0.0/24 24 AS1 - -' '2.0.0.0/24 24 AS2 - -'
		printf '%s\n' '%delta' '+3.0.0.0/24 24 AS3 - -' '~end' '%b-read' '%delta' '-1.0.0.0/24 24 AS1 - -' \
			'+4.0.0.0/24 24 AS4 - -' '~end'
	} >want
	same want live.out
	logged live '^vrp-merge: 2 inputs: 2 IPv4 and 0 IPv6 VRPs'
	# A time is news, and so is an expiry.
	printf '%s\n' '%delta time=2026-01-01T00:00:00Z' '~end' >a
	wait_for blocks 4
	[ "$(tail -n 2 live.out)" = $'%delta time=2026-01-01T00:00:00Z\n~end' ]
	printf '%s\n' '%delta' '+2.0.0.0/24 24 AS2 ripe 7' '~end' >b
	wait_for blocks 5
	[ "$(tail -n 3 live.out)" = $'%delta time=2026-01-01T00:00:00Z\n+2.0.0.0/24 24 AS2 ripe 7\n~end' ]
	alive live
}

@test "-f: an input that ends goes on to count; when all have ended the merge has, too" {
	live -n 2
	framed '1.0.0.0/24 24 AS1' '2.0.0.0/24 24 AS2' '%read' >a
	wait_for passed_on %read
	feed_end a
	wait_log live '^vrp-merge: a has ended'
	framed '2.0.0.0/24 24 AS2' >b
	wait_for blocks 1
	[ "$(held)" = "2.0.0.0/24 24 AS2 - -" ]
	printf '%s\n' '%delta' '+1.0.0.0/24 24 AS1' '~end' >b
	wait_for blocks 2
	[ "$(held)" = $'1.0.0.0/24 24 AS1 - -\n2.0.0.0/24 24 AS2 - -' ]
	feed_end b
	ends_with 0
	blocks 2
	logged live 'a has ended, its last table goes on to count$'
}

@test "-f: a bad block leaves its input the table it had, and the status is 2 in the end" {
	live
	framed '1.0.0.0/24 24 AS1' >a
	framed '2.0.0.0/24 24 AS2' >b
	wait_for blocks 1
	printf '%s\n' '%snapshot' '3.0.0.0/24 23 AS3' '~end' '%delta' '+4.0.0.0/24 24 AS4' '~end' >a
	wait_log live "^vrp-merge: a:5:12: maximum length out of range '23'; its last table goes on to count$"
	printf '%s\n' '%delta' '+5.0.0.0/24 24 AS5' '~end' >b
	wait_for blocks 2
	[ "$(held | cut -d ' ' -f 1 | tr '\n' ' ')" = "1.0.0.0/24 2.0.0.0/24 5.0.0.0/24 " ]
	framed '6.0.0.0/24 24 AS6' >a
	wait_for blocks 3
	[ "$(held | cut -d ' ' -f 1 | tr '\n' ' ')" = "2.0.0.0/24 5.0.0.0/24 6.0.0.0/24 " ]
	# The delta that could not be taken is not a second complaint.
	[ "$(grep -c 'vrp-merge: a' live.err)" -eq 1 ]
	feed_end a
	feed_end b
	ends_with 2
}

@test "-f: an input that is cut short, one that is empty, one that is missing" {
	local status=0
	head -n -1 three >cut
	{
		cat three
		printf '%%delta\n-1.0.0.0/24 24 AS1\n'
	} >cut-later
	: >nothing
	run -2 --separate-stderr vrp-merge -f one cut
	[ -z "$output" ]
	[ "${stderr_lines[1]}" = "vrp-merge: cut:4: input ended inside a block; it has no table yet" ]
	[ "${stderr_lines[2]}" = "vrp-merge: cut has ended without a table" ]
	run -2 --separate-stderr vrp-merge -f one nothing two
	[ -z "$output" ]
	run -2 --separate-stderr vrp-merge -f one missing
	[ -z "$output" ]
	[ "$stderr" = "vrp-merge: missing: No such file or directory" ]
	run -2 --separate-stderr vrp-merge -f one .
	[ "$stderr" = "vrp-merge: .: Is a directory" ]
	# What came before counts.
	vrp-merge -f one cut-later >got 2>err || status=$?
	[ "$status" -eq 2 ]
	vrp-merge -q one three >want
	same want got
	grep -qx 'vrp-merge: cut-later:7: input ended inside a block; its last table goes on to count' err
}

@test "-f: files and a list on standard input give what they give once" {
	vrp-merge -q -n 2 one two three >want
	vrp-merge -q -f -n 2 one two three >got
	same want got
	vrp-merge -q -f -n 2 one - three <two >got
	same want got
	# One input is flattened as it goes.
	printf '%s\n' '%delta serial=5' '+5.0.0.0/24 24 AS5' '~end' | cat three - >stream
	run -0 --separate-stderr vrp-merge -f <stream
	[ "$(grep -c '^~end' <<<"$output")" -eq 2 ]
	[ "$(grep '^%' <<<"$output")" = "$(printf '%s\n' '%snapshot time=2026-11-23T00:00:00Z source=x' \
		'%delta serial=5 time=2026-11-23T00:00:00Z source=x')" ]
	vrp-merge -q stream >want
	vrp-merge -q <<<"$output" >got
	same want got
}

@test "-f --wait: begin without those that are late or will never come" {
	mkfifo a b c
	exec {feed_fd_a}<>a {feed_fd_b}<>b {feed_fd_c}<>c
	start live vrp-merge -f -n 2 --wait 1 a b c
	framed '1.0.0.0/24 24 AS1' '2.0.0.0/24 24 AS2' >a
	printf '%s\n' '%snapshot' '2.0.0.0/24 24 AS2' '%read' >b
	wait_for passed_on %read
	# One table is no quorum, however long it takes.
	blocks 0
	echo '~end' >b
	wait_for blocks 1
	[ "$(held)" = "2.0.0.0/24 24 AS2 - -" ]
	framed '1.0.0.0/24 24 AS1' >c
	wait_for blocks 2
	[ "$(held)" = $'1.0.0.0/24 24 AS1 - -\n2.0.0.0/24 24 AS2 - -' ]
	stop live || :
	# Nobody is late who has ended.
	: >nothing
	run -2 --separate-stderr vrp-merge -f -n 2 --wait 1d one nothing two
	[ "${lines[1]}" = "2.0.0.0/24 24 AS2 ripe 100" ]
	# And without a quorum there is nothing to begin with.
	run -2 --separate-stderr vrp-merge -f -n 3 --wait 1d one nothing two
	[ -z "$output" ]
}

@test "-f: it ends when nobody reads what it writes" {
	mkfifo a out
	exec {feed_fd_a}<>a
	start reader head -n 1 out
	start live bash -c 'exec vrp-merge -f a >out'
	framed '1.0.0.0/24 24 AS1' >a
	wait_gone reader
	ends_with 2
	logged live '^vrp-merge: standard output: Broken pipe$'
}

@test "-f: a quorum of three for routers" {
	mkfifo a b c served
	exec {feed_fd_a}<>a {feed_fd_b}<>b {feed_fd_c}<>c
	start live bash -c 'vrp-merge -f -n 2 a b c >served; echo $? >status'
	start cache rtr-serve -l 127.0.0.1:0 served
	wait_log cache 'listening on'
	PORT=$(port_of cache)
	framed '1.0.0.0/24 24 AS1' '2.0.0.0/24 24 AS2' >a
	framed '1.0.0.0/24 24 AS1' '3.0.0.0/24 24 AS3' >b
	framed '2.0.0.0/24 24 AS2' '3.0.0.0/24 24 AS3' '4.0.0.0/24 24 AS4' >c
	wait_log cache 'serial 1:'
	run -0 rtr-dump -q "127.0.0.1:$PORT"
	[ "$(cut -d ' ' -f 1 <<<"$output" | sed 1d)" = $'1.0.0.0/24\n2.0.0.0/24\n3.0.0.0/24\n~end' ]
	# All sources die, one in the middle of an empty table: routers keep what they have.
	printf '%%snapshot\n' >a
	feed_end a
	feed_end b
	printf '%s\n' '%delta' '-3.0.0.0/24 24 AS3' '~end' >c
	wait_log cache 'serial 2:'
	feed_end c
	wait_log cache 'input has ended'
	wait_for test -s status
	[ "$(cat status)" -eq 2 ]
	run -0 rtr-dump -q "127.0.0.1:$PORT"
	[ "$(cut -d ' ' -f 1 <<<"$output" | sed 1d)" = $'1.0.0.0/24\n2.0.0.0/24\n~end' ]
}

@test "-f: 300 changes of three inputs, checked against what the tables are in the end" {
	local i
	# Three streams of a snapshot and 100 deltas, and the tables that they lead to.
	for i in 1 2 3; do
		awk -v s=$i 'BEGIN { srand(s); print "%snapshot"
			for (n = 0; n < 3000; n++) if (rand() < 0.5) { has[n] = 1; print line(n) }
			print "~end"
			for (k = 0; k < 100; k++) { print "%delta"
				for (n = int(rand() * 100); n < 3000; n += 1 + int(rand() * 500)) {
					print (has[n] ? "-" : "+") line(n); has[n] = !has[n] }
				print "~end" }
			for (n = 0; n < 3000; n++) if (has[n]) print line(n) >("table" s) }
			function line(n) { return "10." int(n / 256) "." n % 256 ".0/24 24 AS" n }' >stream$i
	done
	vrp-merge -q -f -n 2 <(cat stream1) <(cat stream2) <(cat stream3) >live.out
	[ "$(grep -c '^%delta' live.out)" -gt 50 ]
	vrp-merge -q -n 2 table1 table2 table3 >want
	vrp-merge -q live.out >got
	same want got
}

# ---- Hostile and real ----

@test "hostile input is refused in little memory" {
	[ "${VRP_BUILD:-build}" = build ] || skip "sanitizers need address space"
	ulimit -v 262144
	for option in -q -f; do
		run -2 bash -c "head -c 512M /dev/zero | tr '\0' x | vrp-merge $option one -"
		[[ $output == *"vrp-merge: -:1: line longer than 1 MiB"* ]]
	done
	# Lines for others are not kept while they are followed.
	run -2 bash -c 'yes "%line for others" | head -c 512M | vrp-merge -f one - >/dev/null'
	[ "$output" = $'vrp-merge: one has ended, its last table goes on to count\nvrp-merge: - has ended without a table' ]
}

@test "DN42's registry from 2019 to 2022: 875 deltas flattened, and live" {
	need_data dn42/deltas.tsv.xz
	xz -dc "$VRP_DATA/dn42/serial0.json.xz" | vrp-fetch -q -E --max-age 0 >first
	xz -dc "$VRP_DATA/dn42/deltas.tsv.xz" | grep -v '^#' >tsv
	# Without what the registry had wrong, as vrp-fetch finds it: host bits, maximum lengths.
	cut -f 4-6 tsv | sort -u | awk -F '\t' 'BEGIN { print "ASN,IP Prefix,Max Length" } { print $1 "," $2 "," $3 }' >all.csv
	vrp-fetch -q all.csv 2>&1 >/dev/null | cut -d : -f 3 | sed 's/$/p/' | sed -nf - all.csv >bad.csv
	[ "$(wc -l <bad.csv)" -lt 10 ]
	awk -F '\t' 'NR == FNR { split($0, f, ","); bad[f[1] FS f[2] FS f[3]] = 1; next }
		bad[$4 FS $5 FS $6] { next }
		$1 != serial { if (serial) print "~end"; serial = $1; print "%delta serial=" serial }
		{ print $3 $5, $6, "AS" $4 }
		END { print "~end" }' bad.csv tsv >deltas
	[ "$(grep -c '^%delta' deltas)" -gt 860 ]
	cat first deltas | vrp-merge -q >got
	[ "$(head -n 1 got)" = "%snapshot serial=875" ]
	# It leads to the registry's own export.
	xz -dc "$VRP_DATA/dn42/export_dn42.json.xz" | vrp-fetch -q -E --max-age 0 2>/dev/null >want
	run -0 vrp-diff got want
	vrp-merge -q -f first <(cat first deltas) >live.out
	[ "$(grep -c '^%delta' live.out)" -gt 700 ]
	vrp-merge -q first got | grep -v '^%' >want
	vrp-merge -q live.out | grep -v '^%' >got
	same want got
}

@test "seven weeks of 2017: what all of them, most of them and any of them have" {
	need_data 2017
	local n file week=0
	for file in "$VRP_DATA"/2017/vrps-*.csv.xz; do
		week=$((week + 1))
		xz -dc "$file" | vrp-fetch -q -E --max-age 0 >week$week
		grep -v '^[%~]' week$week | cut -d ' ' -f 1-3
	done | sort | uniq -c >counts
	for n in 1 4 7; do
		awk -v n=$n '$1 >= n { print $2, $3, $4 }' counts >want
		[ "$(wc -l <want)" -gt 30000 ]
		vrp-merge -q -n $n week? | grep -v '^[%~]' | cut -d ' ' -f 1-3 | sort >got
		same want got
	done
}
