# SPDX-License-Identifier: ISC
# vrp-sign(1): what the program adds to lib/sig_*.c, whose rules t/unit/test_sig_*.c try.
load lib

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	umask 077
	for name in ed25519 other; do openssl genpkey -algorithm ed25519 -out "$name.key"; done
	openssl ecparam -name prime256v1 -genkey -noout -out ecdsa.key
	openssl genrsa -out rsa.key 2048 2>/dev/null
	openssl genrsa -out rsa1024.key 1024 2>/dev/null
	openssl ecparam -name secp384r1 -genkey -noout -out p384.key
	for key in *.key; do openssl pkey -in "$key" -pubout -out "${key%.key}.pub"; done
	openssl pkey -in ed25519.key -aes256 -passout pass:secret -out encrypted.key
	chmod 644 ./*.pub
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	ln -s "$BATS_FILE_TMPDIR"/*.key "$BATS_FILE_TMPDIR"/*.pub .
	cat >stream <<-END
		%snapshot time=2026-11-18T00:00:00Z
		192.0.2.0/24 24 AS64496 - -
		2001:db8::/32 48 AS64496 ripe 4000000000
		~end
		# a comment, and a line for others
		%hello world
		%delta
		-192.0.2.0/24 24 AS64496
		~end
		%delta
		+198.51.100.0/24 24 AS64497
		~end
	END
}

sign() { vrp-sign -q -k ed25519.key "$@"; }
verify() { vrp-sign -q -V -p ed25519.pub "$@"; }

# refuse REASON ARG...: exit 1, the reason, and nothing that was not in `stream` before
refuse() {
	local reason=$1
	shift
	run -1 --separate-stderr bash -c '"$@" >out' - vrp-sign -q -V "$@"
	echo "$stderr"
	[[ $stderr = *"$reason"* ]]
	head -c "$(stat -c %s out)" stream | cmp - out
}

@test "a stream that was signed comes out as it was, with each kind of key" {
	for kind in ed25519 ecdsa rsa; do
		vrp-sign -k $kind.key <stream >signed
		run -0 --separate-stderr vrp-sign -V -p other.pub -p $kind.pub signed
		[ "$stderr" = "vrp-sign: 3 blocks verified" ]
		vrp-sign -V -p $kind.pub <signed >out
		same stream out
	done
}

@test "a signed stream is a stream for who doesn't verify, and passes filters" {
	sign stream >signed
	vrp-merge -q stream >one
	vrp-merge -q signed >two
	same <(grep -v '^[%~]' one) <(grep -v '^[%~]' two)
	printf '%s\n' 192.0.2.0/24\ 24\ AS1 | sign >list
	vrp-format -q -o csv list | grep -q '^AS1,192.0.2.0/24,24'
}

@test "openssl verifies our statements" {
	for kind in ed25519 ecdsa rsa; do
		vrp-sign -k $kind.key stream >signed
		for n in 1 2 3 4; do
			grep '^~signed ' signed | sed -n "${n}p" >line
			sed 's/ sig=.*//' line | tr -d '\n' >statement
			sed 's/.* sig=//' line | openssl base64 -d -A >sig
			case $kind in
			ed25519) openssl pkeyutl -verify -pubin -inkey $kind.pub -rawin -in statement -sigfile sig ;;
			ecdsa) openssl dgst -sha256 -verify $kind.pub -signature sig statement ;;
			rsa) openssl dgst -sha256 -verify $kind.pub -signature sig -sigopt rsa_padding_mode:pss \
				-sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256 statement ;;
			esac
			[ "$n" = 1 ] || grep -q " previous=$(sha256sum <last | cut -d ' ' -f 1) " line
			cp statement last
		done
	done
	grep -q " key=$(openssl pkey -pubin -in rsa.pub -outform DER | sha256sum | cut -c 1-32) " line
}

# statement KIND SEQ PREVIOUS: for the bytes on stdin, by openssl alone; $last becomes what the next one names
statement() {
	local digest now=${NOW:-$(date -u +%FT%TZ)}

	digest=$(sha256sum | cut -d ' ' -f 1)
	printf '~signed version=1 alg=ed25519 key=%s kind=%s seq=%s time=%s until=- previous=%s digest=%s' "$(
		openssl pkey -pubin -in ed25519.pub -outform DER | sha256sum | cut -c 1-32)" "$1" "$2" "$now" "$3" "$digest" >statement
	openssl pkeyutl -sign -inkey ed25519.key -rawin -in statement -out sig
	last=$(sha256sum <statement | cut -d ' ' -f 1)
	{ cat statement; printf ' sig=%s\n' "$(openssl base64 -A <sig)"; } >line
}

@test "we verify statements that openssl made" {
	statement snapshot 1 - < <(head -n 4 stream)
	{ head -n 4 stream; cat line; } >signed
	statement end 2 "$last" </dev/null
	cat line >>signed
	head -n 4 stream >want
	verify signed >out
	same want out
	# The same with another number, or a time that is still to come.
	sed 's/seq=2/seq=3/' signed >changed
	refuse 'changed:6: bad signature' -p ed25519.pub changed
	NOW=2099-01-01T00:00:00Z statement snapshot 1 - < <(head -n 4 stream)
	{ head -n 4 stream; cat line; } >signed
	refuse 'signed at 2099-01-01T00:00:00Z, which is still to come' -p ed25519.pub signed
	NOW=$(date -u -d '+ 4 minutes' +%FT%TZ) statement snapshot 1 - < <(head -n 4 stream)
	{ head -n 4 stream; cat line; } >signed
	refuse 'cut off behind block 1' -p ed25519.pub signed
	refuse 'still to come' -p ed25519.pub --skew 1m signed
	NOW=2026-01-01T00:00:00Z statement snapshot 1 - < <(head -n 4 stream)
	{ head -n 4 stream; cat line; } >signed
	refuse 'signed at 2026-01-01T00:00:00Z, which is too long ago' -p ed25519.pub --max-age 1h signed
}

@test "a stream that is cut at any line is refused" {
	sign stream >signed
	for ((n = 0; n < $(wc -l <signed); n++)); do
		head -n $n signed >cut
		refuse "$([ $n -lt 5 ] && echo not signed || echo cut off)" -p ed25519.pub cut
	done
	head -c -1 signed >cut
	refuse 'cut off behind block 3' -p ed25519.pub cut
}

@test "what is changed, moved, left out, twice, spliced or of another key is refused" {
	sign stream >signed
	sed 's/AS64497/AS64498/' signed >changed
	refuse 'changed:15: these are not the bytes that were signed' -p ed25519.pub changed
	sed 's/# a comment/# A comment/' signed >changed
	refuse 'changed:11: these are not' -p ed25519.pub changed
	sed '6,11d' signed >changed
	refuse 'one is missing' -p ed25519.pub changed
	{ cat signed; sed -n '12,15p' signed; } >changed
	refuse 'a block behind the end' -p ed25519.pub changed
	{ head -n 11 signed; tail -n +6 signed; } >changed
	refuse 'comes again' -p ed25519.pub changed
	sign stream >second
	{ head -n 11 signed; tail -n +12 second; } >changed
	refuse 'of another stream' -p ed25519.pub changed
	refuse 'unknown key' -p other.pub signed
	grep -v '^~signed' signed >changed
	refuse 'not signed' -p ed25519.pub changed
	vrp-sign -q -V -p ed25519.pub <(cat signed second) >out
	same <(cat stream stream) out
	refuse 'older than the one before' -p ed25519.pub <(cat second signed)
}

@test "signatures expire, or not" {
	sign --valid 1 stream >signed
	grep -qE ' until=2[0-9]{3}-' signed
	sleep 2.1
	refuse 'has expired' -p ed25519.pub signed
	sign --valid 0 stream >signed
	grep -q ' until=- ' signed
	verify --max-age 1m signed >out
	same stream out
}

@test "with a state nothing older is let through, and the same again is" {
	sign stream >old
	sign stream >new
	verify --state state old >out
	verify --state state old >out
	same stream out
	verify --state state <(cat old new) >out
	same <(cat stream stream) out
	verify --state state new >out
	same stream out
	refuse 'accepted before' -p ed25519.pub --state state old
	refuse 'cut off' -p ed25519.pub --state state <(head -n -1 new)
	[ ! -s out ]
	echo nonsense >state
	run -2 verify --state state new
	[[ $output = *'state: not a state of vrp-sign'* ]]
	run -2 verify --state no/such/place new
	[[ $output = *'no/such/place: '* ]]
}

@test "a bad block is not signed, deltas behind it neither, and the rest is" {
	{ cat stream; printf '%s\n' %delta nonsense ~end %delta +192.0.2.0/25\ 25\ AS1 ~end; head -n 4 stream; } >mixed
	run -2 --separate-stderr bash -c 'vrp-sign -k ed25519.key mixed >signed'
	[[ $stderr = *'mixed:14: record without'*'mixed:16: a delta after a block that was refused'* ]]
	verify signed >out
	same <(cat stream; head -n 4 stream) out
	run -2 bash -c 'head -n 3 stream | vrp-sign -k ed25519.key >signed'
	[[ $output = *'standard input:3: input ended inside a block'* ]]
	verify signed >out
	[ ! -s out ]
	sign stream >signed
	run -2 sign signed
	[[ $output = *'signed:5: signed already'* ]]
}

@test "a block above --max-size is neither signed nor let through" {
	sign stream >signed
	run -2 --separate-stderr sign --max-size 50 stream
	[[ -z $output && $stderr = *'a block of more than 50 bytes'* ]]
	refuse 'a block of more than 50 bytes' -p ed25519.pub --max-size 50 signed
	[ ! -s out ]
	verify --max-size 200 signed >out
	same stream out
}

@test "keys that others can read, that are encrypted, small, or of another kind are refused" {
	cp ed25519.key loose.key
	for mode in 0644 0660 0604; do
		chmod $mode loose.key
		run -2 vrp-sign -k loose.key stream
		[[ $output = *"loose.key: mode $mode lets "* ]]
	done
	run -2 vrp-sign -k encrypted.key stream
	[[ $output = *'encrypted.key: the key is encrypted'* ]]
	run -2 vrp-sign -k rsa1024.key stream
	[[ $output = *'an RSA key of 1024 bits'* ]]
	run -2 vrp-sign -V -p rsa1024.pub stream
	[[ $output = *'an RSA key of 1024 bits'* ]]
	run -2 vrp-sign -V -p p384.pub stream
	[[ $output = *'a key on the curve secp384r1, not P-256'* ]]
	run -2 vrp-sign -V -p ed25519.key stream
	[[ $output = *'a private key, where a public one was expected'* ]]
	run -2 vrp-sign -k <(cat ed25519.pub) stream
	[[ $output = *'a public key, where a private one was expected'* ]]
	run -2 vrp-sign -k missing stream
	[[ $output = *'missing: No such file or directory'* ]]
	vrp-sign -k <(cat ed25519.key) stream >signed
	verify signed >out
	same stream out
}

@test "usage errors" {
	for args in '' '-V -q' '-k ed25519.key -V' '-k ed25519.key -p ed25519.pub' '-k ed25519.key --max-age 1' \
		'-k ed25519.key --state x' '-V -p ed25519.pub --valid 1' '-V -p ed25519.pub --strict-time' \
		'-V -p ed25519.pub --json -s x' '-V -p ed25519.pub --json --max-age 1' '-V -p ed25519.pub -s x --state y' \
		'-k ecdsa.key --json --valid 0' '-k ed25519.key a b' '-k ed25519.key -k other.key'; do
		run -2 vrp-sign $args </dev/null
		[[ $output = *"try 'vrp-sign -h'"* ]]
	done
	run -2 vrp-sign -k ed25519.key no-such-file
	[[ $output = *'no-such-file: No such file or directory'* ]]
}

# flip FILE N: the lowest bit of byte N
flip() {
	local byte

	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf '%b' "\\0$(printf %o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "the signature of any file stands apart from it" {
	head -c 100000 /dev/urandom >file
	sign -s file.sig file
	[ "$(wc -l <file.sig)" = 1 ]
	verify -s file.sig <file >out
	same file out
	sign -s - file | sed 's/ sig=.*//' | grep -q " until=- digest=$(sha256sum <file | cut -d ' ' -f 1)$"
	for n in 0 50000 99999; do
		cp file changed
		flip changed $n
		run -1 --separate-stderr bash -c 'vrp-sign -V -p ed25519.pub -s file.sig changed >out'
		[[ $stderr = *'file.sig: these are not the bytes that were signed'* ]]
		[ ! -s out ]
	done
	run -1 --separate-stderr verify -s stream file
	[[ -z $output && $stderr = *'stream: no statement'* ]]
	run -1 verify -s file.sig --max-size 99999 file
	[[ $output = *'file: more than 99999 bytes' ]]
	run -1 vrp-sign -V -p other.pub -s file.sig file
	run -2 verify -s missing file
	# A statement of a stream is none of a file.
	sign stream | tail -n 1 >stream.sig
	run -1 verify -s stream.sig /dev/null
	[[ $output = *'a statement of a stream, not of a file'* ]]
	sign --valid 1 -s file.sig file
	sleep 2.1
	run -1 verify -s file.sig file
	[[ $output = *'has expired'* ]]
}

to_hex() { od -An -v -tx1 | tr -d ' \n'; }
from_hex() { tr -d '\n' | tr a-f A-F | basenc --base16 -d; }

# S of a JSON export, as GoRTR has it of ASNs that are strings
gortr_strings() { jq -r '.roas[] | "\(.prefix),\(.maxLength),\(.asn),"' "$1" | LC_ALL=C sort | tr -d '\n'; }

@test "JSON is signed as GoRTR wants it, and openssl says so" {
	jq -n '{roas: [{prefix: "192.0.2.0/24", maxLength: 24, asn: "AS64496", ta: "ripe"},
		{prefix: "2001:db8::/32", maxLength: 48, asn: "AS4200000000", ta: "x"},
		{prefix: "192.0.2.0/24", maxLength: 24, asn: "AS6449", ta: "ripe"}]}' >export.json
	vrp-sign -k ecdsa.key --json export.json >signed.json
	# Nothing but the metadata is new.
	same <(jq -S .roas export.json) <(jq -S .roas signed.json)
	gortr_strings signed.json >strings
	jq -r .metadata.signatureDate signed.json | from_hex >sig
	openssl dgst -sha256 -verify ecdsa.pub -signature sig strings
	jq -r .metadata.signature signed.json | from_hex >sig
	{ jq -j '.metadata.generated, ","' signed.json; cat strings; jq -j .metadata.valid signed.json; } >dated
	openssl dgst -sha256 -verify ecdsa.pub -signature sig dated
	vrp-sign -V -p other.pub -p ecdsa.pub --json --strict-time signed.json >out
	same signed.json out
	run -1 --separate-stderr vrp-sign -V -p other.pub --json signed.json
	[[ -z $output && $stderr = *'signed.json: bad signature, or of an unknown key'* ]]
	run -2 vrp-sign -k ed25519.key --json export.json
	[[ $output = *'needs a key of ECDSA'* ]]
}

# json FILE STRINGS [GENERATED VALID]: signed by openssl alone
json_signed() {
	local date sig

	date=$(printf %s "$2" | openssl dgst -sha256 -sign ecdsa.key | to_hex)
	sig=$(printf %s "$3,$2$4" | openssl dgst -sha256 -sign ecdsa.key | to_hex)
	jq -c --arg d "$date" --arg s "$sig" --argjson g "$3" --argjson v "$4" \
		'{metadata: {generated: $g, valid: $v, signature: $s, signatureDate: $d}} + .' "$1"
}

@test "JSON that openssl signed is verified: numbers both ways, dates, and what is not covered" {
	now=$(date +%s)
	echo '{"roas":[{"prefix":"192.0.2.0/24","maxLength":24,"asn":4200000000}]}' >export.json
	json_signed export.json '192.0.2.0/24,24,4.2e+09,' $now $((now + 60)) >go.json
	json_signed export.json '192.0.2.0/24,24,4200000000,' $now $((now + 60)) >plain.json
	json_signed export.json '192.0.2.0/24,24,4.2e+09,' $((now - 60)) $((now - 1)) >late.json
	json_signed export.json '192.0.2.0/24,24,4.2e+09,' $((now - 3600)) $((now + 60)) >old.json
	for file in go plain late old; do
		vrp-sign -V -p ecdsa.pub --json $file.json >out
		same $file.json out
	done
	vrp-sign -V -p ecdsa.pub --json --strict-time --max-age 61m old.json >out
	run -1 vrp-sign -V -p ecdsa.pub --json --strict-time --max-age 30m old.json
	[[ $output = *'too long ago'* ]]
	run -1 vrp-sign -V -p ecdsa.pub --json --strict-time late.json
	[[ $output = *'has expired'* ]]
	jq -c 'del(.metadata.signature)' go.json >undated.json
	vrp-sign -V -p ecdsa.pub --json undated.json >out
	run -1 vrp-sign -V -p ecdsa.pub --json --strict-time undated.json
	[[ $output = *'its dates are not signed'* ]]
	jq -c '.metadata.valid += 1' go.json >changed.json
	run -1 vrp-sign -V -p ecdsa.pub --json changed.json
	jq -c '.roas[0].expires = 5' go.json >changed.json
	run -1 vrp-sign -V -p ecdsa.pub --json changed.json
	[[ $output = *"changed.json:1:"*"'expires': not covered"* ]]
	jq -c '.aspas = []' go.json >changed.json
	run -1 --separate-stderr vrp-sign -V -p ecdsa.pub --json changed.json
	[[ -z $output && $stderr = *"'aspas': not covered"* ]]
	run -1 vrp-sign -V -p ecdsa.pub --json export.json
	[[ $output = *'not signed'* ]]
	run -1 vrp-sign -V -p ecdsa.pub --json <(head -c 100 go.json)
	run -1 vrp-sign -V -p ecdsa.pub --json --max-size 50 go.json
}

statements() { [ "$(grep -c ^~signed "$RUN/$1.out")" -eq "$2" ]; }

@test "SIGTERM ends a signed stream behind its last whole block" {
	start_fed signer vrp-sign -k ed25519.key
	cat stream - >part <<-END
		%delta
		+192.0.2.0/24 24 AS1
	END
	feed signer <part
	wait_for statements signer 3
	stop signer && status=0 || status=$?
	[ "$status" = 2 ]	# the block that was open is lost
	grep -q 'input broke off' "$RUN/signer.err"
	verify "$RUN/signer.out" >out
	same stream out
	start_fed signer vrp-sign -k ed25519.key
	feed signer <stream
	wait_for statements signer 3
	stop signer
	verify "$RUN/signer.out" >out
	same stream out
}

@test "a full disk is not a success, and a reader that goes is noticed" {
	[ -e /dev/full ] || skip "no /dev/full"
	sign stream >signed
	run -2 bash -c 'vrp-sign -k ed25519.key stream >/dev/full'
	[[ $output = *'standard output: No space left'* ]]
	run -2 bash -c 'vrp-sign -V -p ed25519.pub --state state signed >/dev/full'
	[[ $output = *'standard output: No space left'* ]]
	[ ! -e state ]
	run -2 sign -s /dev/full stream
	run -2 bash -c 'vrp-sign -q -V -p ed25519.pub --state /dev/full signed >out'
	for mode in "-k ed25519.key" "-V -p ed25519.pub"; do
		mkfifo fifo
		start_fed reader bash -c "vrp-sign $mode >fifo; echo \$? >status"
		exec 5<fifo
		exec 5<&-
		wait_for test -s status
		[ "$(cat status)" = 141 ]
		feed_end reader
		rm fifo status
	done
}

@test "deltas arrive through fetch, sign, verify, serve" {
	echo '{"roas":[{"prefix":"192.0.2.0/24","maxLength":24,"asn":64496}]}' >feed.json
	# Each a process of its own, so that each ends with the test.
	mkfifo fetched signed verified
	start fetch sh -c 'exec vrp-fetch -q -r 1 feed.json >fetched'
	start sign sh -c 'exec vrp-sign -k ed25519.key <fetched >signed'
	start verify sh -c 'exec vrp-sign -V -p ed25519.pub <signed >verified'
	start line sh -c 'exec rtr-serve -l 127.0.0.1:0 <verified'
	wait_log line 'serial 1: .*'
	echo '{"roas":[{"prefix":"192.0.2.0/24","maxLength":24,"asn":64497}]}' >next.json
	mv next.json feed.json
	wait_log line 'serial 2: .*'
	rtr-dump -q "127.0.0.1:$(port_of line)" | grep -q '^192.0.2.0/24 24 AS64497'
}
