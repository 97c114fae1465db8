# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2046,SC2086,SC2154
# RTR over SSH: rtr-serve and OpenSSH's client, rtr-dump and rtr-serve, and
# peers that mean no good.

load lib

setup_file() {
	cd "$RUN" || return
	ssh-keygen -q -t ed25519 -N '' -C 'edge router' -f host
	ssh-keygen -q -t ed25519 -N '' -C 'edge router' -f mine
	ssh-keygen -q -t ecdsa -N '' -f other
	ssh-keygen -q -t ed25519 -N 'a passphrase' -f locked
	echo "alice:$(openssl passwd -6 secret)" >users
	echo secret >password
	echo guess >guess
	chmod 600 users password guess
	cp mine.pub authorized_keys
	chmod 644 authorized_keys
}

teardown() {
	show_logs
	stop_all
}

K=$BATS_FILE_TMPDIR

# A cache with a table of n /24s over TCP and SSH; $PORT and $SSH are the ports.
cache() {
	local n=$1
	shift
	serve cache -v -l "ssh://127.0.0.1:0" --ssh-host-key "$K/host" --ssh-authorized-keys "$K/authorized_keys" \
		--ssh-passwords "$K/users" --notify-interval 0 "$@"
	wait_log cache 'listening on ssh://'
	SSH=$(sed -nE 's/.*listening on ssh:.*:([0-9]+).*/\1/p' "$RUN/cache.err")
	seq 0 $((n - 1)) | awk 'BEGIN { print "%snapshot" }
		{ printf "%d.%d.%d.0/24 24 1\n", 20 + $1 / 65536, $1 / 256 % 256, $1 % 256 } END { print "~end" }' | feed cache
	wait_log cache 'serial 1:'
	echo "[127.0.0.1]:$SSH $(cut -d ' ' -f 1,2 "$K/host.pub")" >"$RUN/known_hosts"
}

# OpenSSH's client as alice; -s ... rpki-rtr follows where a subsystem is meant.
client() {
	timeout 60 ssh $(arguments) "$@"
}
arguments() {
	echo -F none -o UserKnownHostsFile="$RUN/known_hosts" -o GlobalKnownHostsFile=/dev/null -o LogLevel=ERROR \
		-o IdentitiesOnly=yes -o IdentityAgent=none -p "$SSH" -l alice
}
with_key() { client -o BatchMode=yes -i "$K/${KEY-mine}" "$@"; }
with_password() { sshpass -p "$1" ssh -F none -o UserKnownHostsFile="$RUN/known_hosts" -o PreferredAuthentications=password \
	-o NumberOfPasswordPrompts=1 -p "$SSH" -l "${2-alice}" -s 127.0.0.1 rpki-rtr; }

question() { printf '\x01\x02\0\0\0\0\0\x08'; }

# What a router reads over TCP that asks the same.
plain() {
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	question >&5
	head -c "$1" <&5
	exec 5>&-
}

dump() { rtr-dump -q -t 60s --ssh-known-hosts "$RUN/known_hosts" "$@"; }

@test "OpenSSH's client with a key and with a password reads what TCP routers read" {
	cache 1000
	# The end of the question ends the answer, not before it is complete, and then the client well.
	question | with_key -s 127.0.0.1 rpki-rtr >got.key
	question | with_password secret >got.password
	plain 20032 >want
	same want got.key
	same want got.password
	wait_log cache '\(ssh, user alice, key SHA256:[^ ]*\) connected'
	wait_log cache '\(ssh, user alice\) connected'
	# A name can't pass for another part of a line.
	question | timeout 60 ssh -l 'eve, key SHA256:AAAA' $(arguments) -o BatchMode=yes -i "$K/mine" -s 127.0.0.1 rpki-rtr >got.eve
	same want got.eve
	wait_log cache '\(ssh, user eve\?\?key\?SHA256\?AAAA, key SHA256:[^ ]*\) connected'
}

@test "keys are exchanged anew in the middle of a table" {
	cache 20000
	question | with_key -o RekeyLimit=64K -s 127.0.0.1 rpki-rtr >got
	plain 400032 >want
	same want got
}

@test "a terminal is granted in name, variables are not; keepalives are answered" {
	cache 10
	question | with_key -tt -o SetEnv=LANG=C -s 127.0.0.1 rpki-rtr >got
	plain 232 >want
	same want got
	{ question; sleep 2.3; } | with_key -o ServerAliveInterval=1 -o ServerAliveCountMax=1 -s 127.0.0.1 rpki-rtr >got
	same want got
}

@test "wrong keys, passwords and users are refused and named in the log" {
	cache 1
	KEY=other run -255 with_key -s 127.0.0.1 rpki-rtr
	wait_log cache 'refused: user alice: key SHA256:.*: unknown key'
	run ! with_password guess
	wait_log cache 'refused: user alice: password: wrong user or password'
	run ! with_password secret nobody
	wait_log cache 'refused: user nobody: password: wrong user or password'
	run -255 client -o PreferredAuthentications=none -s 127.0.0.1 rpki-rtr
	not logged cache ' connected'
}

@test "shells, commands, other subsystems and forwarding are refused" {
	cache 1
	run -255 with_key 127.0.0.1
	[[ $output = *"shell request failed"* ]]
	run -255 with_key 127.0.0.1 rpki-rtr
	[[ $output = *"exec request failed"* ]]
	run -255 with_key -s 127.0.0.1 sftp
	[[ $output = *"subsystem request failed"* ]]
	run -255 with_key -W 127.0.0.1:1 127.0.0.1
	wait_log cache 'but never asked for rpki-rtr'
	run -255 with_key -o ExitOnForwardFailure=yes -R 0:127.0.0.1:1 -N 127.0.0.1
	not logged cache ' connected'
	question | with_key -A -X -s 127.0.0.1 rpki-rtr >got
	[ "$(wc -c <got)" -eq 52 ]
}

@test "restrictions of a key hold, and what can't hold is an error" {
	{ echo -n 'from="192.0.2.0/24",principals="alice" '; cat "$K/mine.pub"; } >keys
	cache 1 --ssh-authorized-keys "$PWD/keys"
	run -255 with_key -s 127.0.0.1 rpki-rtr
	wait_log cache 'refused: user alice: key .*: key is not for this address'

	# A reload takes a good file, and nothing of a bad one.
	{ echo -n 'from="127.0.0.1",principals="alice" '; cat "$K/mine.pub"; } >keys
	kill -HUP "$(pid_of cache)"
	wait_for with_key -s 127.0.0.1 rpki-rtr </dev/null
	{ echo; echo -n 'command="/bin/true" '; cat "$K/mine.pub"; } >keys
	kill -HUP "$(pid_of cache)"
	wait_log cache 'keys:2:1: an option that is not known here'
	with_key -s 127.0.0.1 rpki-rtr </dev/null
}

@test "files that won't do stop it at the start, by name" {
	try() { run -2 rtr-serve -l ssh://127.0.0.1:0 "$@" /dev/null; }
	try --ssh-host-key "$K/locked" --ssh-passwords "$K/users"
	[[ $output = *"locked: the key has a passphrase"* ]]
	try --ssh-host-key "$K/host.pub" --ssh-passwords "$K/users"
	[[ $output = *"host.pub: mode 0644 lets others read it"* ]]
	try --ssh-host-key "$K/users" --ssh-passwords "$K/users"
	[[ $output = *"users: no private key of SSH in it"* ]]
	try --ssh-host-key "$K/host" --ssh-passwords "$K/password"
	[[ $output = *"password:1:1: no colon"* ]]
	try --ssh-host-key "$K/host" --ssh-authorized-keys "$K/absent"
	[[ $output = *"absent: No such file"* ]]
}

@test "rtr-dump with a key and with a password" {
	cache 1000
	dump "127.0.0.1:$PORT" | grep -v '^%' >want
	dump --ssh-key "$K/mine" "ssh://anyone@127.0.0.1:$SSH" | grep -v '^%' >got
	same want got
	dump --ssh-password-file "$K/password" "ssh://alice@127.0.0.1:$SSH" | grep -v '^%' >got
	same want got
	VRP_SSH_PASSWORD=secret dump "ssh://alice@127.0.0.1:$SSH" | grep -v '^%' >got
	same want got
	run -2 dump --ssh-key "$K/other" "ssh://alice@127.0.0.1:$SSH"
	[[ $output = *"log in: Access denied"* ]]
	run -2 dump --ssh-key "$K/other" --ssh-password-file "$K/guess" "ssh://alice@127.0.0.1:$SSH"
	[[ $output = *"log in: Access denied"* ]]
	run -2 dump --ssh-key "$K/locked" "ssh://alice@127.0.0.1:$SSH"
	[[ $output = *"locked: the key has a passphrase"* ]]
	run -2 dump --ssh-key "$K/mine.pub" "ssh://alice@127.0.0.1:$SSH"
	[[ $output = *"mine.pub: mode 0644 lets others read it"* ]]
}

@test "rtr-dump believes only the host key it knows" {
	cache 1
	hash=$(ssh-keygen -l -f "$K/host.pub" | cut -d ' ' -f 2)
	to="ssh://alice@127.0.0.1:$SSH"
	dump --ssh-key "$K/mine" "$to" >/dev/null
	ssh-keygen -q -H -f known_hosts
	dump --ssh-key "$K/mine" "$to" >/dev/null
	rtr-dump -q --ssh-host-key "$hash" --ssh-key "$K/mine" "$to" >/dev/null
	run -2 rtr-dump -q --ssh-host-key SHA256:nonsense --ssh-key "$K/mine" "$to"
	[[ $output = *"host key is $hash, not SHA256:nonsense"* ]]
	: >known_hosts
	run -2 dump --ssh-key "$K/mine" "$to"
	[[ $output = *"host key $hash (ssh-ed25519) is unknown to "*known_hosts* ]]
	echo "[127.0.0.1]:$SSH $(cut -d ' ' -f 1,2 "$K/mine.pub")" >known_hosts
	run -2 dump --ssh-key "$K/mine" "$to"
	[[ $output = *"host key $hash (ssh-ed25519) is not the one in "*known_hosts* ]]
	run -2 rtr-dump -q --ssh-known-hosts absent --ssh-key "$K/mine" "$to"
	[[ $output = *"absent: No such file"* ]]
	[ "$(grep -c ' connected' "$RUN/cache.err")" -eq 3 ]
}

@test "rtr-dump -f follows over SSH" {
	cache 3
	start follow rtr-dump -f --ssh-known-hosts "$RUN/known_hosts" --ssh-key "$K/mine" "ssh://alice@127.0.0.1:$SSH"
	wait_for grep -q '^~end' "$RUN/follow.out"
	printf '%%delta\n+192.0.2.0/24 24 64496\n~end\n' | feed cache
	wait_for grep -q '^+192.0.2.0/24' "$RUN/follow.out"
	stop follow
}

@test "rtr-mon follows over SSH, and believes only the host key it knows" {
	cache 3
	vrp-merge -q <<<'20.0.0.0/24 24 AS1' >table
	start mon rtr-mon --http 127.0.0.1:0 --ssh-known-hosts "$RUN/known_hosts" --ssh-key "$K/mine" "a=ssh://alice@127.0.0.1:$SSH" "b=$PWD/table"
	wait_log mon 'http on'
	url=http://$(sed -n 's/.*http on //p' "$RUN/mon.err" | head -n 1)
	wait_for eval 'curl -sf "$url/metrics" | grep "^rpki_vrps{server=\"a\",type=\"total\"" | grep -q " 3$"'
	printf '%%delta\n+192.0.2.0/24 24 64496\n~end\n' | feed cache
	wait_for eval 'curl -sf "$url/metrics" | grep "^rpki_vrps{server=\"a\",type=\"diff\"" | grep -q " 3$"'
	stop mon
	run -1 rtr-mon -1 --ssh-known-hosts "$RUN/known_hosts" --ssh-key "$K/mine" "a=ssh://alice@127.0.0.1:$SSH" "b=$PWD/table"
	[[ $output = *192.0.2.0/24* ]]
	: >known_hosts
	run -2 rtr-mon -1 --ssh-known-hosts "$RUN/known_hosts" --ssh-key "$K/mine" "a=ssh://alice@127.0.0.1:$SSH" "b=$PWD/table"
	[[ $output = *'is unknown to'* ]]
}

# ---- peers that mean no good

# Open n connections that send this text (printf format) and stay open in this shell.
hold() {
	local n=$1 fd
	for ((i = 0; i < n; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$SSH" || return
		[ -z "${2-}" ] || printf "$2" >&$fd
	done
}

@test "more handshakes that lead nowhere than there are places keep nobody waiting" {
	cache 10 --max-handshakes 64 --max-clients-per-address 1000
	start follow rtr-dump -f --ssh-known-hosts "$RUN/known_hosts" --ssh-key "$K/mine" "ssh://alice@127.0.0.1:$SSH"
	wait_for grep -q '^~end' "$RUN/follow.out"
	hold 150
	hold 150 'SSH-2.0-slow\r\n'
	# A router that is in gets its changes, and a new one gets in.
	printf '%%delta\n+192.0.2.0/24 24 64496\n~end\n' | feed cache
	wait_for grep -q '^+192.0.2.0/24' "$RUN/follow.out"
	dump --ssh-key "$K/mine" "ssh://alice@127.0.0.1:$SSH" | grep '^192.0.2.0/24'
	[ "$(ls "/proc/$(pid_of cache)/task" | wc -l)" -lt 150 ]
	wait_log cache 'too many handshakes|more connections refused'
}

@test "garbage, slow bytes and peers that vanish leave nothing behind" {
	cache 1000 --handshake-timeout 2
	before=$(ls "/proc/$(pid_of cache)/fd" | wc -l)
	hold 3 'GET / HTTP/1.0\r\n\r\n'
	hold 3 'SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'
	hold 1 "$(printf 'x%.0s' {1..3000})"
	exec {slow}<>"/dev/tcp/127.0.0.1/$SSH"
	# As the connection is closed on it, writing may end in a signal.
	(for byte in S S H - 2 . 0; do printf %s "$byte" >&"$slow"; sleep 0.3; done) 2>/dev/null || :
	wait_log cache 'refused: timed out'
	start_fed victim ssh $(arguments) -i "$K/mine" -s 127.0.0.1 rpki-rtr
	question | feed victim
	wait_log cache 'whole table sent'
	kill -KILL "$(pid_of victim)"
	wait_log cache 'disconnected: closed by router'
	fds() { [ "$(ls "/proc/$(pid_of cache)/fd" | wc -l)" -le "$before" ]; }
	wait_for fds
	stop cache
}
