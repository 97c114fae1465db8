# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2016,SC2034,SC2046,SC2086,SC2154
# rtr-serve --http and clients that mean no good: routers notice nothing, and others are answered.

load lib

# What is freed shall be gone, with sanitizers as well.
export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=64

# A cache of n /24s, a router that follows it, and HTTP; sets PORT, WEB and WEB_PORT.
cache_of() {
	local n=$1
	shift
	serve cache --notify-interval 0 --http 127.0.0.1:0 "$@"
	wait_log cache 'http on'
	WEB=http://$(sed -n 's/.*http on //p' "$RUN/cache.err" | head -n 1)
	WEB_PORT=${WEB##*:}
	seq 0 $((n - 1)) | awk 'BEGIN { print "%snapshot" }
		{ printf "%d.%d.%d.0/24 24 1\n", 20 + $1 / 65536, $1 / 256 % 256, $1 % 256 } END { print "~end" }' | feed cache
	wait_log cache 'serial 1:'
	start follow rtr-dump -q -f "127.0.0.1:$PORT"
	wait_for grep -q '^~end' follow.out
}

# Change the table: the router that follows has the change, in the session that it had.
change() {
	printf '%%delta\n+198.51.100.0/24 %s 64496\n~end\n' "$1" | feed cache
	wait_for grep -q "^+198.51.100.0/24 $1 " follow.out
	[ "$(grep -c '^%snapshot' follow.out)" -eq 1 ]
}

# From an address of its own, since limits are for each.
get() { curl -sS --max-time 60 --interface 127.0.0.9 "$WEB$1" "${@:2}"; }
is_well() { [ "$(get /healthz)" = ok ] && get /metrics | grep -q '^rtr_serial'; }

# hostile: run the Python of stdin with say(text) -> answer up to the end of the connection, and dial() -> socket.
hostile() {
	{
		cat <<-END
			import random, re, socket, time
			def dial(**options):
			    s = socket.socket()
			    for k, v in options.items():
			        s.setsockopt(socket.SOL_SOCKET, getattr(socket, k), v)
			    s.settimeout(60)
			    s.connect(('127.0.0.1', $WEB_PORT))
			    return s
			def hear(s):
			    data = b''
			    try:
			        while got := s.recv(65536):
			            data += got
			    except ConnectionError:
			        pass
			    return data
			def say(text):
			    s = dial()
			    try:
			        s.sendall(text)
			        s.shutdown(socket.SHUT_WR)
			    except ConnectionError:
			        pass
			    return hear(s)
			def statuses(answer):
			    return re.findall(rb'HTTP/1\.[01] (\d+) ', answer)
		END
		cat
	} | timeout 120 /usr/bin/python3 -
}

@test "garbage of every first byte, and random garbage: 4xx or an end" {
	cache_of 100
	hostile <<-'END'
		for i in range(256):
		    got = statuses(say(bytes([i]) * 40 + b'\r\n\r\n'))
		    assert all(s[:1] in (b'4', b'5') for s in got), (i, got)
		for seed in range(100):
		    r = random.Random(seed)
		    got = statuses(say(r.randbytes(2000)))
		    assert all(s[:1] in (b'4', b'5') for s in got), (seed, got)
	END
	is_well
	change 24
}

@test "pipelined garbage: what was good before it is answered, nothing after it" {
	cache_of 100
	hostile <<-'END'
		good = b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
		assert statuses(say(good * 5)) == [b'200'] * 5
		for seed in range(100):
		    r = random.Random(seed)
		    n = r.randrange(5)
		    bad = r.choice([b'\0' * 50 + b'\r\n\r\n', b'GET\r\n\r\n', b'GET /healthz HTTP/9.9\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00',
		        r.randbytes(200) + b'\r\n\r\n', b'GET /healthz HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n', b'GET /%zz\0 HTTP/1.1\r\n\0\r\n\r\n',
		        b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
		        b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'])
		    got = statuses(say(good * n + bad + good * 3))
		    assert got[:n] == [b'200'] * n, (seed, n, bad, got)
		    assert b'200' not in got[n:] or bad.startswith(b'POST'), (seed, n, bad, got)
		# Five hundred requests at once, by one that then goes away.
		for i in range(20):
		    s = dial()
		    try:
		        s.sendall(b'GET /rpki.json HTTP/1.1\r\nHost: x\r\n\r\n' * 500)
		    except ConnectionError:
		        pass
		    s.close()
	END
	is_well
	change 24
}

@test "headers and targets without an end are refused, and cost nothing" {
	cache_of 100
	get /metrics >/dev/null
	before=$(memory_of cache)
	hostile <<-'END'
		def refused(head, unit, size=32 << 20):
		    s = dial()
		    sent = 0
		    try:
		        s.sendall(head)
		        while sent < size:
		            sent += s.send(unit * (65536 // len(unit)))
		    except ConnectionError:
		        pass
		    got = statuses(hear(s))
		    assert sent < size, 'took it all'
		    assert not got or got[0][:1] == b'4', got
		for _ in range(5):
		    refused(b'', b'A')
		    refused(b'', b'\r\n')
		    refused(b'GET /', b'a')
		    refused(b'GET /?', b'a=b&')
		    refused(b'GET / HTTP/1.1\r\nX: ', b'a')
		    refused(b'GET / HTTP/1.1\r\n', b'X: a\r\n')
		    refused(b'GET / HTTP/1.1\r\n', b'X: a\r\n b\r\n')
		    refused(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n', b'a')
		    refused(b'GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', b'1\r\na\r\n')
	END
	is_well
	[ $(($(memory_of cache) - before)) -lt 32768 ]
	change 24
}

@test "the slow: a byte at a time, half a header, silence, a reader that takes nothing" {
	cache_of 300000
	get /rpki.json >/dev/null
	hostile <<-'END' &
		kinds = [b'', b'G', b'GET / HTT', b'GET / HTTP/1.1\r\nHost: x\r\nX: ', b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n']
		slow = []
		for kind in kinds * 4:
		    s = dial()
		    s.sendall(kind)
		    s.setblocking(False)
		    slow.append((s, kind))
		reader = dial(SO_RCVBUF=4096)
		reader.sendall(b'GET /rpki.json HTTP/1.1\r\nHost: x\r\n\r\n')
		def timed_out():
		    return int(re.search(rb'rtrserve_http_timed_out_total (\d+)', say(b'GET /metrics HTTP/1.0\r\n\r\n'))[1])
		end = time.time() + 100
		while timed_out() < len(kinds) * 4 + 1 and time.time() < end:
		    time.sleep(.5)
		    for s, kind in slow:
		        try:
		            if kind and kind[-1:] != b'\n':
		                s.send(b'a')
		        except (BlockingIOError, ConnectionError):
		            pass
		assert timed_out() == len(kinds) * 4 + 1, timed_out()
		size = len(hear(reader))
		assert size < 10000000, size
	END
	others=$!
	for bits in 24 25 26 27 28 29; do
		change $bits
		is_well
	done
	wait $others
	[ "$(get /rpki.json | jq '.roas | length')" -eq 300006 ]
}

@test "10,000 connections: routers get each change, descriptors and memory stay bounded, others are answered" {
	cache_of 1000
	get /metrics >/dev/null
	before=$(memory_of cache)
	start flood bash -c 'ulimit -n 12000 && exec "$@"' - "$VRP_TOOLS/flood" -h 127.0.0.1 "$WEB_PORT" 2500 4
	for bits in 24 25 26 27 28; do
		change $bits
		[ "$(descriptors_of cache)" -lt 400 ]
		is_well
	done
	[ $(($(memory_of cache) - before)) -lt 32768 ]
	wait_gone flood
	cat flood.out
	read -r made _ <flood.out
	[ "$made" -gt 8000 ]
	change 29
	wait_for eval '[ "$(descriptors_of cache)" -lt 50 ]'
	# From very many addresses, they take turns, and who has said something goes first.
	start flood bash -c 'ulimit -n 12000 && exec "$@"' - "$VRP_TOOLS/flood" -h -s 5000 127.0.0.1 "$WEB_PORT" 2500 4
	for bits in 30 31 32; do
		change $bits
		[ "$(descriptors_of cache)" -lt 400 ]
		get /healthz >/dev/null || :
	done
	wait_gone flood
	is_well
	[ "$(wc -l <"$RUN/cache.err")" -lt 200 ]
}
