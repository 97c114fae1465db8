# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154,SC2012
# RTR over TLS: rtr-serve and openssl's client, rtr-dump and rtr-serve; certificates that are right and that are not.

load lib
load certs

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	authority ca
	authority other
	certificate cache ca DNS:cache.example,IP:127.0.0.1
	certificate renewed ca DNS:renewed.example,IP:127.0.0.1
	certificate expired ca DNS:cache.example,IP:127.0.0.1 -1
	certificate cn-only ca ""
	certificate r1 ca IP:127.0.0.1
	certificate r1-expired ca IP:127.0.0.1 -1
	certificate r1-other other IP:127.0.0.1
	certificate r9 ca IP:192.0.2.9
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR"/*.pem "$BATS_FILE_TMPDIR"/*.key .
}

# serve_tls CERT ARG...: a cache with a small table
serve_tls() {
	local cert=$1
	shift
	start_fed cache rtr-serve -v -l tls://127.0.0.1:0 --tls-cert "$cert.pem" --tls-key "$cert.key" --notify-interval 0 "$@"
	wait_log cache 'listening on tls://127.0.0.1:'
	PORT=$(port_of cache)
	CACHE=tls://127.0.0.1:$PORT
	printf '%s\n' %snapshot '192.0.2.0/24 24 AS64496' ~end | feed cache
	wait_log cache 'serial 1:'
}

s_client() { timeout 60 openssl s_client -brief -connect "127.0.0.1:$PORT" "$@" </dev/null 2>&1; }

# dump_has REGEX ARG...: rtr-dump gets a table with such a line
dump_has() {
	local regex=$1
	shift
	rtr-dump -q "$@" "$CACHE" >table
	grep -q -- "$regex" table
}

# dump_fails TEXT ARG...: rtr-dump says why it can't
dump_fails() {
	local text=$1
	shift
	run -2 --separate-stderr rtr-dump "$@" "$CACHE"
	[ -z "$output" ]
	[[ $stderr = *"$text"* ]] || { echo "not '$text' but: $stderr" >&2; return 1; }
}

@test "TLS 1.2 and 1.3 with forward secrecy, nothing older" {
	serve_tls cache
	s_client -tls1_3 >said
	grep -F 'Protocol version: TLSv1.3' said
	s_client -tls1_2 -verify_return_error -CAfile ca.pem -verify_hostname cache.example >said
	grep -F 'Protocol version: TLSv1.2' said
	grep -E 'Ciphersuite: ECDHE-' said
	run -1 s_client -tls1_1 -cipher ALL:@SECLEVEL=0
	wait_log cache 'refused: TLS: (unsupported protocol|no protocols|version too low)'
	run -1 s_client -tls1_2 -cipher AES128-SHA
	wait_log cache 'refused: TLS: no shared cipher'
}

@test "rtr-dump believes a cache whose certificate is right, and only that" {
	serve_tls cache
	dump_has '^192.0.2.0/24 24 AS64496' --tls-ca ca.pem
	dump_has '^%snapshot.* source=tls://127.0.0.1:' --tls-ca ca.pem --tls-name cache.example
	dump_has '^192.0.2.0/24' --tls-insecure
	SSL_CERT_FILE=ca.pem dump_has '^192.0.2.0/24'
	dump_fails "$CACHE: TLS with 127.0.0.1 port $PORT: certificate is from an authority that is not known here"
	dump_fails 'an authority that is not known here' --tls-ca other.pem
	dump_fails 'certificate is for cache.example, 127.0.0.1, not for other.example' --tls-ca ca.pem --tls-name other.example
	wait_log cache 'refused by peer: unknown CA'
	dump_fails 'nowhere.pem: No such file' --tls-ca nowhere.pem
	vrp-validate -q -t "$CACHE" --tls-ca ca.pem 192.0.2.0/24 AS64496
	run -2 vrp-validate -q -t "$CACHE" --tls-ca other.pem 192.0.2.0/24 AS64496
	[[ $output = *"an authority that is not known here"* ]]
}

@test "certificates of caches that have expired, have a common name alone, or are for another" {
	serve_tls expired
	wait_log cache 'certificate expired.pem is for cache.example, 127.0.0.1, EXPIRED since'
	dump_fails 'certificate has expired' --tls-ca ca.pem
	stop cache
	serve_tls cn-only
	dump_fails 'certificate has no subjectAltName, so it is not for cn-only' --tls-ca ca.pem --tls-name cn-only
	stop cache
	serve_tls renewed
	dump_fails 'not for cache.example' --tls-ca ca.pem --tls-name cache.example
}

@test "routers have to prove themselves where there is a client CA" {
	serve_tls cache --tls-client-ca ca.pem
	dump_has '^192.0.2.0/24' --tls-ca ca.pem --tls-cert r1.pem --tls-key r1.key
	wait_log cache ' \(tls, CN=r1\) connected'
	dump_fails 'peer wants a certificate' --tls-ca ca.pem
	wait_log cache 'refused: no client certificate'
	dump_fails 'refused by peer: certificate expired' --tls-ca ca.pem --tls-cert r1-expired.pem --tls-key r1-expired.key
	wait_log cache 'refused: certificate verify failed: certificate has expired'
	dump_fails 'refused by peer: unknown CA' --tls-ca ca.pem --tls-cert r1-other.pem --tls-key r1-other.key
	wait_log cache 'refused: certificate is from an authority that is not known here'
	dump_fails 'refused by peer' --tls-ca ca.pem --tls-cert r9.pem --tls-key r9.key
	wait_log cache 'refused: certificate is for 192.0.2.9, not for 127.0.0.1'
	# Each has come once: a refusal is no old cache, which would be asked again in lower versions.
	[ "$(grep -c ' refused: ' "$RUN/cache.err")" -eq 4 ]
}

@test "keys that others can read, that are encrypted, or of another certificate are refused" {
	chmod 644 cache.key
	run -2 rtr-serve -l tls://127.0.0.1:0 --tls-cert cache.pem --tls-key cache.key
	[[ $output = *"cache.key: mode 0644 lets others read it" ]]
	openssl pkey -aes128 -passout pass:x -in r1.key -out locked.key
	chmod 600 locked.key
	run -2 rtr-serve -l tls://127.0.0.1:0 --tls-cert r1.pem --tls-key locked.key
	[[ $output = *"locked.key: the key is encrypted"* ]]
	run -2 rtr-serve -l tls://127.0.0.1:0 --tls-cert r1.pem --tls-key other.key
	[[ $output = *"other.key is not the key of r1.pem" ]]
	run -2 rtr-dump --tls-cert r1.pem tls://127.0.0.1
	[[ $output = *"--tls-cert and --tls-key go together"* ]]
}

@test "SIGHUP takes a new certificate for who comes next; a broken file changes nothing" {
	serve_tls cache
	start router rtr-dump -f --tls-ca ca.pem --tls-name cache.example "$CACHE"
	wait_log router '1 IPv4'
	cp renewed.pem cache.pem
	head -c 50 renewed.key >cache.key
	kill -HUP "$(pid_of cache)"
	wait_log cache 'cache.key: .*goes on with what it had'
	rtr-dump -q --tls-ca ca.pem --tls-name cache.example "$CACHE" >table
	cp renewed.key cache.key
	kill -HUP "$(pid_of cache)"
	wait_log cache 'certificate cache.pem is for renewed.example'
	dump_fails 'not for cache.example' --tls-ca ca.pem --tls-name cache.example
	rtr-dump -q --tls-ca ca.pem --tls-name renewed.example "$CACHE" >table
	printf '%s\n' %delta '+198.51.100.0/24 24 AS64496' ~end | feed cache
	wait_log router '\+1 IPv4'
	[ "$(grep -c ' connected' "$RUN/cache.err")" -eq 3 ]
	# Who stops says so: the router is not cut off.
	stop cache
	wait_log router 'cache closed the connection'
	not logged router 'middle of TLS'
	stop router
}

@test "a large table, and a router that ends its side before it has it" {
	serve_tls cache
	{
		echo %snapshot
		seq 0 19999 | awk '{ printf "%d.%d.%d.0/24 24 AS1\n", 20 + $1 / 65536, $1 / 256 % 256, $1 % 256 }'
		echo ~end
	} | tee want | feed cache
	wait_log cache 'serial 2:'
	rtr-dump -q --tls-ca ca.pem "$CACHE" >table
	same <(tail -n +2 want) <(tail -n +2 table | cut -d ' ' -f 1-3)
	# The one that sends close_notify behind its query gets an answer, too.
	{ printf '\1\2\0\0\0\0\0\10'; sleep 0.2; } | timeout 60 openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$PORT" >answer 2>/dev/null
	wait_log cache 'disconnected: closed by router .1 queries, 400032 bytes sent'
}

# ---- who means no good

hold() {
	local n=$1 fd

	for ((i = 0; i < n; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT" || return
		# Who comes after it may have cost it its place already.
		[ -z "${2-}" ] || printf "$2" 2>/dev/null >&$fd || :
		held+=("$fd")
	done
}

@test "half-open handshakes, slow bytes, plain RTR and garbage: a router's delta comes, and all is logged" {
	held=()
	serve_tls cache --max-clients 8000
	start router rtr-dump -f --tls-ca ca.pem "$CACHE"
	wait_log router '1 IPv4'
	before=$(memory_of cache)
	hold 5 '\x16\x03\x01\xff\xff\x01\x00'
	hold 5 '\1\2\0\0\0\0\0\10'
	hold 5 'GET / HTTP/1.0\r\n\r\n'
	wait_log cache 'refused: speaks RTR without TLS'
	hold 300
	hold 50 '\x16\x03\x01\x02'
	printf '%s\n' %delta '+198.51.100.0/24 24 AS64496' ~end | feed cache
	wait_log router '\+1 IPv4'
	# Newcomers are served while all of these are still there.
	dump_has '^198.51.100.0/24' --tls-ca ca.pem
	# One address fills neither the places nor the log.
	wait_log cache 'refused: too many handshakes at once from its network|more connections refused'
	[ "$(grep -c ' refused: ' "$RUN/cache.err")" -le 100 ]
	if [ -z "${VRP_BUILD-}" ]; then
		after=$(memory_of cache)
		echo "memory: $before KiB, then $after KiB"
		[ $((after - before)) -lt 65536 ]
	fi
	for fd in "${held[@]}"; do exec {fd}>&-; done
	wait_for not bash -c "[ \$(ls /proc/$(pid_of cache)/fd | wc -l) -gt 40 ]"
	stop cache
}
