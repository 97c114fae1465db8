# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# Where rtr-serve listens: -l SPEC, unix sockets, sockets that are passed, the
# service manager, privileges, floods.

load lib

table() { printf '%%snapshot\n%s\n~end\n' "${1-192.0.2.0/24 24 64496}" | feed cache; }

# A cache with this table; arguments are rtr-serve's.
cache() {
	start_fed cache rtr-serve "$@"
	wait_log cache 'listening on'
	table
	wait_log cache 'serial 1:'
}

dumps() { rtr-dump -q "$@" | grep -cx '192.0.2.0/24 24 AS64496 - -'; }

@test "bad listeners are usage errors that name the text" {
	run -2 rtr-serve -l 127.0.0.1:0,colour=red
	[[ $output == *"'127.0.0.1:0,colour=red': unknown key 'colour'"* ]]
	run -2 rtr-serve -l tls://:0
	[[ $output == *"needs --tls-cert and --tls-key"* ]]
	run -2 rtr-serve -l ssh://:0,host-key=x
	[[ $output == *"--ssh-authorized-keys or --ssh-passwords"* ]]
	run -2 rtr-serve -l udp://:0
	run -2 rtr-serve --chroot /
	run -2 rtr-serve --user no-such-user
}

@test "each listener has its own version and limit" {
	cache -l 127.0.0.1:0,max-version=0 -l 127.0.0.1:0,max-version=1,max-clients=1 -l 127.0.0.1:0
	mapfile -t ports < <(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$RUN/cache.err")
	for v in 0 1 2; do
		run -0 rtr-dump "127.0.0.1:${ports[$v]}"
		[[ $output == *"version $v,"* ]]
	done
	exec 8<>"/dev/tcp/127.0.0.1/${ports[1]}"
	wait_log cache "connected \(1 clients\)"
	run -2 rtr-dump "127.0.0.1:${ports[1]}"
	wait_log cache 'connections turned away: too many clients of this listener'
	[ "$(dumps "127.0.0.1:${ports[2]}")" -eq 1 ]
	exec 8>&-
}

@test "a unix socket: mode, peer, a stale file, and its end" {
	cache -l unix:sock,mode=0600
	[ "$(stat -c %a sock)" = 600 ]
	[ "$(dumps unix:sock)" -eq 1 ]
	wait_log cache "local \(unix, pid [0-9]+, uid $(id -u)\) connected"
	# Somebody listens: not ours to take.
	run -2 rtr-serve -l unix:sock </dev/null
	[[ $output == *"listen on unix:sock: Address already in use"* ]]
	stop cache KILL || :
	[ -S sock ]
	run -2 rtr-dump unix:sock
	[[ $output == *"Connection refused"* ]]
	cache -l unix:sock
	[ "$(stat -c %a sock)" = 660 ]
	[ "$(dumps unix:sock)" -eq 1 ]
	stop cache
	[ ! -e sock ]
	# A file that is no socket is never removed.
	echo precious >file
	run -2 rtr-serve -l unix:file </dev/null
	[ "$(cat file)" = precious ]
	run -2 rtr-serve -l "unix:$(printf '%0200d' 0)" </dev/null
	[[ $output == *"path too long"* ]]
}

@test "--stdio-connect carries a session between the standard streams and a unix socket" {
	cache -l unix:sock
	printf '\1\2\0\0\0\0\0\10' | rtr-serve --stdio-connect unix:sock >got
	[ "$(head -c 2 got | od -An -tx1 | tr -d ' ')" = 0103 ]
	[ "$(stat -c %s got)" -eq $((8 + 20 + 24)) ]
	run -2 rtr-serve --stdio-connect unix:none </dev/null
	[[ $output == *"connect to unix:none: No such file or directory"* ]]
	run -2 rtr-serve --stdio-connect 127.0.0.1:1 </dev/null
	[[ $output == *"not unix:PATH"* ]]
	# Each side's end is passed on: the cache's, too.
	start_fed relay rtr-serve --stdio-connect unix:sock
	wait_for eval '[ "$(grep -c "local.* connected" "$RUN/cache.err")" -eq 2 ]'
	stop cache
	wait_gone relay
}

@test "sockets that a service manager passes, by name or family" {
	start_fed cache "$VRP_TOOLS/manager" -s tcp -s unix: -- rtr-serve
	wait_log cache 'listening on unix:'
	table
	wait_log cache 'serial 1:'
	[ "$(grep -c 'listening on' "$RUN/cache.err")" -eq 2 ]
	[ "$(dumps "127.0.0.1:$(port_of cache)")" -eq 1 ]
	[ "$(dumps unix:passed.sock)" -eq 1 ]
	stop cache
	# It is the manager's to remove.
	[ -S passed.sock ]
}

@test "a service manager hears of readiness, reloads, status, life and the end" {
	start_fed cache "$VRP_TOOLS/manager" -n notify -- rtr-serve -l 127.0.0.1:0
	wait_log cache 'manager: READY=1'
	wait_log cache 'manager: STATUS=no data yet, 0 clients'
	table
	wait_log cache 'manager: STATUS=serial 1, 1 records, 0 clients'
	wait_log cache 'manager: WATCHDOG=1'
	kill -HUP "$(pid_of cache)"
	wait_log cache 'manager: RELOADING=1 MONOTONIC_USEC=[0-9]+'
	wait_for eval '[ "$(grep -c "manager: READY=1" "$RUN/cache.err")" -eq 2 ]'
	stop cache
	wait_log cache 'manager: STOPPING=1'
}

@test "--user: bound as root, served as somebody else, in another root" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	chmod 755 .
	cache -l 127.0.0.1:0 --user 12345:12345 --chroot "$PWD"
	[ "$(awk '$1 == "Uid:" { print $2, $3, $4 }' "/proc/$(pid_of cache)/status")" = "12345 12345 12345" ]
	[ "$(awk '$1 == "CapPrm:" { print $2 }' "/proc/$(pid_of cache)/status")" = 0000000000000000 ]
	[ "$(readlink "/proc/$(pid_of cache)/root")" = "$PWD" ]
	[ "$(dumps "127.0.0.1:$(port_of cache)")" -eq 1 ]
}

@test "--user: a pipe as FILE is read, though it is root's; a file has to be that user's to read" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	chmod 755 .
	start cache rtr-serve -l 127.0.0.1:0 --user 12345:12345 <(printf '%%snapshot\n192.0.2.0/24 24 64496\n~end\n')
	wait_log cache 'serial 1: 1 records'
	stop cache
	echo %snapshot >table
	chmod 600 table
	run -2 rtr-serve -l 127.0.0.1:0 --user 12345:12345 table
	[[ $output == *"table: Permission denied"* ]]
}

@test "thousands of connects a second: a router still hears of a change, the log stays short" {
	cache -l 127.0.0.1:0 --notify-interval 0 --max-clients 400
	PORT=$(port_of cache)
	start follow rtr-dump -q -f "127.0.0.1:$PORT"
	wait_for grep -q '^~end' "$RUN/follow.out"
	start flood "$VRP_TOOLS/flood" -h 127.0.0.1 "$PORT" 5000 3
	wait_log cache 'too many clients of this address'
	printf '%%delta\n+198.51.100.0/24 24 64496\n~end\n' | feed cache
	wait_for grep -q '^+198.51.100.0/24' "$RUN/follow.out"
	wait_gone flood
	# One address has a quarter: others can still come, and are told apart in the log.
	[ "$(grep -c ' connected ' "$RUN/cache.err")" -le 101 ]
	run -0 "$VRP_TOOLS/flood" 127.0.0.1 "$PORT" 5000 2
	wait_log cache 'more connections, too many to log each|turned away'
	[ "$(wc -l <"$RUN/cache.err")" -lt 600 ]
	[ "$(dumps "127.0.0.1:$PORT")" -eq 1 ]
}
