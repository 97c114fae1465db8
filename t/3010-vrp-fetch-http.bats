# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-fetch over HTTP and HTTPS, from a real nginx, and from a server that breaks off.

load lib
load http

feeds=$ROOT/t/data/feeds

fetch() { vrp-fetch --max-age 0 -E "$@"; }

records() { grep -v '^[%~]' "$1"; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_peer nginx
	make_certificates 2>/dev/null
	mkdir -p "$RUN/www"
	cp "$feeds/rpki-client.in" "$RUN/www/feed"
	[ -e "$BATS_FILE_TMPDIR/bomb.gz" ] ||
		{ echo '{"roas":['; head -c 20M /dev/zero | tr '\0' ' '; echo ']}'; } | gzip >"$BATS_FILE_TMPDIR/bomb.gz"
	cp "$BATS_FILE_TMPDIR/bomb.gz" "$RUN/www/"
	start_nginx
}

refused() {
	local reason=$1
	shift
	run -2 --separate-stderr fetch "$@"
	[ -z "$output" ]
	if [ "$stderr" != "vrp-fetch: ${*: -1}: $reason" ]; then
		echo "$stderr"
		return 1
	fi
}

@test "a feed from a URL, which is its source" {
	fetch -q "$url/feed" >got
	[ "$(head -n 1 got)" = "%snapshot time=2026-11-23T00:00:00Z source=$url/feed" ]
	records got >got.records
	same "$feeds/rpki-client.out" got.records
	wait_for grep -q "^/feed 200 - vrp-fetch/[0-9.]* -$" ours.log
	fetch -q --user-agent 'another 1.0' "$url/feed" >got
	wait_for grep -q "^/feed 200 - another 1.0 -$" ours.log
	# Without -r a request has no conditions.
	printf '/feed 200  \n/feed 200  \n' >asked
	same asked asked.log
}

@test "compression is asked for and undone" {
	fetch -q "$url/gzip/feed" >got
	wait_for grep -q '^/gzip/feed 200 gzip ' ours.log
	records got >got.records
	same "$feeds/rpki-client.out" got.records
}

@test "redirects are followed, not for ever, not to files" {
	fetch -q "$url/moved" >got
	records got >got.records
	same "$feeds/rpki-client.out" got.records
	refused "maximum (5) redirects followed" "$url/loop"
	refused "protocol \"file\" not supported or disabled in libcurl" "$url/file"
}

@test "a status other than 200 is refused and named" {
	refused "the server answered 404 Not Found" "$url/missing"
	refused "the server answered 500 Internal Server Error" "$url/broken"
	refused "the server answered 204 No Content" "$url/nothing"
	refused "the server answered 503 Service Temporarily Unavailable" "$url/later"
}

@test "the next source when one fails" {
	run -0 --separate-stderr fetch "$url/missing" "http://127.0.0.1:1/x" "$url/feed"
	[[ ${lines[0]} == *" source=$url/feed" ]]
	[ "${stderr_lines[0]}" = "vrp-fetch: $url/missing: the server answered 404 Not Found" ]
	[[ "${stderr_lines[1]}" == "vrp-fetch: http://127.0.0.1:1/x: failed to connect to 127.0.0.1 port 1"* ]]
}

@test "a password in a URL is used and never shown" {
	run -0 --separate-stderr fetch "http://user:secret@127.0.0.1:$HTTP/feed"
	[[ ${lines[0]} == *" source=$url/feed" ]]
	[[ $output$stderr != *secret* ]]
	wait_for grep -q "^/feed 200 - vrp-fetch/[0-9.]* Basic dXNlcjpzZWNyZXQ=$" ours.log
	run -2 --separate-stderr fetch "http://user:secret@127.0.0.1:$HTTP/missing"
	[[ $stderr != *secret* ]]
}

@test "a proxy of the environment is used" {
	# nginx answers a request for any host.
	http_proxy=$url fetch -q http://validator.invalid/feed >got
	[ "$(head -n 1 got)" = "%snapshot time=2026-11-23T00:00:00Z source=http://validator.invalid/feed" ]
}

@test "TLS with a private authority, and refused without it" {
	fetch -q --cacert ca.pem "https://127.0.0.1:$TLS/feed" >got
	records got >got.records
	same "$feeds/rpki-client.out" got.records
	run -2 --separate-stderr fetch "https://127.0.0.1:$TLS/feed"
	[ -z "$output" ]
	[[ $stderr == *": SSL certificate problem: "* ]]
	run -2 --separate-stderr fetch --cacert other.pem "https://127.0.0.1:$TLS/feed"
	[[ $stderr == *": SSL certificate problem: "* ]]
	run -2 --separate-stderr fetch --cacert ca.pem "https://localhost:$TLS/feed"
	[[ $stderr == *": SSL: no alternative certificate subject name matches target host name 'localhost'" ]]
	run -2 --separate-stderr fetch --cacert nowhere.pem "https://127.0.0.1:$TLS/feed"
	[[ $stderr == *nowhere.pem* ]]
}

@test "https is never left for http" {
	refused "protocol \"http\" not supported or disabled in libcurl" --cacert ca.pem "https://127.0.0.1:$TLS/downgrade"
}

@test "--max-size counts what was decompressed" {
	[ "$(wc -c <www/bomb.gz)" -lt 100000 ]
	run -0 fetch -q "$url/bomb"
	refused "more than 1048576 bytes" --max-size 1M "$url/bomb"
}

@test "--timeout ends a download that crawls" {
	run -2 --separate-stderr fetch --timeout 1 "$url/slow"
	[ -z "$output" ]
	[[ $stderr == "vrp-fetch: $url/slow: operation timed out after 1"*" milliseconds with "*" bytes received" ]]
}

@test "a body shorter than its length is refused, even when it seems whole" {
	answer 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nASN,IP Prefix\nAS1,10.0.0.0/8\n'
	run -2 --separate-stderr fetch "$url/csv"
	[ -z "$output" ]
	[[ $stderr == "vrp-fetch: $url/csv: transfer closed with 71 bytes remaining to read" ]]
}

@test "a chunked body without its last chunk is refused" {
	answer 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\nASN,IP Prefix\nAS1,10.0.0.0/8\n\r\n'
	run -2 --separate-stderr fetch "$url/csv"
	[ -z "$output" ]
	[[ $stderr == "vrp-fetch: $url/csv: transfer closed with outstanding read data remaining" ]]
}

@test "a body without length that is cut short is refused as JSON" {
	answer 'HTTP/1.0 200 OK\r\n\r\n{"roas":[{"asn":1,"prefix":"10.0.0.0/8"}'
	run -2 --separate-stderr fetch "$url/json"
	[ -z "$output" ]
	[ "$stderr" = "vrp-fetch: $url/json:1:41: the document is cut short" ]
}

@test "a compressed body that is cut short or broken is refused" {
	printf 'HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n' >head
	gzip -c "$feeds/rpki-client.in" | head -c -12 >tail
	cat head tail >answer
	start cut "$VRP_TOOLS/rtr-poke" -l accept file answer shut eof
	wait_log cut 'listening on'
	run -2 --separate-stderr fetch "http://127.0.0.1:$(port_of cut)/"
	[ -z "$output" ]
	[[ $stderr == *"the document is cut short"* ]]
	printf '\xff\xff\xff\xff\xff\xff' | dd of=answer bs=1 seek=100 conv=notrunc status=none
	start broken "$VRP_TOOLS/rtr-poke" -l accept file answer shut eof
	wait_log broken 'listening on'
	run -2 --separate-stderr fetch "http://127.0.0.1:$(port_of broken)/"
	[ -z "$output" ]
	[[ $stderr == *": error while processing content unencoding: "* ]]
}

@test "what isn't HTTP is refused" {
	answer '\1\2\0\0\0\0\0\10'
	run -2 --separate-stderr fetch "$url/"
	[ -z "$output" ]
	[[ $stderr == *": received HTTP/0.9 when not allowed" ]]
}
