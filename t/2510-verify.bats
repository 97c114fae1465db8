# SPDX-License-Identifier: ISC
# vrp-fetch --verify and rtr-serve --verify: nothing unverified is a table.
load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	umask 077
	openssl genpkey -algorithm ed25519 -out sign.key
	openssl genpkey -algorithm ed25519 -out other.key
	openssl ecparam -name prime256v1 -genkey -noout -out json.key
	for key in sign other json; do openssl pkey -in $key.key -pubout -out $key.pub; done
	cat >table <<-END
		%snapshot time=$(date -u +%FT%TZ)
		192.0.2.0/24 24 AS64496 - -
		~end
	END
	printf '%s\n' %delta '+198.51.100.0/24 24 AS64497 - -' ~end >delta
	cat table delta | vrp-merge -q >patched
	cat table delta | vrp-sign -k sign.key >signed
}

fetch() { vrp-fetch -q --verify other.pub --verify "$@"; }

@test "vrp-fetch takes a signed stream, and no other" {
	fetch sign.pub signed >out
	same <(grep -v ^% patched) <(grep -v ^% out)
	run -2 --separate-stderr fetch sign.pub patched
	[[ -z $output && $stderr = *'patched: not signed'* ]]
	run -2 --separate-stderr fetch json.pub signed
	[[ -z $output && $stderr = *'signed:4: signed by an unknown key'* ]]
	head -n -1 signed >cut
	run -2 --separate-stderr fetch sign.pub cut
	[[ -z $output && $stderr = *'cut: cut off behind block 2'* ]]
	sed s/64497/64498/ signed >changed
	run -2 --separate-stderr fetch sign.pub changed
	[[ -z $output && $stderr = *'changed:8: these are not the bytes that were signed'* ]]
	# The next source is tried.
	fetch sign.pub changed signed >out
	same <(grep -v ^% patched) <(grep -v ^% out)
	run -2 fetch missing.pub signed
	[[ $output = *'missing.pub: No such file or directory'* ]]
	run -2 fetch sign.key signed
	[[ $output = *'sign.key: a private key'* ]]
}

@test "vrp-fetch takes JSON with the signatures of GoRTR, dates and all" {
	echo '{"roas":[{"prefix":"192.0.2.0/24","maxLength":24,"asn":"AS64496"}]}' >export.json
	vrp-sign -k json.key --json export.json >signed.json
	fetch json.pub signed.json | grep -q '^192.0.2.0/24 24 AS64496'
	run -2 --separate-stderr fetch json.pub export.json
	[[ -z $output && $stderr = *'export.json: not signed'* ]]
	run -2 --separate-stderr fetch sign.pub signed.json
	[[ -z $output && $stderr = *'bad signature'* ]]
	jq -c 'del(.metadata.signature)' signed.json >undated.json
	run -2 fetch json.pub undated.json
	[[ $output = *'its dates are not signed'* ]]
	jq -c '.roas[0].expires = 1' signed.json >more.json
	run -2 fetch json.pub more.json
	[[ $output = *'not covered'* ]]
	vrp-sign -k json.key --valid 1 --json export.json >late.json
	sleep 2.1
	run -2 fetch json.pub late.json
	[[ $output = *'has expired'* ]]
}

@test "vrp-fetch -r does not go back to an older stream" {
	vrp-sign -k sign.key table >older
	vrp-sign -k sign.key <(cat table delta) >newer
	cp newer feed
	start live vrp-fetch -r 1 --verify sign.pub feed
	wait_log live 'feed: 2 IPv4'
	cp older next
	mv next feed
	wait_log live 'feed: older than what was accepted before; next try'
	cp newer next
	mv next feed
	wait_log live 'feed: back after'
	stop live
	[ "$(grep -c '^[%]' "$RUN/live.out")" = 1 ]
}

vrps() { rtr-dump -q "127.0.0.1:$PORT" | grep -v '^[%~]' | wc -l; }

@test "rtr-serve takes the blocks of a stream as they are verified, and nothing behind a bad one" {
	serve cache --verify other.pub --verify sign.pub
	head -n 4 signed | feed cache
	wait_log cache 'serial 1:'
	[ "$(vrps)" = 1 ]
	sed -n '5,8p' signed | sed s/64497/64498/ | feed cache
	wait_log cache 'input:8: these are not the bytes that were signed; the rest is refused'
	wait_log cache 'input has ended'
	[ "$(vrps)" = 1 ]
	stop cache
	serve cache --verify sign.pub
	feed cache <signed
	wait_log cache 'serial 2:'
	feed_end cache
	wait_log cache 'input has ended'
	! grep -q refused "$RUN/cache.err"
	stop cache
	serve cache --verify sign.pub
	feed cache <table
	feed_end cache
	wait_log cache 'input: not signed'
	wait_log cache 'input has ended without a table'
}

@test "rtr-serve reads a signed file again, and not an older one" {
	vrp-sign -k sign.key table >first
	vrp-sign -k sign.key patched >second
	cp second file
	serve cache --verify sign.pub file
	wait_log cache 'serial 1:'
	cp first next
	mv next file
	wait_log cache 'file:[0-9]*: older than, or other than, what was accepted before|file: older than what was accepted before'
	[ "$(vrps)" = 2 ]
	vrp-sign -k sign.key table >next
	mv next file
	wait_log cache 'serial 2:'
	[ "$(vrps)" = 1 ]
	cp patched next
	mv next file
	wait_log cache 'file: not signed'
	stop cache
}

@test "a list that is signed is served when its stream has ended" {
	printf '192.0.2.0/24 24 AS64496\n' | vrp-sign -k sign.key >list
	serve cache --verify sign.pub
	head -n 2 list | feed cache
	tail -n 1 list | feed cache
	feed_end cache
	wait_log cache 'serial 1:'
	[ "$(vrps)" = 1 ]
	stop cache
	serve cache --verify sign.pub
	head -n 2 list | feed cache
	feed_end cache
	wait_log cache 'input: cut off behind block 1'
	wait_log cache 'input has ended without a table'
}
