# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrpfs while its table changes: readers, /events, sources that come and go, memory.

load lib
load fs
load certs

# A delta for `feed`, from records with + or -.
delta() { printf '%s\n' '%delta' "$@" '~end'; }
version_is() { grep -qx "version $2" "$1/status"; }

@test "50 readers in 100 versions: each file whole, of one version, and of the new one once that was told" {
	feed_fs m -q
	run -0 timeout 250 "$VRP_TOOLS/fs-readers" m "$RUN/m.in" 50 100
	[[ $output = *"files read in 100 versions" ]]
	stop m
}

@test "what did not change stays cached, what did is new for whoever looks" {
	feed_fs m -q
	printf '%s\n' '10.0.0.0/8 8 AS1 arin -' '11.0.0.0/8 8 AS2 ripe -' | vrp-merge -q | feed m
	wait_for version_is m 1
	exec 6<m/asn/AS1/vrps 7<m/asn/AS2/vrps
	ls -l m/asn/AS1 m/asn/AS2 m/ta m/prefix >/dev/null
	cat m/route/10.1.0.0/16/AS1 m/route/11.1.0.0/16/AS2 m/asn/*/vrps >/dev/null
	[ ! -e m/asn/AS3 ]
	[ ! -s m/covering/12.0.0.0/24 ]
	old=$(stat -c '%i %Y' m/asn/AS2/vrps m/route/11.1.0.0/16/AS2)
	cd m/asn/AS1
	delta '+10.1.0.0/16 16 AS1 arin -' '+12.0.0.0/8 8 AS3 apnic -' | feed m
	# Names and sizes as they are now, in a directory that somebody is in, too.
	wait_for version_is ../.. 2
	[ "$(wc -l <vrps)" -eq 2 ]
	[ "$(/bin/pwd)" = "$BATS_TEST_TMPDIR/m/asn/AS1" ]
	cd "$BATS_TEST_TMPDIR"
	[ "$(ls m/asn | xargs)" = "AS1 AS2 AS3" ]
	[ "$(ls m/ta | xargs)" = "apnic arin ripe" ]
	[ -e m/asn/AS3/vrps ]
	grep -q AS3 m/covering/12.0.0.0/24
	grep -q 10.1.0.0/16-16=AS1 m/route/10.1.0.0/16/AS1
	[ "$(stat -c '%i %Y' m/asn/AS2/vrps m/route/11.1.0.0/16/AS2)" = "$old" ]
	# What was open is as it was.
	[ "$(cat <&6 | wc -l)" -eq 1 ]
	[ "$(stat -Lc %s /proc/self/fd/7)" -eq "$(stat -c %s m/asn/AS2/vrps)" ]
	delta '-12.0.0.0/8 8 AS3' '-11.0.0.0/8 8 AS2' | feed m
	wait_for version_is m 3
	[ ! -e m/asn/AS3 ]
	[ "$(ls m/ta)" = arin ]
	grep -q 'not-found' m/route/11.1.0.0/16/AS2
	find m/asn -newer m/asn/AS1 | grep -qx m/asn
	exec 6<&- 7<&-
	stop m
}

has_open() { ls -l "/proc/$(pid_of "$1")/fd" | grep -q "/$2\$"; }

@test "/events: cat, tail -f, poll, select, O_NONBLOCK, signals" {
	feed_fs m -q
	echo '10.0.0.0/8 8 AS1' | vrp-merge -q | feed m
	wait_for version_is m 1
	start cat cat m/events
	start tail tail -f m/events
	wait_for has_open cat events
	wait_for has_open tail events
	/usr/bin/python3 - "$RUN/m.in" <<-'END'
		import errno, fcntl, os, select, signal, sys, threading, time
		def change(text):
		    with open(sys.argv[1], 'w') as f:
		        f.write('%delta\n' + text + '\n~end\n')
		fd = os.open('m/events', os.O_RDONLY | os.O_NONBLOCK)
		poll = select.poll()
		poll.register(fd, select.POLLIN)
		assert poll.poll(50) == []
		assert select.select([fd], [], [], .05)[0] == []
		try:
		    os.read(fd, 10)
		    raise Exception('read')
		except BlockingIOError:
		    pass
		for i, wait in enumerate((lambda: poll.poll(60000), lambda: select.select([fd], [], [], 60)[0])):
		    threading.Timer(.1, change, ('+10.%d.0.0/16 16 AS2' % i,)).start()
		    assert wait(), 'not woken'
		    text = b''
		    while not text.endswith(b'~end\n'):
		        text += os.read(fd, 7)
		    assert text == b'%%delta\n+10.%d.0.0/16 16 AS2 - -\n~end\n' % i, text
		assert poll.poll(0) == []
		# A signal ends a read that waits.
		fcntl.fcntl(fd, fcntl.F_SETFL, 0)
		class Woken(Exception): pass
		def on_alarm(*_): raise Woken
		signal.signal(signal.SIGALRM, on_alarm)
		signal.setitimer(signal.ITIMER_REAL, .2)
		try:
		    os.read(fd, 10)
		    raise Exception('read')
		except Woken:
		    pass
		# It lost nothing.
		change('-10.1.0.0/16 16 AS2')
		assert os.read(fd, 1000) == b'%delta\n-10.1.0.0/16 16 AS2 - -\n~end\n'
	END
	wait_for grep -q '^-10.1' "$RUN/cat.out"
	wait_for grep -q '^-10.1' "$RUN/tail.out"
	same "$RUN/cat.out" "$RUN/tail.out"
	[ "$(grep -c '~end' "$RUN/cat.out")" -eq 3 ]
	# Readers that wait are killed at once, and see the end when it is unmounted.
	stop tail || :
	stop m
	wait_gone cat
}

@test "a reader of /events that lags too far gets the table; memory stays within bounds for 1,000 versions" {
	feed_fs m -q
	seq 0 299 | awk '{ print "10." int($1 / 256) "." $1 % 256 ".0/24 24 AS" $1 % 40 " apnic -" }' | vrp-merge -q | feed m
	wait_for version_is m 1
	exec 6<m/events
	changes() {
		seq "$1" "$2" | awk '{ print "%delta"
			print "+11." int($1 / 256) "." $1 % 256 ".0/24 24 AS" $1 % 40 " ripe -"
			if ($1 > 1) { n = $1 - 1; print "-11." int(n / 256) "." n % 256 ".0/24 24 AS" n % 40 }
			print "~end" }'
	}
	changes 1 200 | feed m
	wait_for version_is m 201
	grep -r AS1 m/asn >/dev/null
	before=$(memory_of m)
	changes 201 1000 | feed m
	wait_for version_is m 1001
	after=$(memory_of m)
	echo "$before KiB, then $after KiB"
	# The sanitizers keep what was freed.
	[ "${VRP_BUILD-}" = build-asan ] || [ "$after" -lt $((before + 4096)) ]
	run -0 timeout 20 head -n 1 <&6
	[[ $output = "%snapshot"* ]]
	exec 6<&-
	[ "$(ls m/deltas | wc -l)" -le 256 ]
	grep -qx -e '+11.3.232.0/24 24 AS0 ripe -' m/deltas/1001
	stop m
}

@test "a cache that dies and returns: the last table stays, and /status says so" {
	table table
	serve cache --max-age 0 table
	cache=$PORT
	mount_fs m --refresh 1s "tcp://127.0.0.1:$cache"
	lines=$(wc -l <m/vrps)
	[ "$lines" -gt 500 ]
	stop cache
	wait_for grep -qx 'state failing' m/status
	grep -qE '^error .*(refused|closed)' m/status
	[ "$(wc -l <m/vrps)" -eq "$lines" ]
	start cache rtr-serve -l "127.0.0.1:$cache" --max-age 0 <(printf '%s\n' %snapshot '10.0.0.0/8 8 AS1' '~end')
	wait_log cache 'listening on'
	# SIGHUP asks now instead of after the retry interval.
	back() { kill -HUP "$(pid_of m)" && grep -qx 'state in-sync' m/status && grep -q '^10.0.0.0/8 8 AS1' m/vrps; }
	wait_for back
	[ "$(wc -l <m/vrps)" -eq 3 ]
	run ! grep -q ^error m/status
	stop m
}

@test "data that grows too old leaves an empty tree, and /status says why" {
	mkdir m
	start_fed m vrpfs --max-age 2s - m
	wait_for has_mount m
	echo '10.0.0.0/8 8 AS1' | vrp-merge -q | feed m
	wait_for grep -q AS1 m/vrps
	feed_end m
	wait_for grep -qx 'state withdrawn' m/status
	grep -q '^error ' m/status
	[ -z "$(ls m/asn)" ]
	run ! grep -q AS1 m/vrps
	stop m
}

@test "a file that is replaced, and SIGHUP" {
	echo '10.0.0.0/8 8 AS1' | vrp-merge -q >table
	mount_fs m table
	grep -q AS1 m/vrps
	echo '10.0.0.0/8 8 AS2' | vrp-merge -q >new
	mv new table
	kill -HUP "$(pid_of m)"
	wait_for grep -q AS2 m/vrps
	# What is broken changes nothing but the status.
	echo junk >new
	mv new table
	kill -HUP "$(pid_of m)"
	wait_for grep -q '^error ' m/status
	grep -q AS2 m/vrps
	stop m
}

# The cache comes back with another table, and is asked again; what proves it is read again.
comes_back() {
	local port
	port=$(sed -nE "s/.*listening on $1:.*:([0-9]+).*/\1/p" "$RUN/cache.err")
	stop cache
	serve cache -l "$1://127.0.0.1:$port" "${@:2}"
	printf '%s\n' %snapshot '198.51.100.0/24 24 AS64497' ~end | feed cache
	kill -HUP "$(pgrep -f "^vrpfs .* $PWD/m\$" | head -n 1)"
	wait_for grep -q '^198.51.100.0/24 24 AS64497' m/vrps
	fusermount3 -u m
	wait_for not has_mount m
	stop cache
}

@test "caches over TLS and SSH, from the background and its sandbox" {
	local ssh=(--ssh-host-key host --ssh-authorized-keys mine.pub) tls=(--tls-cert cache.pem --tls-key cache.key)
	authority ca
	certificate cache ca IP:127.0.0.1
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f mine
	mkdir m keys
	cp ca.pem mine keys

	serve cache -l tls://127.0.0.1:0 "${tls[@]}"
	printf '%s\n' %snapshot '192.0.2.0/24 24 AS64496' ~end | feed cache
	wait_log cache 'serial 1:'
	port=$(sed -nE 's/.*listening on tls:.*:([0-9]+).*/\1/p' "$RUN/cache.err")
	run -0 vrpfs --tls-ca keys/ca.pem "tls://127.0.0.1:$port" "$PWD/m"
	grep -q '^192.0.2.0/24 24 AS64496' m/vrps
	comes_back tls "${tls[@]}"

	serve cache -l ssh://127.0.0.1:0 "${ssh[@]}"
	printf '%s\n' %snapshot '192.0.2.0/24 24 AS64496' ~end | feed cache
	wait_log cache 'serial 1:'
	port=$(sed -nE 's/.*listening on ssh:.*:([0-9]+).*/\1/p' "$RUN/cache.err")
	echo "[127.0.0.1]:$port $(cut -d ' ' -f 1,2 host.pub)" >keys/known
	run -0 vrpfs --ssh-key keys/mine --ssh-known-hosts keys/known "ssh://127.0.0.1:$port" "$PWD/m"
	grep -q '^192.0.2.0/24 24 AS64496' m/vrps
	comes_back ssh "${ssh[@]}"
}
