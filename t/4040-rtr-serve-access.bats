# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# Who may come in: --access, --tcp-keys, and what SIGHUP reads again.

load lib

table() { printf '%%snapshot\n192.0.2.0/24 24 64496\n~end\n' | feed cache; }

cache() {
	start_fed cache rtr-serve -l 127.0.0.1:0 "$@"
	wait_log cache 'listening on'
	PORT=$(port_of cache)
	table
	wait_log cache 'serial 1:'
}

# A router at an address of 127.0.0.0/8.
from() {
	local address=$1
	shift
	"$VRP_TOOLS/rtr-poke" -b "$address" 127.0.0.1 "$PORT" "$@"
}

hup() { kill -HUP "$(pid_of cache)"; }

@test "a bad access file is an error at a line and column, and nothing starts" {
	printf 'allow 192.0.2.0/24\nallow 192.0.2.1/24\n' >access
	run -2 rtr-serve -l 127.0.0.1:0 --access access </dev/null
	[[ $output == *"rtr-serve: access:2:7: '192.0.2.1/24': bits are set behind the prefix length"* ]]
	run -2 rtr-serve -l 127.0.0.1:0 --access none </dev/null
	[[ $output == *"rtr-serve: none: No such file or directory"* ]]
}

@test "the first rule that fits decides; versions are capped, names are logged" {
	cat >access <<-'END'
		deny  127.0.0.3
		allow 127.0.0.2	max-version=1 name=ne8000
		allow 127.0.0.4	transport=tls,ssh
		allow 127.0.0.5	max-clients=1
		allow 127.0.0.1	listener=lab max-version=0
		allow 127.0.0.1
		deny any	listener=labs
	END
	cache --access access -l 127.0.0.1:0,name=lab
	wait_log cache "access:7: no listener has the name 'labs'"
	run ! grep "has the name 'lab'" "$RUN/cache.err"
	run -0 rtr-dump "127.0.0.1:$PORT"
	[[ $output == *"version 2,"* ]]
	run -0 rtr-dump "127.0.0.1:$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$RUN/cache.err" | tail -n 1)"
	[[ $output == *"version 0,"* ]]
	run -0 from 127.0.0.2 reset 2 read
	[[ $output == "v1 Error Report 4"* ]]
	run -0 from 127.0.0.2 reset 1 read
	[[ $output == *"v1 End of Data"* ]]
	wait_log cache '127\.0\.0\.2:[0-9]+ \(ne8000\) connected'
	for address in 127.0.0.3 127.0.0.4 127.0.0.6; do
		run from "$address" reset 1 eof
		[[ $output == closed || $output == reset ]]
	done
	wait_log cache 'connections turned away: denied by the access file'
	start_fed one "$VRP_TOOLS/rtr-poke" -i -t 60 -b 127.0.0.5 127.0.0.1 "$PORT"
	wait_log cache '127\.0\.0\.5:[0-9]+ connected'
	run from 127.0.0.5 reset 1 eof
	[[ $output == closed || $output == reset ]]
	wait_log cache 'connections turned away: too many clients of this access rule'
}

@test "SIGHUP: a bad file changes nothing, a good one ends those that it denies" {
	echo 'allow any' >access
	cache --access access
	start_fed a "$VRP_TOOLS/rtr-poke" -i -t 60 -b 127.0.0.7 127.0.0.1 "$PORT"
	start_fed b "$VRP_TOOLS/rtr-poke" -i -t 60 -b 127.0.0.8 127.0.0.1 "$PORT"
	echo 'reset 2 read' | feed a
	echo 'reset 2 read' | feed b
	wait_for grep -q 'End of Data' "$RUN/a.out"
	wait_for grep -q 'End of Data' "$RUN/b.out"
	printf 'deny 127.0.0.7\nallow everybody\n' >access
	hup
	wait_log cache "access:2:7: 'everybody': .*; what was read before stays"
	echo 'serial 2 0 1 read' | feed a
	wait_for grep -q 'Error Report\|Cache Reset\|Cache Response.*' "$RUN/a.out"
	printf 'deny 127.0.0.7\nallow any max-version=1\n' >access
	hup
	wait_log cache '127\.0\.0\.7:[0-9]+ disconnected: no longer allowed by the access file'
	# And those whose version is no longer allowed: they may come back with another.
	wait_log cache '127\.0\.0\.8:[0-9]+ disconnected: no longer allowed by the access file'
	run -0 from 127.0.0.8 reset 1 read
	[[ $output == *"v1 End of Data"* ]]
	rm access
	hup
	wait_log cache 'access: No such file or directory; what was read before stays'
	run from 127.0.0.7 reset 1 eof
	[[ $output == closed || $output == reset ]]
}

@test "SIGHUP does not touch sessions that are still allowed" {
	echo 'allow any' >access
	cache --access access --notify-interval 0
	start follow rtr-dump -q -f "127.0.0.1:$PORT"
	wait_for grep -q '^~end' "$RUN/follow.out"
	for i in 1 2 3; do
		hup
		wait_for eval '[ "$(grep -c "access: 1 access rules" "$RUN/cache.err")" -eq '$((i + 1))' ]'
	done
	printf '%%delta\n+198.51.100.0/24 24 64496\n~end\n' | feed cache
	wait_for grep -q '^+198.51.100.0/24' "$RUN/follow.out"
	[ "$(grep -c disconnected "$RUN/cache.err")" -eq 0 ]
}

# Has this kernel TCP-MD5?
need_md5() {
	printf '127.0.0.1 md5 x\n' >probe
	chmod 600 probe
	timeout 1 rtr-serve -l 127.0.0.1:0 --tcp-keys probe </dev/null 2>probe.err || :
	! grep -q 'no TCP-MD5' probe.err || skip "this kernel has no TCP-MD5"
}

@test "TCP-MD5: the right key, the wrong key, none, and another after SIGHUP" {
	need_md5
	printf '127.0.0.0/8 md5 correct-horse\n' >keys
	printf '127.0.0.1 md5 battery-staple\n' >wrong
	chmod 600 keys wrong
	cache --tcp-keys keys
	run -0 rtr-dump -q --tcp-keys keys "127.0.0.1:$PORT"
	[[ $output == *192.0.2.0/24* ]]
	start follow rtr-dump -q -f --tcp-keys keys "127.0.0.1:$PORT"
	wait_for grep -q '^~end' "$RUN/follow.out"
	# Segments without the right signature are dropped by the kernel: nobody answers.
	run -2 rtr-dump -q --timeout 1s --tcp-keys wrong "127.0.0.1:$PORT"
	[[ $output == *"Connection timed out"* ]]
	run -2 rtr-dump -q --timeout 1s "127.0.0.1:$PORT"
	cp wrong keys
	hup
	wait_for eval '[ "$(grep -c "keys: 1 TCP keys" "$RUN/cache.err")" -eq 2 ]'
	run -0 rtr-dump -q --tcp-keys wrong "127.0.0.1:$PORT"
	# The session with the old key goes on.
	printf '%%delta\n+198.51.100.0/24 24 64496\n~end\n' | feed cache
	wait_for grep -q '^+198.51.100.0/24' "$RUN/follow.out"
}

@test "a key file that others may read, and keys of a kind that the kernel lacks" {
	printf '127.0.0.0/8 md5 correct-horse\n' >keys
	chmod 644 keys
	run -2 rtr-serve -l 127.0.0.1:0 --tcp-keys keys </dev/null
	[[ $output == *"keys: mode 0644 lets others read it"* ]]
	run -2 rtr-dump --tcp-keys keys 127.0.0.1:1
	[[ $output == *"keys: mode 0644 lets others read it"* ]]
	printf '127.0.0.0/8 md5 correct horse\n' >keys
	chmod 600 keys
	run -2 rtr-serve -l 127.0.0.1:0 --tcp-keys keys </dev/null
	[[ $output == *"keys:1:25: more than a key"* && $output != *correct* ]]
	printf '127.0.0.0/8 ao 7 hmac-sha1 correct-horse\n' >keys
	run rtr-dump --timeout 1s --tcp-keys keys 127.0.0.1:1
	[[ $output == *"this kernel has no TCP-AO"* || $output == *"Connection refused"* ]]
}
