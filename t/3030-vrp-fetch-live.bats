# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-fetch -r: sources over time, from a real nginx and from servers that misbehave.

load lib
load http

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_peer nginx
	make_certificates 2>/dev/null
	mkdir -p www
	epoch=$(($(date +%s) - 3600))
	step=0
}

# put FILE TIME AS...: a feed made TIME seconds after an hour ago with a VRP of each AS, in one step.  Each has another
# time of modification, because that and its size are what nginx makes an ETag of.
put() {
	local file=$1 time=$2 as comma=
	shift 2
	{
		printf '{"metadata":{"generated":%d},"roas":[' $((epoch + time))
		for as; do
			printf '%s\n{"asn":"AS%s","prefix":"10.0.0.0/8","maxLength":8,"ta":"ta"}' "$comma" "$as"
			comma=,
		done
		printf ']}\n'
	} >put
	place "$file"
}

place() {
	step=$((step + 1))
	touch -d "@$((1700000000 + step))" put
	mv put "$1"
}

# The entity tag that nginx gives a file.
tag_of() { printf '"%x-%x"' "$(stat -c %Y "$1")" "$(stat -c %s "$1")"; }

stamp() { date -u -d "@$((epoch + $1))" +%FT%TZ; }

# live ARG...: vrp-fetch -r 1s, whose blocks are in live.out.
live() { start live vrp-fetch -r 1s "$@"; }

has_blocks() { [ "$(grep -c '^~end$' live.out)" -ge "$1" ]; }
wait_blocks() { wait_for has_blocks "$1"; }

# Until nginx has answered so many requests like this.
has_asked() { [ "$(grep -cE -e "$2" asked.log)" -ge "$1" ]; }
wait_asked() { wait_for has_asked "$1" "$2"; }

# The block with this number.
block() { awk -v n="$1" '/^%/ { b++ } b == n' live.out; }

# Until it has ended; its exit status is then in $status.
ended() {
	status=0
	wait "$(pid_of "$1")" || status=$?
	rm "$RUN/$1.pid"
}

# All blocks together are one table, annotations and all: the feed as it is read by itself.
follows() {
	vrp-fetch -q -E live.out | grep -v '^[%~]' >followed || return
	vrp-fetch -q -E "$1" | grep -v '^[%~]' >alone
	same alone followed
}

@test "a snapshot, and nothing more while nothing changes: 304" {
	start_nginx
	put www/feed 0 1 2
	live "$url/feed"
	wait_asked 3 '^/feed 304 '
	stop live
	printf '%%snapshot time=%s source=%s\n' "$(stamp 0)" "$url/feed" >want
	printf '10.0.0.0/8 8 AS%d ta -\n' 1 2 >>want
	echo '~end' >>want
	same want live.out
	# The conditions are the first answer's own.
	[ "$(head -n 1 asked.log)" = "/feed 200  " ]
	[ "$(sed -n 2p asked.log)" = "/feed 304 $(tag_of www/feed) $(date -u -d @1700000001 '+%a, %d %b %Y %T GMT')" ]
	[ "$(wc -l <live.err)" -eq 1 ]
	grep -qE "^vrp-fetch: $url/feed: 2 IPv4 and 0 IPv6 VRPs, .*; [0-9.]+ s$" live.err
}

@test "a date alone is a condition, too" {
	start_nginx
	put www/feed 0 1
	live "$url/undated/feed"
	wait_asked 2 "^/undated/feed 304  $(date -u -d @1700000001 '+%a, %d %b %Y %T GMT')$"
	put www/feed 1 2
	wait_blocks 2
	stop live
	follows www/feed
}

@test "what changes is written as a delta, annotations too" {
	start_nginx
	put www/feed 0 1 2 3
	live "$url/feed"
	wait_blocks 1
	put www/feed 60 2 3 4
	wait_blocks 2
	printf '%%delta time=%s\n-10.0.0.0/8 8 AS1 ta -\n+10.0.0.0/8 8 AS4 ta -\n~end\n' "$(stamp 60)" >want
	block 2 >got
	same want got
	expires=$((epoch + 100000))
	printf '{"metadata":{"generated":%d},"roas":[
		{"asn":2,"prefix":"10.0.0.0/8","ta":"ta","expires":%d},{"asn":3,"prefix":"10.0.0.0/8","ta":"new"},
		{"asn":4,"prefix":"10.0.0.0/8","ta":"ta"}],
		"aspas":[{"customer":1,"providers":[2,3],"expires":%d}]}' $((epoch + 120)) "$expires" "$expires" >put
	place www/feed
	wait_blocks 3
	cat >want <<-END
		%delta time=$(stamp 120)
		+10.0.0.0/8 8 AS2 ta $expires
		+10.0.0.0/8 8 AS3 new -
		+aspa AS1 AS2,AS3 - $expires
		~end
	END
	block 3 >got
	same want got
	follows www/feed
	stop live
	logged live ': -1 \+1: 3 IPv4 and 0 IPv6 VRPs'
}

@test "a newer time alone is an empty delta" {
	start_nginx
	put www/feed 0 1
	live "$url/feed"
	wait_blocks 1
	put www/feed 60 1
	wait_blocks 2
	stop live
	printf '%%delta time=%s\n~end\n' "$(stamp 60)" >want
	block 2 >got
	same want got
}

@test "the same table in another body is nothing new" {
	start_nginx
	put www/feed 0 1 2
	live "$url/feed"
	wait_blocks 1
	put www/feed 0 2 1
	wait_asked 2 '^/feed 200 '
	# And the new body's tag is what is asked with from then on.
	wait_for grep -qF "/feed 304 $(tag_of www/feed) " asked.log
	stop live
	[ "$(grep -c '^%' live.out)" -eq 1 ]
}

@test "a feed that no longer says its time is written whole" {
	start_nginx
	put www/feed 0 1
	live "$url/feed"
	wait_blocks 1
	echo '[{"asn":1,"prefix":"10.0.0.0/8","ta":"ta"}]' >put
	place www/feed
	wait_blocks 2
	stop live
	printf '%%snapshot source=%s\n10.0.0.0/8 8 AS1 ta -\n~end\n' "$url/feed" >want
	block 2 >got
	same want got
}

@test "--full writes snapshots, and none when nothing changed" {
	start_nginx
	put www/feed 0 1
	live --full "$url/feed"
	wait_asked 1 '^/feed 304 '
	put www/feed 60 1 2
	wait_blocks 2
	wait_asked 1 "^/feed 304 $(tag_of www/feed) "
	stop live
	[ "$(grep -c '^%snapshot ' live.out)" -eq 2 ]
	not grep -q '^%delta' live.out
	block 2 >second
	vrp-fetch -q "$url/feed" >alone
	same alone second
}

@test "a malformed feed changes nothing, and its ETag is not remembered" {
	start_nginx
	put www/feed 0 1
	good=$(tag_of www/feed)
	live "$url/feed"
	wait_blocks 1
	echo '{"roas":[{"asn":1' >put
	place www/feed
	wait_log live "feed:2:1: the document is cut short; next try in 1 s"
	wait_asked 3 "^/feed 200 $good "
	not grep -qF "$(tag_of www/feed)" asked.log
	put www/feed 60 2
	wait_blocks 2
	logged live "$url/feed: back after [0-9]+ failures?"
	stop live
	follows www/feed
}

@test "what was good is still known after failures: 304" {
	start_nginx
	put www/feed 0 1
	live "$url/live/feed"
	wait_blocks 1
	: >www/503
	wait_log live "the server answered 503 Service Temporarily Unavailable; next try in 1 s"
	rm www/503
	wait_log live 'back after '
	stop live
	has_asked 1 "^/live/feed 304 $(tag_of www/feed) "
	has_asked 1 '^/live/feed 200 '
	not has_asked 2 '^/live/feed 200 '
	has_blocks 1
	not has_blocks 2
}

@test "answers that are cut short, of the wrong length, or broken are never written" {
	start_nginx
	put www/feed 0 1 2 3
	printf 'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 100\r\n\r\nASN,IP Prefix\nAS9,10.0.0.0/8\n' >answer.1
	printf 'HTTP/1.0 200 OK\r\n\r\n{"roas":[{"asn":9,"prefix":"10.0.0.0/8"}' >answer.2
	{ printf 'HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n'; gzip -c www/feed | head -c -12; } >answer.3
	printf '\1\2\0\0\0\0\0\10' >answer.4
	sources=()
	for n in 1 2 3 4; do
		start "broken$n" "$VRP_TOOLS/rtr-poke" -l accept file answer.$n shut eof
		wait_log "broken$n" 'listening on'
		sources+=("http://127.0.0.1:$(port_of "broken$n")/")
	done
	live "${sources[@]}" "$url/feed"
	wait_blocks 1
	wait_log live "^vrp-fetch: ${sources[0]}: transfer closed with 71 bytes remaining to read; next try in 1 s"
	wait_log live "^vrp-fetch: ${sources[1]}:1:41: the document is cut short; next try"
	wait_log live "^vrp-fetch: ${sources[2]}:[0-9:]+ the document is cut short"
	wait_log live "^vrp-fetch: ${sources[3]}: received HTTP/0.9 when not allowed"
	# They are gone by now, and are asked on.
	wait_log live "^vrp-fetch: ${sources[0]}: failed to connect"
	stop live
	[[ $(head -n 1 live.out) == *" source=$url/feed" ]]
	follows www/feed
}

@test "an answer that breaks off leaves what is downstream, and what is known of it" {
	printf 'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 100\r\n\r\nASN,IP Prefix\nAS9,10.0.0.0/8\n' >answer
	start broken "$VRP_TOOLS/rtr-poke" -l -t 90 accept file answer shut eof
	wait_log broken 'listening on'
	start_nginx "$(port_of broken)"
	put www/feed 0 1
	live "$url/live/feed"
	wait_blocks 1
	: >www/elsewhere
	wait_log live 'transfer closed with 71 bytes remaining to read; next try'
	rm www/elsewhere
	wait_log live 'back after '
	stop live
	not grep -qF '"x"' asked.log
	has_asked 1 "^/live/feed 304 $(tag_of www/feed) "
	[ "$(grep -c '^%' live.out)" -eq 1 ]
}

@test "a download that crawls is given up, and the next may be quick" {
	start_nginx
	put www/feed 0 1 2 3
	: >www/slow
	live --timeout 1 "$url/live/feed"
	wait_log live 'operation timed out after .*; next try in 1 s'
	[ ! -s live.out ]
	rm www/slow
	wait_blocks 1
	stop live
	follows www/feed
}

@test "compressed feeds have conditions, too" {
	start_nginx
	put www/feed 0 1
	live "$url/gzip/feed"
	wait_asked 2 "^/gzip/feed 304 W/$(tag_of www/feed) "
	put www/feed 60 1 2
	wait_blocks 2
	stop live
	grep -q '^/gzip/feed 200 gzip ' ours.log
	follows www/feed
}

@test "a redirect's conditions are those of what it leads to" {
	start_nginx
	put www/feed 0 1
	live "$url/moved"
	wait_asked 2 "^/feed 304 $(tag_of www/feed) "
	[ "$(sed -n 3p asked.log)" = "/feed 200  " ]
	stop live
}

@test "not modified is not believed of another URL than the one that was read" {
	start_nginx
	put www/one 0 1
	put www/two 0 2
	touch -r www/one www/two
	[ "$(tag_of www/one)" = "$(tag_of www/two)" ]
	live "$url/either"
	wait_asked 1 '^/one 304 '
	: >www/second
	wait_blocks 2
	wait_asked 2 '^/two 304 '
	stop live
	follows www/two
	# Asked with the first's tag, then for all of it, then with its own, which looks the same.
	grep '^/two' asked.log | head -n 3 | cut -d ' ' -f 1-3 >got
	printf '/two 304 %s\n/two 200 \n/two 304 %s\n' "$(tag_of www/two)" "$(tag_of www/two)" >want
	same want got
}

@test "not modified is no answer to a question without conditions" {
	start_nginx
	live "$url/never-modified"
	wait_log live 'the server answered 304 Not Modified; next try in 1 s'
	stop live
	[ ! -s live.out ]
}

@test "TLS with a private authority; without it nothing is taken" {
	start_nginx
	put www/feed 0 1
	start other vrp-fetch -r 1s "https://127.0.0.1:$TLS/feed"
	live --cacert ca.pem "https://127.0.0.1:$TLS/feed"
	wait_asked 2 "^/feed 304 $(tag_of www/feed) "
	stop live
	follows www/feed
	wait_log other 'SSL certificate problem: .*; next try in 1 s'
	alive other
	stop other
	[ ! -s other.out ]
}

@test "another source when one fails, and back" {
	start_nginx
	put www/a 600 1 2
	put www/b 0 1 3
	live "$url/live/a" "$url/b"
	wait_blocks 1
	: >www/503
	wait_blocks 2
	wait_log live "^vrp-fetch: $url/b: is the source from now on$"
	wait_log live "^vrp-fetch: $url/b: its data is of $(stamp 0), older than that of $(stamp 600) which was written before$"
	block 2 | head -n 1 >got
	echo "%delta time=$(stamp 0) source=$url/b" >want
	same want got
	follows www/b
	# The first is asked on, and nothing is written for that.
	wait_asked 4 '^/live/a 503 '
	put www/b 60 3
	wait_blocks 3
	[ "$(block 3 | head -n 1)" = "%delta time=$(stamp 60)" ]
	rm www/503
	wait_blocks 4
	stop live
	[ "$(block 4 | head -n 1)" = "%delta time=$(stamp 600) source=$url/live/a" ]
	logged live "^vrp-fetch: $url/live/a: back after [0-9]+ failures$"
	follows www/a
	# What is downstream was the other's, so that all of it had to be asked for.
	grep '^/live/a 200' asked.log | tail -n 1 >got
	echo '/live/a 200  ' >want
	same want got
}

@test "a source that goes back in time is not followed" {
	start_nginx
	put www/feed 600 1 2
	live "$url/feed"
	wait_blocks 1
	put www/feed 599 1 3
	wait_log live "its data is of $(stamp 599), older than that of $(stamp 600) which was written before and stays$"
	not has_blocks 2
	put www/feed 601 1 4
	wait_blocks 2
	not has_blocks 3
	stop live
	follows www/feed
}

last_block_of() { grep '^%' live.out | tail -n 1 | grep -q " source=$1$"; }

@test "what has not changed for too long is given up for another" {
	start_nginx
	put www/a 0 1
	put www/b 4000 2
	# On a machine that takes its time the first is too old before it is read.
	for ((tries = 0; tries < 5; tries++)); do
		epoch=$(($(date +%s) - 3600))
		put www/a 3600 1
		live --max-age 10 "$url/a" "$url/b"
		wait_blocks 1
		! last_block_of "$url/a" || break
		stop live
	done
	# In the future, which is not too old for long enough.
	put www/b 4000 2
	wait_log live "^vrp-fetch: $url/a: the feed has not changed and is too old now: made $(stamp 3600); next try in 1 s$"
	wait_for last_block_of "$url/b"
	stop live
	follows www/b
	has_asked 1 '^/a 304 '
}

@test "Retry-After is waited for, SIGHUP is not told to wait" {
	start_nginx
	put www/feed 0 1
	: >www/429
	live "$url/busy/feed"
	wait_log live 'the server answered 429 Too Many Requests; next try in [34][0-9][0-9][0-9] s$'
	rm www/429
	kill -HUP "$(pid_of live)"
	wait_blocks 1
	wait_log live 'back after 1 failure$'
	stop live
}

@test "SIGHUP fetches now" {
	start_nginx
	put www/feed 0 1
	start live vrp-fetch -r 1h "$url/feed"
	wait_log live '1 IPv4'
	put www/feed 60 1 2
	kill -HUP "$(pid_of live)"
	wait_blocks 2
	kill -HUP "$(pid_of live)"
	wait_asked 1 '^/feed 304 '
	stop live
	follows www/feed
}

# How many connections to the server that says nothing are in this state.
in_state() { [ "$(ss -Htn state "$2" "( sport = :$silent )" | wc -l)" -ge "$1" ]; }

@test "signals are noticed while a server is waited for" {
	start_fed silent "$VRP_TOOLS/rtr-poke" -l -i
	wait_log silent 'listening on'
	silent=$(port_of silent)
	start live vrp-fetch -r 1h "http://127.0.0.1:$silent/"
	wait_for in_state 1 established
	kill -HUP "$(pid_of live)"
	# The connection is given up, and there is another.
	wait_for in_state 1 close-wait
	wait_for in_state 1 established
	stop live
	[ ! -s live.out ]
	[ ! -s live.err ]
}

@test "SIGTERM and SIGINT end it well" {
	start_nginx
	put www/feed 0 1
	for signal in TERM INT; do
		start live vrp-fetch -r 1h "$url/feed" nowhere
		wait_log live '1 IPv4'
		kill -"$signal" "$(pid_of live)"
		ended live
		[ "$status" -eq 0 ]
		[ "$(grep -c '^~end$' live.out)" -eq 1 ]
		start live vrp-fetch -r 1h nowhere
		wait_log live 'nowhere: No such file or directory; next try in (8|9|10|11|12|13) s'
		kill -"$signal" "$(pid_of live)"
		ended live
		[ "$status" -eq 0 ]
	done
}

# A feed whose snapshot is more than a pipe holds, and a pipe that is full of it.
stuck() {
	awk 'BEGIN { printf "["; for (i = 0; i < 20000; i++)
		printf "%s{\"asn\":%d,\"prefix\":\"10.%d.%d.0/24\"}", i ? "," : "", i, i / 256, i % 256; print "]" }' >feed
	mkfifo pipe
	start live bash -c 'exec vrp-fetch -r 1h feed >pipe'
	exec {pipe}<pipe
	IFS= read -r -n 1 -u "$pipe" first
	[ "$first" = % ]
}

@test "SIGTERM within a block waits for its end" {
	stuck
	kill -TERM "$(pid_of live)"
	{ printf %%; cat <&"$pipe"; } >got
	ended live
	[ "$status" -eq 0 ]
	vrp-fetch -q feed >want
	same want got
}

@test "a second signal waits for nothing" {
	stuck
	kill -TERM "$(pid_of live)"
	kill -INT "$(pid_of live)"
	ended live
	# Which of them comes first is the kernel's choice.
	[ "$status" -eq 130 ] || [ "$status" -eq 143 ]
}

@test "SIGTERM gives up a block that nobody takes" {
	stuck
	kill -TERM "$(pid_of live)"
	ended live
	[ "$status" -eq 2 ]
	logged live '^vrp-fetch: terminated within a block that its reader does not take$'
}

@test "it ends when its reader is gone, while it waits" {
	put feed 0 1
	mkfifo pipe
	start live bash -c 'exec vrp-fetch -r 1h feed >pipe'
	exec {pipe}<pipe
	while IFS= read -r -u "$pipe" line; do
		[ "$line" != '~end' ] || break
	done
	wait_log live '1 IPv4'
	exec {pipe}<&-
	ended live
	[ "$status" -eq 2 ]
	logged live '^vrp-fetch: standard output: nobody reads it any more$'
}

@test "it ends when its reader is gone, while it writes" {
	stuck
	exec {pipe}<&-
	ended live
	[ "$status" -eq 2 ]
	logged live '^vrp-fetch: standard output: Broken pipe$'
}

@test "it ends when its reader is gone, while a server is waited for" {
	start_fed silent "$VRP_TOOLS/rtr-poke" -l -i
	wait_log silent 'listening on'
	silent=$(port_of silent)
	mkfifo pipe
	start live bash -c 'exec vrp-fetch -r 1h "$1" >pipe' - "http://127.0.0.1:$silent/"
	exec {pipe}<pipe
	wait_for in_state 1 established
	exec {pipe}<&-
	ended live
	[ "$status" -eq 2 ]
}

@test "a full disk ends it" {
	put feed 0 1
	run -2 --separate-stderr bash -c 'vrp-fetch -r 1h feed >/dev/full'
	[[ $stderr == "vrp-fetch: standard output: No space left on device"* ]]
	run -2 --separate-stderr bash -c 'vrp-fetch -r 1h feed >&-'
	[[ $stderr == "vrp-fetch: standard output: Bad file descriptor"* ]]
}

whole_file() { vrp-fetch -q -E "$1" 2>/dev/null >alone && cmp -s alone table; }

@test "-o replaces a file at each change, with all of the table" {
	mkdir dir
	start_nginx
	put www/feed 0 1
	start live vrp-fetch -r 1s -o dir/table "$url/feed"
	ln -s dir/table table
	wait_for whole_file "$url/feed"
	put www/feed 60 1 2
	wait_for whole_file "$url/feed"
	# What cannot be written is tried again.
	mv dir away
	put www/feed 120 3
	wait_log live '^vrp-fetch: dir/table: cannot create: No such file or directory$'
	mv away dir
	wait_for whole_file "$url/feed"
	stop live
	[ ! -s live.out ]
	[ "$(ls -A dir)" = table ]
	run -2 --separate-stderr vrp-fetch -r 1s -o nodir/table "$url/feed"
	[[ $stderr == "vrp-fetch: nodir/table: cannot create: "* ]]
}

passes() { [ "$(grep -c '^vrp-fetch: nowhere: ' live.err)" -ge "$1" ]; }

@test "a local file is read again when it has changed, by its looks" {
	put feed 0 1
	# A source that fails before it counts the passes.
	live nowhere feed
	wait_blocks 1
	put new 60 2
	touch -r feed new
	cat new >feed
	touch -r new feed
	wait_for passes 5
	not has_blocks 2
	touch -d @1700000100 feed
	wait_blocks 2
	follows feed
	put feed 120 3
	wait_blocks 3
	follows feed
	rm feed
	wait_log live '^vrp-fetch: feed: No such file or directory; next try in 1 s'
	put feed 180 4
	wait_blocks 4
	stop live
	follows feed
}

@test "what can be read once only is refused, as a source that fails" {
	mkfifo fifo
	put feed 0 1
	live fifo feed
	wait_blocks 1
	wait_log live '^vrp-fetch: fifo: not a regular file, and only those can be read again; next try'
	stop live
}

@test "bad records are named once, and counted when their number changes" {
	bad() {
		printf '{"metadata":{"generated":%d},"roas":[{"asn":1,"prefix":"10.0.0.0/8"}' $((epoch + $1))
		yes ',{"asn":2}' | head -n "$2"
		printf ']}\n'
	}
	bad 0 2 >put
	place feed
	live feed
	wait_blocks 1
	[ "$(grep -cE '^vrp-fetch: feed:[0-9]+:[0-9]+: ' live.err)" -eq 2 ]
	bad 60 2 >put
	place feed
	wait_blocks 2
	bad 120 3 >put
	place feed
	wait_blocks 3
	stop live
	[ "$(grep -cE '^vrp-fetch: feed:[0-9]+:[0-9]+: ' live.err)" -eq 2 ]
	[ "$(grep -c '^vrp-fetch: feed: 3 bad records, 2 before$' live.err)" -eq 1 ]
}

is_past() { [ "$1" -lt "$(date +%s)" ]; }
is_table() { vrp-fetch -q -E live.out | grep -v '^[%~]' | cmp -s - "$1"; }

@test "records that expire between two fetches are withdrawn" {
	soon=$(($(date +%s) + 3))
	printf '[{"asn":1,"prefix":"10.0.0.0/8","expires":%d},{"asn":2,"prefix":"10.0.0.0/8"}]\n' "$soon" >put
	place feed
	live feed
	wait_blocks 1
	wait_for is_past "$soon"
	# What has not changed is not looked into; readers know themselves what has expired.
	touch -d @1700000100 feed
	echo '10.0.0.0/8 8 AS2 - -' >want
	wait_for is_table want
	stop live
}

@test "with -q only what goes wrong is said" {
	put feed 0 1
	live -q feed
	wait_blocks 1
	put feed 60 1 2
	wait_blocks 2
	stop live
	[ ! -s live.err ]
}

@test "the head of a live pipeline: rtr-serve follows" {
	start_nginx
	put www/feed 0 1 2
	start live bash -c 'vrp-fetch -q -r 1s "$1" | rtr-serve -l 127.0.0.1:0' - "$url/feed"
	wait_log live 'serial 1:'
	put www/feed 60 1 3
	wait_log live 'serial 2:'
	wait_log live "delta taken of $(stamp 60): 2 IPv4"
	rtr-dump -q "127.0.0.1:$(port_of live)" | grep -v '^[%~]' | cut -d ' ' -f 1-3 >routers
	vrp-fetch -q "$url/feed" | grep -v '^[%~]' | cut -d ' ' -f 1-3 >alone
	same alone routers
	put www/feed 120 1 3
	wait_log live "delta taken of $(stamp 120): 2 IPv4"
	not logged live 'serial 3:'
	# The daemon goes, and so does its producer: the shell waits for both.
	kill "$(pgrep -P "$(pid_of live)" rtr-serve)"
	ended live
	[ "$status" -eq 0 ]
	logged live '^vrp-fetch: standard output: nobody reads it any more$'
}

@test "wrong usage of -r" {
	for args in "-r 1h" "-r 1h -" "-r 1h feed -" "--full feed" "-r 0 feed" "-r x feed" "-r 8d feed"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr vrp-fetch $args </dev/null
		[ -z "$output" ]
		[[ $stderr == *"try 'vrp-fetch -h'" ]]
	done
	run -2 --separate-stderr vrp-fetch -r 1h </dev/null
	[ "${stderr_lines[0]}" = "vrp-fetch: standard input cannot be read again, as --refresh wants it" ]
}
