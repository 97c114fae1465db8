# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-fetch on files and standard input.

load lib

feeds=$ROOT/t/data/feeds

# The golden feeds were made on 2026-11-23, and their records expire a week later.
fetch() { vrp-fetch --max-age 0 -E "$@"; }

# What was written without its frame.
records() { grep -v '^[%~]' "$1"; }

@test "every dialect gives its records, framed" {
	local feed name
	for feed in "$feeds"/*.in; do
		name=$(basename "$feed" .in)
		fetch --strict "$feed" >got 2>err || { echo "$name: $(cat err)"; return 1; }
		[[ $(head -n 1 got) == "%snapshot "*"source=$feed" ]]
		[ "$(tail -n 1 got)" = "~end" ]
		records got >got.records
		same "$feeds/$name.out" got.records
	done
}

@test "standard input, by default and as -, gives the same without a source" {
	fetch -q <"$feeds/rpki-client.in" >one
	fetch -q - <"$feeds/rpki-client.in" >two
	same one two
	[ "$(head -n 1 one)" = "%snapshot time=2026-11-23T00:00:00Z" ]
}

@test "the time is the validator's, and left out where there is none" {
	run -0 fetch -q - <"$feeds/routinator.in"
	[ "${lines[0]}" = "%snapshot time=2026-11-23T00:00:00Z" ]
	run -0 fetch -q - <"$feeds/fort.in"
	[ "${lines[0]}" = "%snapshot" ]
}

@test "what was written is read again, unchanged" {
	fetch -q - <"$feeds/rpki-client.in" >one
	fetch -q - <one >two
	same one two
}

@test "a summary on stderr, none with -q" {
	run -0 --separate-stderr fetch "$feeds/rpki-client.in"
	[[ $stderr =~ ^vrp-fetch:\ .*rpki-client.in:\ 2\ IPv4\ and\ 1\ IPv6\ VRPs,\ 1\ router\ keys,\ 2\ ASPAs\;\ 0\ skipped,\ 0\ expired\;\ [0-9.]+\ s$ ]]
	run -0 --separate-stderr fetch -q "$feeds/rpki-client.in"
	[ -z "$stderr" ]
}

@test "a bad record is named with its place and skipped; --strict refuses it" {
	printf '[\n  {"asn":1,"prefix":"10.0.0.0/8"},\n  {"asn":2,"prefix":"10.0.0.1/8"}\n]\n' >feed
	run -0 --separate-stderr fetch feed
	[ "${lines[1]}" = "10.0.0.0/8 8 AS1 - -" ]
	[ "${stderr_lines[0]}" = "vrp-fetch: feed:3:21: bad prefix '10.0.0.1/8': host bits are set" ]
	[[ ${stderr_lines[1]} == *" 1 skipped, "* ]]
	run -2 --separate-stderr fetch --strict feed
	[ -z "$output" ]
	[ "$stderr" = "vrp-fetch: feed:3:21: bad prefix '10.0.0.1/8': host bits are set" ]
}

@test "of many bad records some are named and all are counted, even with -q" {
	{
		echo '[{"asn":1,"prefix":"10.0.0.0/8"}'
		yes ',{"asn":2}' | head -n 5000
		echo ']'
	} >feed
	run -0 --separate-stderr fetch -q feed
	[ "${#stderr_lines[@]}" -eq 21 ]
	[ "${stderr_lines[20]}" = "vrp-fetch: feed: 4980 more bad records" ]
}

@test "expired records are dropped and counted, -E keeps them" {
	printf '[{"asn":1,"prefix":"10.0.0.0/8","expires":1},{"asn":2,"prefix":"10.0.0.0/8"}]' >feed
	run -0 --separate-stderr vrp-fetch feed
	[ "${lines[1]}" = "10.0.0.0/8 8 AS2 - -" ]
	[[ $stderr == *" 1 expired; "* ]]
	run -0 --separate-stderr vrp-fetch -E feed
	[ "${lines[1]}" = "10.0.0.0/8 8 AS1 - 1" ]
}

@test "a feed that is too old is refused, --max-age decides" {
	printf '{"metadata":{"generated":%d},"roas":[]}' "$(($(date +%s) - 90000))" >feed
	run -2 --separate-stderr vrp-fetch feed
	[ -z "$output" ]
	[[ $stderr == "vrp-fetch: feed: the feed is too old: made "*"Z, 25 hours ago" ]]
	run -0 vrp-fetch -q --max-age 26h feed
	run -0 vrp-fetch -q --max-age 0 feed
	run -2 vrp-fetch -q --max-age 10 feed
}

@test "nothing is written of a feed that isn't whole" {
	head -c -4 "$feeds/rpki-client.in" >feed
	run -2 --separate-stderr fetch feed
	[ -z "$output" ]
	[[ $stderr =~ ^vrp-fetch:\ feed:[0-9]+:[0-9]+:\ the\ document\ is\ cut\ short$ ]]
	echo '{"metadata":{"vrps":300000},"roas":[]}' >feed
	run -2 --separate-stderr fetch feed
	[ -z "$output" ]
	[ "$stderr" = "vrp-fetch: feed: its metadata counts VRPs, but there are none in it" ]
}

@test "the first good source is taken, failures are named" {
	echo '{}' >bad
	run -0 --separate-stderr fetch nowhere bad "$feeds/fort.in" alsonowhere
	[ "${lines[0]}" = "%snapshot source=$feeds/fort.in" ]
	[ "${#lines[@]}" -eq 4 ]
	[ "${stderr_lines[0]}" = "vrp-fetch: nowhere: No such file or directory" ]
	[ "${stderr_lines[1]}" = "vrp-fetch: bad: there is no list of VRPs, router keys or ASPAs in it" ]
	[ "${#stderr_lines[@]}" -eq 3 ]
	run -2 --separate-stderr fetch nowhere bad
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
}

@test "-o replaces a file, keeps its mode and links, leaves nothing beside it" {
	mkdir dir
	echo old >dir/file
	chmod 640 dir/file
	ln -s dir/file link
	fetch -q -o link "$feeds/fort.in"
	[ -L link ]
	[ "$(stat -c %a dir/file)" = 640 ]
	records dir/file >got
	same "$feeds/fort.out" got
	[ "$(ls -A dir)" = file ]
	(umask 027 && fetch -q -o new "$feeds/fort.in")
	[ "$(stat -c %a new)" = 640 ]
	same dir/file new
}

@test "-o leaves the old file when there is no good feed" {
	mkdir dir
	echo old >dir/file
	echo '{}' >bad
	run -2 fetch -o dir/file bad
	[ "$(cat dir/file)" = old ]
	[ "$(ls -A dir)" = file ]
}

@test "an output that fails is an error, and a device stays a device" {
	run -2 --separate-stderr fetch -o nodir/file "$feeds/fort.in"
	[[ $stderr == "vrp-fetch: nodir/file: cannot create: No such file or directory" ]]
	run -2 --separate-stderr fetch -o . "$feeds/fort.in"
	[[ $stderr == "vrp-fetch: .: cannot open for writing: Is a directory" ]]
	run -2 --separate-stderr fetch -o /dev/full "$feeds/fort.in"
	[[ $stderr == "vrp-fetch: /dev/full: No space left on device" ]]
	[ -c /dev/full ]
	run -2 --separate-stderr bash -c 'vrp-fetch --max-age 0 -E "$1" >/dev/full' - "$feeds/fort.in"
	[[ $stderr == "vrp-fetch: standard output: No space left on device"* ]]
}

@test "a FIFO as output is written to" {
	mkfifo fifo
	cat fifo >got &
	fetch -q -o fifo "$feeds/fort.in"
	wait $!
	records got >got.records
	same "$feeds/fort.out" got.records
	[ -p fifo ]
}

@test "a FIFO as output that nobody reads does not hold up signals" {
	mkfifo fifo
	start fetch vrp-fetch -E --max-age 0 -o fifo "$feeds/fort.in"
	# It waits for a reader in open(2); kernels that don't tell are taken at their word after a moment.
	WAIT=5 wait_for grep -q partner "/proc/$(pid_of fetch)/wchan" || :
	stop fetch || status=$?
	[ "$status" -eq 143 ]
}

@test "progress is for terminals alone" {
	awk 'BEGIN { printf "["; for (i = 0; i < 2000000; i++)
		printf "%s{\"asn\":%d,\"prefix\":\"10.%d.%d.0/24\"}", i ? "," : "", i % 9, i / 256 % 256, i % 256; print "]" }' >feed
	script -qec "vrp-fetch -o out feed" /dev/null >tty </dev/null
	grep -qE 'feed: [0-9.]+ MiB, [0-9]+ records, [0-9]+ MiB/s' tty
	# Each is erased by the next, the last one by the summary.
	grep -qE $'\r\e\\[Kvrp-fetch: feed: [0-9]+ IPv4 and' tty
	script -qec "vrp-fetch -q -o out feed" /dev/null >tty </dev/null
	[ ! -s tty ]
	vrp-fetch -o out feed 2>err
	[ "$(wc -l <err)" -eq 1 ]
	not grep -q $'\r' err
}

@test "hostile input is refused in little memory" {
	[ "${VRP_BUILD:-build}" = build ] || skip "sanitizers need address space"
	ulimit -v 262144
	run -2 --separate-stderr bash -c 'head -c 512M /dev/zero | tr "\0" "[" | vrp-fetch'
	[ "$stderr" = "vrp-fetch: -:1:2049: nested too deeply" ]
	run -2 --separate-stderr bash -c 'head -c 512M /dev/zero | tr "\0" " " | vrp-fetch'
	[ "$stderr" = "vrp-fetch: -:1:536870913: the document is empty" ]
	run -2 --separate-stderr bash -c '{ printf "{\"roas\":[{\"ta\":\""; head -c 512M /dev/zero | tr "\0" x; } | vrp-fetch'
	[[ $stderr == "vrp-fetch: -:1:"*": the document is cut short inside a string" ]]
	run -2 --separate-stderr bash -c '{ printf "{\"x\":1"; head -c 512M /dev/zero | tr "\0" 0; } | vrp-fetch'
	[[ $stderr == "vrp-fetch: -:1:"* ]]
	run -2 --separate-stderr bash -c '{ echo ASN,Prefix; head -c 512M /dev/zero | tr "\0" x; } | vrp-fetch'
	[ "$stderr" = "vrp-fetch: -:2: a line of more than 16384 bytes" ]
	run -2 --separate-stderr bash -c '{ echo %snapshot; head -c 512M /dev/zero | tr "\0" x; } | vrp-fetch'
	[[ $stderr == "vrp-fetch: -:2: line longer than 1 MiB" ]]
}

@test "a source larger than --max-size is refused" {
	run -2 --separate-stderr bash -c 'yes "# comment" | vrp-fetch --max-size 1M'
	[ "$stderr" = "vrp-fetch: -: more than 1048576 bytes" ]
	run -0 fetch -q --max-size 1K "$feeds/fort.in"
	run -2 fetch -q --max-size 10 "$feeds/fort.in"
}

@test "usage errors exit 2 and say what to try" {
	local args
	for args in --nonsense "--max-age x" "--timeout" "--max-size 1X" "--max-age -1"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr vrp-fetch $args </dev/null
		[ -z "$output" ]
		[[ $stderr == *"try 'vrp-fetch -h'" ]]
	done
	run -0 vrp-fetch -h
	[[ ${lines[0]} == "usage: vrp-fetch [options] [SOURCE ...]" ]]
	run -2 --separate-stderr vrp-fetch ftp://example.net/x
	[ "$stderr" = "vrp-fetch: ftp://example.net/x: only http and https URLs can be fetched" ]
	run -2 --separate-stderr vrp-fetch .
	[ "$stderr" = "vrp-fetch: .: Is a directory" ]
}
