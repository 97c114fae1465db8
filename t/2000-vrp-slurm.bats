# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-slurm: exceptions on snapshots, deltas, bad streams; files that change under it.

load lib

# SLURM of version 2 around the six lists, each the inside of an array.
slurm() {
	cat <<-END
		{"slurmVersion": 2,
		 "validationOutputFilters": {"prefixFilters": [${1-}], "bgpsecFilters": [${2-}], "aspaFilters": [${3-}]},
		 "locallyAddedAssertions": {"prefixAssertions": [${4-}], "bgpsecAssertions": [${5-}], "aspaAssertions": [${6-}]}}
	END
}

key1=0000000000000000000000000000000000000001
key2=FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat >table <<-END
		%snapshot time=2026-11-23T00:00:00Z source=here other=x
		10.0.0.0/8 8 AS1 ta1 1795942462
		10.1.0.0/16 24 AS2 ta1 1795942462
		192.0.2.0/24 24 AS1 ta2 -
		2001:db8::/32 48 AS3 ta2 -
		router-key AS1 $key1 AAAA ta1 1795942462
		router-key AS2 $key2 AAAB ta1 1795942462
		aspa AS1 AS5,AS6 ta1 1795942462
		aspa AS2 AS5 ta1 1795942462
		~end
	END
	slurm >nothing.json
}

filter() { vrp-slurm -q -f "$@"; }

gives() {
	cat >want
	same want got
}

@test "without exceptions a stream comes out as it was" {
	filter nothing.json <table >got
	same table got
}

@test "prefix filters by prefix, by AS, by both" {
	slurm '{"prefix": "10.0.0.0/8"}' >s
	filter s <table >got
	grep -v '^10\.' table | gives

	slurm '{"prefix": "10.0.0.0/9"}' >s
	filter s <table >got
	grep -v '^10\.1\.' table | gives

	slurm '{"asn": 1, "comment": "of this AS"}' >s
	filter s <table >got
	grep -vE '^[0-9.]+/[0-9]+ [0-9]+ AS1 ' table | gives

	slurm '{"asn": 1, "prefix": "10.0.0.0/8"}, {"asn": 3, "prefix": "2001:db8::/32"}' >s
	filter s <table >got
	grep -vE '^(10\.0|2001)' table | gives

	# Covering is not enough, and the wrong AS neither.
	slurm '{"prefix": "10.0.0.0/24"}, {"asn": 2, "prefix": "192.0.2.0/24"}' >s
	filter s <table >got
	same table got
}

@test "router keys and ASPAs are filtered" {
	slurm '' '{"asn": 1}' '{"customerAsn": 2}' >s
	filter s <table >got
	grep -vE '^(router-key AS1|aspa AS2)' table | gives

	# FFFF...FE in base64 for URLs
	slurm '' '{"SKI": "_____________________________-4"}' | sed 's/_____________________________-4/__________________________4/' >s
	filter s <table >got
	grep -v "$key2" table | gives

	slurm '' '{"asn": 1, "SKI": "__________________________4"}' >s
	filter s <table >got
	same table got
}

@test "assertions are added in order and never filtered" {
	slurm '{"prefix": "0.0.0.0/0"}, {"prefix": "::/0"}' '{"asn": 1}, {"asn": 2}' '{"customerAsn": 1}' \
		'{"asn": 7, "prefix": "10.0.0.0/8", "maxPrefixLength": 9}, {"asn": 0, "prefix": "::/0"}' \
		'{"asn": 1, "SKI": "__________________________4", "routerPublicKey": "AAAB"}' \
		'{"customerAsn": 1, "providerAsns": [8, 9]}' >s
	filter s <table >got
	gives <<-END
		%snapshot time=2026-11-23T00:00:00Z source=here other=x
		10.0.0.0/8 9 AS7 - -
		::/0 0 AS0 - -
		router-key AS1 $key2 AAAB - -
		aspa AS1 AS8,AS9 - -
		aspa AS2 AS5 ta1 1795942462
		~end
	END
}

@test "what is both validated and asserted comes once, an ASPA with the providers of both" {
	slurm '' '' '' '{"asn": 1, "prefix": "10.0.0.0/8"}' '' '{"customerAsn": 2, "providerAsns": [4, 5]}' >s
	filter s <table >got
	sed -e 's/^10.0.0.0.*/10.0.0.0\/8 8 AS1 - -/' -e 's/^aspa AS2.*/aspa AS2 AS4,AS5 - -/' table | gives
}

@test "a delta is filtered, and never withdraws what is asserted" {
	slurm '{"asn": 9}' '' '{"customerAsn": 9}' '{"asn": 1, "prefix": "10.0.0.0/8"}' '' '{"customerAsn": 1, "providerAsns": [4]}' >s
	cat - >delta <<-END
		%delta time=2026-11-23T01:00:00Z
		-10.0.0.0/8 8 AS1
		-192.0.2.0/24 24 AS1
		-aspa AS1 AS5,AS6
		+10.2.0.0/16 16 AS9
		+10.3.0.0/16 16 AS8 ta1 -
		+aspa AS9 AS1
		~end
	END
	for watch in "" -w; do
		cat table delta >in
		vrp-slurm -q $watch -f s <in >got
		sed -n '/^%delta/,$p' got >got.delta
		cat >want <<-END
			%delta time=2026-11-23T01:00:00Z
			-192.0.2.0/24 24 AS1 - -
			+10.3.0.0/16 16 AS8 ta1 -
			+aspa AS1 AS4 - -
			~end
		END
		same want got.delta
	done
	# Without a snapshot before it there is no providers' history to tell a change by, the rest is the same.
	filter s <delta >got
	grep -v '^+aspa' want >want2
	same want2 got

	# The ASPA returns: the union again; with the same once more, nothing.
	printf '%%delta\n+aspa AS1 AS6\n~end\n%%delta\n-aspa AS1 AS6\n+aspa AS1 AS4,AS6\n~end\n' >more
	cat table delta more >in
	vrp-slurm -q -w -f s <in >all
	tail -n 5 all >got
	gives <<-END
		%delta
		+aspa AS1 AS4,AS6 - -
		~end
		%delta
		~end
	END
}

@test "unknown lines, between blocks and in them, are passed on; a bare list becomes a snapshot" {
	printf '%%hello\n%%snapshot\n10.0.0.0/8 8 1\n%%within\n~end\n~bye\n' | filter nothing.json >got
	gives <<-END
		%hello
		%snapshot
		%within
		10.0.0.0/8 8 AS1 - -
		~end
		~bye
	END
	printf '10.0.0.0/8\t-   as1' | filter nothing.json >got
	gives <<-END
		%snapshot
		10.0.0.0/8 8 AS1 - -
		~end
	END
}

@test "a block that is cut short or malformed leaves no trace, the rest goes on, exit 2" {
	cat table - >in <<-END
		%snapshot
		10.0.0.0/8 8 AS1
		10.0.0.1/8 8 AS1
		~end
		%delta
		+10.9.0.0/16 16 AS1
		~end
		%snapshot
		10.7.0.0/16 16 AS7
		~end
		%snapshot
		10.8.0.0/16 16 AS7
	END
	run -2 --separate-stderr filter nothing.json <in
	[ "$output" = "$(cat table)"$'\n%snapshot\n10.7.0.0/16 16 AS7 - -\n~end' ]
	[ "${#stderr_lines[@]}" -eq 3 ]
	[ "${stderr_lines[0]}" = "vrp-slurm: standard input:13:1: host bits set in prefix '10.0.0.1/8'" ]
	[ "${stderr_lines[1]}" = "vrp-slurm: standard input:17: delta after a block that was refused" ]
	[ "${stderr_lines[2]}" = "vrp-slurm: standard input:22: input ended inside a block" ]
}

@test "with -w a delta that does not fit is refused" {
	printf '%%delta\n-10.9.0.0/16 16 AS1\n~end\n' >delta
	cat table delta >in
	run -2 --separate-stderr vrp-slurm -qw -f nothing.json <in
	[ "$output" = "$(cat table)" ]
	[[ $stderr = *"standard input:13: delta withdraws what is not there: 10.9.0.0/16 16 AS1" ]]
	run -2 --separate-stderr vrp-slurm -qw -f nothing.json <delta
	[ -z "$output" ]
	[[ $stderr = *"standard input:3: delta before any snapshot" ]]
}

@test "the summary says what was kept, removed and asserted" {
	slurm '{"prefix": "10.0.0.0/8"}' '' '' '{"asn": 7, "prefix": "10.0.0.0/8"}' >s
	cat table - >in <<-END
		%delta
		-10.0.0.0/8 8 AS1
		+10.0.0.0/8 8 AS7
		+11.0.0.0/8 8 AS7
		~end
	END
	run -0 --separate-stderr vrp-slurm -f s <in
	[ "$stderr" = "vrp-slurm: exceptions: 1 filters, 1 assertions
vrp-slurm: snapshot: 6 kept, 2 removed, 1 asserted
vrp-slurm: delta: 1 kept, 1 removed, 1 asserted" ]
}

@test "a file that is not good is fatal at the start, each is named, and nothing is read or written" {
	echo '{"slurmVersion": 1' >cut.json
	slurm '{"prefix": "10.0.0.1/8"}' >host.json
	run -2 --separate-stderr vrp-slurm -f cut.json -f host.json -f missing.json <table
	[ -z "$output" ]
	[[ ${stderr_lines[0]} = "vrp-slurm: cut.json:"[12]:* ]]
	[[ ${stderr_lines[1]} = "vrp-slurm: host.json:2:"*": validationOutputFilters.prefixFilters[0].prefix: "*"host bits"* ]]
	[ "${stderr_lines[2]}" = "vrp-slurm: missing.json: No such file or directory" ]
}

@test "-c checks files, alone and against each other" {
	slurm '{"prefix": "10.0.0.0/8"}' >a.json
	slurm '' '' '' '{"asn": 1, "prefix": "10.1.0.0/16"}' >b.json
	slurm '' '' '' '{"asn": 1, "prefix": "11.1.0.0/16"}' >c.json
	run -0 --separate-stderr vrp-slurm -c a.json c.json
	[ -z "$output" ]
	[ "$stderr" = "vrp-slurm: exceptions: 1 filters, 1 assertions" ]
	run -0 vrp-slurm -cq a.json
	[ -z "$output" ]
	run -0 vrp-slurm -cq - <a.json
	[ -z "$output" ]
	run -2 --separate-stderr vrp-slurm -c a.json b.json
	[ -z "$output" ]
	[[ $stderr = *a.json* && $stderr = *b.json* && $stderr = *10.1.0.0/16* ]]
}

@test "wrong usage" {
	run -2 vrp-slurm
	[[ $output = *"no file of exceptions given"* ]]
	run -2 vrp-slurm -f -
	[[ $output = *"standard input"* ]]
	run -2 vrp-slurm -c - - </dev/null
	run -2 vrp-slurm -cw nothing.json
}

@test "a full disk is not a success" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -2 bash -c 'vrp-slurm -q -f nothing.json <table >/dev/full'
	[[ $output = *"No space left"* ]]
}

@test "the real SLURM files of validators, and what is wrong with some of them" {
	need_data fixtures
	for file in NICMx_FORT-validator__examples_demo.slurm NLnetLabs_rpki-rs__test-data_slurm_full.json \
		NLnetLabs_routinator__test_output_111.slurm NLnetLabs_routinator__test_output_111.slurm2; do
		run -0 vrp-slurm -cq "$VRP_DATA/fixtures/$file"
		[ -z "$output" ]
	done
	wrong() {
		run -2 vrp-slurm -cq "$VRP_DATA/fixtures/$1"
		[[ $output = *"$1:$2" ]] || {
			echo "$output"
			false
		}
	}
	wrong bgp_stayrtr__cmd_stayrtr_test.slurm.json "12:29: locallyAddedAssertions: member 'bgpsecAssertions' is missing"
	wrong bgp_stayrtr__prefixfile_slurm.json \
		"25:16: validationOutputFilters.bgpsecFilters[1].SKI: base64 with padding: 'XC7RBWu3661vfYmhXZwtUw=='"
	wrong NLnetLabs_routinator__test_slurm_full.json \
		"25:16: validationOutputFilters.bgpsecFilters[1].SKI: a subject key identifier has 20 bytes, not 3"
	# An older draft of version 2 had another name.
	wrong NLnetLabs_rpki-rs__test-data_slurm_full_v2.json \
		"36:9: validationOutputFilters.aspaFilters[0]: unknown member 'customerAsid'"
}

@test "DN42's registry as exceptions, once what is not SLURM is gone from it" {
	need_data dn42/export_rfc8416_dn42.json.xz
	xz -dc "$VRP_DATA/dn42/export_rfc8416_dn42.json.xz" >dn42.json
	run -2 vrp-slurm -c dn42.json
	[ "$output" = "vrp-slurm: dn42.json:14:17: locallyAddedAssertions.prefixAssertions[0]: unknown member 'source'" ]
	jq 'del(.locallyAddedAssertions.prefixAssertions[]["source", "mnt-by"])' dn42.json >null.json
	run -2 vrp-slurm -c null.json
	[[ $output = *": locallyAddedAssertions.prefixAssertions["*"].prefix: a string was expected, not null" ]]
	jq '.locallyAddedAssertions.prefixAssertions |= map(select(.prefix))' null.json >text.json
	run -2 vrp-slurm -c text.json
	[[ $output = *"].asn: a whole number was expected, not a string" ]]
	jq '.locallyAddedAssertions.prefixAssertions |= map(select(.asn | type == "number"))' text.json >clean.json
	run -0 vrp-slurm -c clean.json
	[ "$output" = "vrp-slurm: exceptions: 0 filters, $(jq '.locallyAddedAssertions.prefixAssertions | unique_by([.asn, .prefix, .maxPrefixLength]) | length' clean.json) assertions" ]
	printf '%s\n' %snapshot ~end | filter clean.json >got
	jq -r '.locallyAddedAssertions.prefixAssertions[] | "\(.prefix) \(.maxPrefixLength) AS\(.asn) - -"' clean.json |
		sort -u >want
	grep -v '^[%~]' got | sort >got.sorted
	same want got.sorted
}

# ---- -w

# Until stdout of the program NAME has N lines like REGEX.
lines_like() { [ "$(grep -cE -e "$2" "$RUN/$1.out")" -ge "$3" ]; }
wait_lines() { wait_for lines_like "$@"; }

@test "-w: a change of the file goes out as a delta without the feed; a broken one changes nothing" {
	slurm '{"asn": 1}' >s
	start_fed slurm vrp-slurm -w -f s
	feed slurm <table
	wait_lines slurm '^~end' 1

	slurm '{"asn": 2}' '' '' '{"asn": 9, "prefix": "10.0.0.0/8"}' >s.new
	mv s.new s
	wait_lines slurm '^~end' 2
	sed -n '/^%delta/,$p' slurm.out >got
	gives <<-END
		%delta
		-10.1.0.0/16 24 AS2 ta1 1795942462
		+10.0.0.0/8 8 AS1 ta1 1795942462
		+10.0.0.0/8 8 AS9 - -
		+192.0.2.0/24 24 AS1 ta2 -
		~end
	END

	slurm '{"asn": "2"}' >s.new
	mv s.new s
	wait_log slurm 's:2:.*prefixFilters\[0\]\.asn: '
	wait_log slurm 'the exceptions stay as they are'
	# The feed goes on under the last good exceptions ...
	printf '%%delta\n+10.5.0.0/16 16 AS2\n+10.6.0.0/16 16 AS1\n~end\n' | feed slurm
	wait_lines slurm '^~end' 3
	tail -n 3 slurm.out | head -n 1 >got
	echo '%delta' | gives
	grep -q '^+10.6.0.0/16 16 AS1' slurm.out
	run ! grep -q '^+10.5.0.0/16' slurm.out

	# ... a file that goes is said, and one that comes back is read.
	mv s gone
	wait_log slurm 's: no longer there'
	slurm >s
	wait_lines slurm '^~end' 4
	grep -q '^+10.5.0.0/16 16 AS2' slurm.out
	grep -q '^-10.0.0.0/8 8 AS9' slurm.out
	feed_end slurm
	wait_gone slurm
}

@test "-w: SIGHUP reads at once, a change that changes nothing writes nothing" {
	slurm '{"asn": 1}' >s
	start_fed slurm vrp-slurm -w -f s
	feed slurm <table
	wait_lines slurm '^~end' 1
	kill -HUP "$(pid_of slurm)"
	wait_log slurm '^vrp-slurm: 0 records changed'
	feed_end slurm
	wait_gone slurm
	[ "$(grep -c '^~end' slurm.out)" -eq 1 ]
}

@test "-w: the file may change before the first block, and within one" {
	slurm '{"asn": 1}' >s
	start_fed slurm vrp-slurm -w -f s
	wait_log slurm 'exceptions:'
	slurm '{"asn": 2}' >s.new
	mv s.new s
	wait_log slurm '0 records changed'
	head -n 3 table | feed slurm
	slurm '{"asn": 3}' >s.new
	mv s.new s
	wait_for eval '[ "$(grep -c "0 records changed" slurm.err)" -eq 2 ]'
	tail -n +4 table | feed slurm
	wait_lines slurm '^~end' 1
	feed_end slurm
	wait_gone slurm
	grep -v '^2001' table >want
	same want slurm.out
}

@test "it ends when nobody reads it, even while there is no input" {
	mkfifo out
	start_fed slurm bash -c 'exec vrp-slurm -qw -f nothing.json >out'
	exec 7<out
	exec 7<&-
	wait_for not alive slurm
}
