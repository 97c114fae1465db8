# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-validate: states and reasons, every form of input and output, paths, and a table that changes.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat >table <<-'END'
		%snapshot time=2026-11-24T00:00:00Z
		10.0.0.0/16 24 AS64496 - -
		10.0.0.0/24 24 AS64497 - -
		192.0.2.0/24 24 AS0 - -
		2001:db8::/32 48 AS64496 - -
		aspa AS64496 AS64497,AS64498 - -
		aspa AS64497 AS64499 - -
		aspa AS64499 AS0 - -
		~end
	END
	cat >routes <<-'END'
		10.0.0.0/24 AS64496
		10.0.0.0/25 AS64496
		10.0.1.0/24 AS64498
		10.0.1.0/25 AS64498
		192.0.2.0/24 AS0
		198.51.100.0/24 AS64496
		2001:db8::/48 64496
		2001:db8::/49 64496
	END
	cat >want <<-'END'
		10.0.0.0/24 AS64496 valid - 10.0.0.0/16-24=AS64496
		10.0.0.0/25 AS64496 invalid length 10.0.0.0/16-24=AS64496,10.0.0.0/24-24=AS64497
		10.0.1.0/24 AS64498 invalid as 10.0.0.0/16-24=AS64496
		10.0.1.0/25 AS64498 invalid both 10.0.0.0/16-24=AS64496
		192.0.2.0/24 AS0 invalid as 192.0.2.0/24-24=AS0
		198.51.100.0/24 AS64496 not-found - -
		2001:db8::/48 AS64496 valid - 2001:db8::/32-48=AS64496
		2001:db8::/49 AS64496 invalid length 2001:db8::/32-48=AS64496
	END
}

@test "state, reason and the VRPs that decided it, from a file, - and standard input" {
	vrp-validate -t table routes >got
	same want got
	vrp-validate -t table - <routes >got
	same want got
	vrp-validate -t table <routes >got
	same want got
	vrp-validate -t - routes <table >got
	same want got
}

@test "the forms of a line: words, arrows, address and length, sets, confederates, comments" {
	cat >in <<-'END'
		# a comment
		; another

		10.0.0.0/24 => AS64496 # as Routinator lists it
		10.0.0.0 24 64496
		10.0.0.77 24 as64496
		10.0.0.0/24 64499 64498 64496
		10.0.0.0/24 64499 {64496,64498}
		10.0.0.0/24 (64512 64513)
	END
	vrp-validate -b -t table in >got
	cat >want <<-'END'
		10.0.0.0/24 AS64496 valid -
		10.0.0.0/24 AS64496 valid -
		10.0.0.77/24 AS64496 valid -
		10.0.0.0/24 AS64496 valid -
		10.0.0.0/24 NONE invalid as
		10.0.0.0/24 NONE invalid as
	END
	same want got
	# What has no origin of its own has ours.
	vrp-validate -b -a 64496 -t table in >got
	sed '$s/.*/10.0.0.0\/24 AS64496 valid -/' want >mine
	same mine got
}

@test "lines of bgpdump -m: tables and updates; withdrawals are no routes" {
	cat >in <<-'END'
		TABLE_DUMP2|1400824800|B|198.51.100.1|64499|10.0.0.0/24|64499 64497 64496|IGP|198.51.100.1|0|0||NAG||
		TABLE_DUMP2|05/23/14 06:00:00|B|198.51.100.1|64499|10.0.0.0/24|64499 {64496}|IGP|198.51.100.1|0|0||NAG||
		BGP4MP|1400824800|A|198.51.100.1|64499|2001:db8::/32|64499 64496|IGP|::1|0|0||NAG||
		BGP4MP|1400824800|W|198.51.100.1|64499|10.0.0.0/24
		BGP4MP|1400824800|STATE|198.51.100.1|64499|5|6
	END
	run -0 --separate-stderr vrp-validate -b -t table in
	[ "$output" = "10.0.0.0/24 AS64496 valid -
10.0.0.0/24 NONE invalid as
2001:db8::/32 AS64496 valid -" ]
	[ -z "$stderr" ]
}

@test "a line that is no route is named with its place, the others are validated, and the status is 2" {
	printf '10.0.0.0/24 AS64496\n10.0.0.0/33 1\n10.0.0.1/24 1\n10.0.0.0/24 AS64497 x\n\0\1\n10.0.0.0/24 AS64497' >in
	run -2 --separate-stderr vrp-validate -b -t table in
	[ "$output" = "10.0.0.0/24 AS64496 valid -
10.0.0.0/24 AS64497 valid -" ]
	[ "${stderr_lines[0]}" = "vrp-validate: in:2:1: bad prefix length" ]
	[ "${stderr_lines[1]}" = "vrp-validate: in:3:1: prefix with host bits set" ]
	[ "${stderr_lines[2]}" = "vrp-validate: in:4:21: bad AS number" ]
	[[ ${stderr_lines[3]} = "vrp-validate: in:5:1: "* ]]
}

@test "of many bad lines the first are named and the rest counted" {
	yes 'not a route at all' | head -n 1000 >in || :
	run -2 --separate-stderr vrp-validate -t table in
	[ "${#stderr_lines[@]}" -eq 21 ]
	[[ ${stderr_lines[20]} = *"in: 980 more lines that are no routes" ]]
}

@test "a line of two megabytes is passed over, the next one is not" {
	{ head -c 2000000 /dev/zero | tr '\0' 1; printf '\n10.0.0.0/24 64496\n'; } >in
	run -2 --separate-stderr vrp-validate -b -t table in
	[ "$output" = "10.0.0.0/24 AS64496 valid -" ]
	[ "$stderr" = "vrp-validate: in:1:1: line longer than 1 MiB" ]
}

@test "a table that is missing, cut short or none is trouble, and nothing is written" {
	head -n 4 table >cut
	: >empty
	for bad in cut empty missing; do
		run -2 --separate-stderr vrp-validate -t $bad routes
		[ -z "$output" ]
		[[ $stderr = "vrp-validate: $bad:"* ]]
	done
	run -2 --separate-stderr vrp-validate -t table no-such-file
	[[ $stderr = "vrp-validate: no-such-file: No such file"* ]]
}

@test "the table may be a stream, of which the last table counts" {
	{ cat table; printf '%%delta\n+198.51.100.0/24 24 AS64496\n-10.0.0.0/16 24 AS64496\n~end\n'; } >stream
	vrp-validate -b -t stream routes >got
	grep -qx '198.51.100.0/24 AS64496 valid -' got
	grep -qx '10.0.1.0/24 AS64498 not-found -' got
}

@test "--only: one state or several" {
	vrp-validate -t table --only invalid routes >got
	grep ' invalid ' want >wanted
	same wanted got
	vrp-validate -t table --only valid,not-found routes >got
	grep -v ' invalid ' want >wanted
	same wanted got
	run -2 vrp-validate -t table --only unsound routes
	[[ $output = *"--only 'unsound'"* ]]
}

@test "--unique: one prefix and origin once, while the prefix is the same" {
	printf '%s\n' '10.0.0.0/24 1 64496' '10.0.0.0/24 2 64496' '10.0.0.0/24 3 64497' '10.0.0.0/24 4 64496' '10.0.0.0/25 64496' \
		'10.0.0.0/24 64496' >in
	vrp-validate -u -b -t table in | cut -d ' ' -f 1-2 >got
	printf '%s\n' '10.0.0.0/24 AS64496' '10.0.0.0/24 AS64497' '10.0.0.0/25 AS64496' '10.0.0.0/24 AS64496' >want
	same want got
}

@test "--summary counts by state and family, and names origins of invalid routes" {
	vrp-validate -s -t table routes >got
	sed -E 's/ +/ /g; s/^ //' got >plain
	cat >want <<-'END'
		IPv4 IPv6 all
		routes 6 2 8 100.00 %
		valid 1 1 2 25.00 %
		invalid 4 1 5 62.50 %
		as 2 0 2 25.00 %
		length 1 1 2 25.00 %
		both 1 0 1 12.50 %
		not-found 1 0 1 12.50 %

		origin invalid
		AS64496 2
		AS64498 2
		AS0, NONE 1
	END
	same want plain
	: >none
	vrp-validate -s -t table none | grep -qE '^routes +0 +0 +0 +0.00 %$'
}

@test "--rov: the lines of rpki-rov" {
	vrp-validate --rov -t table routes >got
	cat >want <<-'END'
		10.0.0.0 24 64496|64496 10.0.0.0 16 24|0
		10.0.0.0 25 64496|64496 10.0.0.0 16 24,64497 10.0.0.0 24 24|2
		10.0.1.0 24 64498|64496 10.0.0.0 16 24|2
		10.0.1.0 25 64498|64496 10.0.0.0 16 24|2
		192.0.2.0 24 0|0 192.0.2.0 24 24|2
		198.51.100.0 24 64496||1
		2001:db8:: 48 64496|64496 2001:db8:: 32 48|0
		2001:db8:: 49 64496|64496 2001:db8:: 32 48|2
	END
	same want got
}

@test "--json: Routinator's shape for many" {
	vrp-validate --json -t table routes >got
	jq -r '.validated_routes[] | "\(.route.prefix) \(.route.origin_asn) \(.validity.state) \(.validity.reason // "-")"' got >lines
	# Routinator's reason is the AS as soon as one VRP fails by that alone, and else the length.
	sed 's/ both / length /; s/ [^ ]*$//' want >wanted
	same wanted lines
	[ "$(jq -r .generatedTime got)" = 2026-11-24T00:00:00Z ]
	jq -c '.validated_routes[1].validity.VRPs' got >vrps
	echo '{"matched":[],"unmatched_as":[],"unmatched_length":[{"asn":"AS64496","prefix":"10.0.0.0/16","max_length":"24"},{"asn":"AS64497","prefix":"10.0.0.0/24","max_length":"24"}]}' >wanted
	same wanted vrps
	jq -c '.validated_routes[0].validity.VRPs | map_values(length)' got >vrps
	echo '{"matched":1,"unmatched_as":1,"unmatched_length":0}' >wanted
	same wanted vrps
	jq -r '.validated_routes[].validity.description' got | sort -u >descriptions
	[ "$(wc -l <descriptions)" -eq 4 ]
	: >none
	vrp-validate --json -t table none | jq -e '.validated_routes == []'
}

@test "one route: the status says it, and words why" {
	run -0 --separate-stderr vrp-validate -t table 10.0.0.0/24 AS64496
	[ "${lines[0]}" = "10.0.0.0/24 AS64496: valid: a VRP matches it" ]
	[[ ${lines[1]} =~ ^\ +10\.0\.0\.0/16\ +24\ AS64496\ +matches$ ]]
	[[ ${lines[2]} =~ ^\ +10\.0\.0\.0/24\ +24\ AS64497\ +other\ AS$ ]]
	run -1 vrp-validate -t table 10.0.0.0/25 64496
	[[ ${lines[0]} = "10.0.0.0/25 AS64496: invalid: it is longer "* ]]
	run -1 vrp-validate -t table 10.0.1.0 24 64499
	[[ ${lines[0]} = *": invalid: no VRP that covers it is for this AS; one allows"* ]]
	run -3 vrp-validate -t table 198.51.100.0/24 AS1
	[ "$output" = "198.51.100.0/24 AS1: not-found: no VRP covers it" ]
	run -3 vrp-validate -q -t table 198.51.100.0/24 AS1
	[ -z "$output" ]
	run -0 vrp-validate -q -t - 10.0.0.0/24 AS64496 <table
	[ -z "$output" ]
	run -1 vrp-validate --rov -t table 10.0.0.0/25 64496
	[ "$output" = "10.0.0.0 25 64496|64496 10.0.0.0 16 24,64497 10.0.0.0 24 24|2" ]
	vrp-validate --json -t table 10.0.0.0/24 64496 | jq -e '.validated_route.validity.state == "valid"'
	run -2 vrp-validate -t table 10.0.0.0/24 ASX
	[[ $output = *"'10.0.0.0/24 ASX' is no route: bad AS number"* ]]
	run -2 vrp-validate -t missing 10.0.0.0/24 AS1
}

@test "--aspa: the path's state is a field of its own, and bgpdump's neighbour has to be first" {
	cat >in <<-'END'
		10.0.0.0/24 64499 64497 64496
		10.0.0.0/24 64500 64498 64496
		10.0.0.0/24 64500 64496
		10.0.0.0/24 64499 {1} 64496
		TABLE_DUMP2|1|B|198.51.100.1|64499|10.0.0.0/24|64499 64497 64496|IGP
		TABLE_DUMP2|1|B|198.51.100.1|64500|10.0.0.0/24|64499 64497 64496|IGP
		TABLE_DUMP2|1|B|198.51.100.1|64500|10.0.0.0/24||IGP
	END
	vrp-validate -b -a 64496 --aspa upstream -t table in | cut -d ' ' -f 5 >got
	printf '%s\n' valid unknown invalid invalid valid invalid invalid >want
	same want got
	vrp-validate -b -a 64496 --rs-client --aspa upstream -t table in | cut -d ' ' -f 5 >got
	printf '%s\n' valid unknown invalid invalid valid valid invalid >want
	same want got
	# A way down may follow: from a provider of ours it is no valley.
	printf '10.0.0.0/24 64496 64497 64499\n10.0.0.0/24 64496 64499 64496\n' >in
	vrp-validate --aspa downstream -t table in >got
	cat >want <<-'END'
		10.0.0.0/24 AS64499 invalid as valid 10.0.0.0/16-24=AS64496,10.0.0.0/24-24=AS64497
		10.0.0.0/24 AS64496 valid - invalid 10.0.0.0/16-24=AS64496
	END
	same want got
	vrp-validate --aspa downstream --only aspa-invalid -b -t table in >got
	[ "$(cat got)" = "10.0.0.0/24 AS64496 valid - invalid" ]
	vrp-validate --aspa downstream --json -t table in | jq -e '[.validated_routes[].validity.aspa] == ["valid", "invalid"]'
	vrp-validate --aspa downstream -s -t table in | grep -qE '^path invalid +1 +0 +1 +50'
	run -1 vrp-validate --aspa upstream -t table 10.0.0.0/24 64500 64496
	[ "${lines[1]}" = "path: invalid by ASPA" ]
	run -0 vrp-validate --aspa upstream -t table 10.0.0.0/24 64497 64496
}

@test "--watch: only routes whose state changes, after each block" {
	cat >in <<-'END'
		198.51.100.0/24 AS64496
		10.0.0.0/24 AS64496
		10.0.0.0/25 AS64496
		2001:db8::/48 64496
	END
	{
		cat table
		printf '%%delta\n+198.51.100.0/24 24 AS64496\n+10.0.0.0/25 25 AS64498\n~end\n'
		printf '%%delta\n+203.0.113.0/24 24 AS64496\n~end\n'
		printf '%%delta\n-198.51.100.0/24 24 AS64496\n+198.51.100.0/24 24 AS64500\n-2001:db8::/32 48 AS64496\n~end\n'
	} >stream
	run -0 --separate-stderr vrp-validate --watch in <stream
	cat >want <<-'END'
		198.51.100.0/24 AS64496 not-found -> valid - 198.51.100.0/24-24=AS64496
		198.51.100.0/24 AS64496 valid -> invalid as 198.51.100.0/24-24=AS64500
		2001:db8::/48 AS64496 valid -> not-found - -
	END
	echo "$output" >got
	same want got
	[ "${#stderr_lines[@]}" -eq 4 ]
	[ "${stderr_lines[0]}" = "vrp-validate: 4 routes: 2 valid, 1 invalid, 1 not found; 0 changed" ]
	[ "${stderr_lines[3]}" = "vrp-validate: 4 routes: 1 valid, 2 invalid, 1 not found; 2 changed" ]
	run -0 --separate-stderr vrp-validate -q -b --only invalid -t stream --watch in
	[ "$output" = "198.51.100.0/24 AS64496 valid -> invalid as" ]
	[ -z "$stderr" ]
}

@test "--watch is live: a change is there before the next one comes" {
	echo '198.51.100.0/24 AS64496' >in
	start_fed watch vrp-validate --watch in
	feed watch <table
	wait_log watch '1 not found; 0 changed'
	printf '%%delta\n+198.51.100.0/24 24 AS64496\n~end\n' | feed watch
	wait_log watch '1 valid.*1 changed'
	grep -q 'not-found -> valid' "$RUN/watch.out"
	# A block that is refused changes nothing, and is said.
	printf '%%delta\n-1.0.0.0/24 24 AS1\n~end\n' | feed watch
	wait_log watch 'delta withdraws what is not there'
	{ grep -v 198 table; } | feed watch
	wait_log watch '1 not found; 1 changed'
	feed_end watch
	status=0
	wait_gone watch || status=$?
	[ "$status" -eq 2 ]
}

@test "--watch comes to the same as two runs, on real routes and a real change" {
	need_data bgp/routes-2024-01.txt.xz
	xz -dc "$VRP_DATA/bgp/routes-2024-01.txt.xz" | awk 'NR % 40 == 0' >in
	snapshot_json feed.json
	vrp-fetch -q -E --max-age 0 -o new feed.json
	awk '!/^[0-9]/ || NR % 50' new >old
	vrp-diff -o delta old new || [ $? -eq 1 ]
	cat old delta | vrp-validate -q -b --watch in | awk '{ print $1, $2, $5 }' | LC_ALL=C sort >got
	for side in old new; do
		vrp-validate -b -t $side in | awk '{ print $1, $2, $3 }' | LC_ALL=C sort >state.$side
	done
	LC_ALL=C comm -13 state.old state.new >want
	[ "$(wc -l <want)" -gt 100 ]
	same want got
}

# A program may write one route and wait for the answer.
@test "answers come before the input ends" {
	start_fed validate vrp-validate -b -t table
	echo '10.0.0.0/24 AS64496' | feed validate
	wait_for grep -q valid "$RUN/validate.out"
	echo '10.0.0.0/25 AS64496' | feed validate
	wait_for grep -q invalid "$RUN/validate.out"
	feed_end validate
	wait_gone validate
}

# A RIB of one peer, AS64499, with two IPv4 routes and one IPv6 route.
make_mrt() {
	perl -e '
		sub record { my ($subtype, $body) = @_; print pack("NnnN", 1400824800, 13, $subtype, length $body), $body }
		sub entry {
			my ($as_size, @path) = @_;
			my $path = pack("CC", 2, scalar @path) . pack("N*", @path);
			my $attrs = pack("CCCC", 0x40, 1, 1, 0) . pack("CCC", 0x40, 2, length $path) . $path;
			pack("nnNn", 1, 0, 1400824800, length $attrs) . $attrs;
		}
		record(1, pack("Nnn", 1, 0, 1) . pack("CNNN", 2, 1, 0xc6336401, 64499));
		record(2, pack("NC", 0, 24) . pack("C3", 10, 0, 0) . entry(4, 64499, 64496));
		record(2, pack("NC", 1, 25) . pack("C4", 10, 0, 0, 0) . entry(4, 64499, 64496));
		record(4, pack("NC", 2, 32) . pack("C4", 0x20, 0x01, 0x0d, 0xb8) . entry(4, 64499, 64500));
	'
}

need_bgpdump() { command -v bgpdump >/dev/null || skip "no bgpdump"; }

@test "an MRT file, plain, gzip and bzip2" {
	need_bgpdump
	make_mrt >rib
	cat >want <<-'END'
		10.0.0.0/24 AS64496 valid -
		10.0.0.0/25 AS64496 invalid length
		2001:db8::/32 AS64500 invalid as
	END
	gzip -c rib >rib.gz
	bzip2 -c rib >rib.bz2
	cp rib ./-rib
	for file in rib rib.gz rib.bz2; do
		vrp-validate -b -t table $file >got
		same want got
	done
	vrp-validate -b -t table -- -rib >got
	same want got
	run -0 vrp-validate -b --aspa downstream -t table rib
	[ "${lines[0]}" = "10.0.0.0/24 AS64496 valid - valid" ]
	run -0 vrp-validate -b --aspa upstream -t table rib
	[ "${lines[0]}" = "10.0.0.0/24 AS64496 valid - invalid" ]
}

@test "an MRT file that is cut short: what is whole is used, the rest is said" {
	need_bgpdump
	make_mrt >rib
	head -c -10 rib >cut
	run -2 --separate-stderr vrp-validate -b -t table cut
	[ "${lines[0]}" = "10.0.0.0/24 AS64496 valid -" ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr = "vrp-validate: cut: not read to its end; bgpdump says: "*incomplete* ]]
}

@test "MRT without bgpdump, on a pipe, by xz, or a name that bgpdump would not know" {
	make_mrt >rib
	bash=$(command -v bash) tool=$(command -v vrp-validate)
	run -2 env PATH=/nowhere "$tool" -t table rib
	[[ $output = *"rib: an MRT file or compressed, and the program bgpdump, which reads these, is not installed" ]]
	run -2 "$bash" -c 'cat rib | vrp-validate -t table'
	[[ $output = *"-: an MRT file or compressed: name the file, or pipe it through bgpdump -m" ]]
	bzip2 -c rib >nameless
	run -2 vrp-validate -t table nameless
	[[ $output = *"ends in .bz2" ]]
	xz -c rib >rib.xz
	run -2 vrp-validate -t table rib.xz
	[[ $output = *"pipe it through xz -dc" ]]
}

@test "what looks like MRT and is rubbish is trouble" {
	need_bgpdump
	printf '\37\213rubbish that is not compressed' >bad.gz
	run -2 --separate-stderr vrp-validate -t table bad.gz
	[ -z "$output" ]
	[[ $stderr = *"bad.gz: "*bgpdump* ]]
}

@test "real RIBs, cut short after a mebibyte" {
	need_bgpdump
	need_data mrt/rib.20140523.0600_firstMB.bz2
	snapshot_json feed.json
	vrp-fetch -q -E --max-age 0 -o table feed.json
	for file in rib.20140523.0600_firstMB.bz2 rib6.20151101.0600_firstMB.bz2; do
		run -2 --separate-stderr vrp-validate -u -b -t table "$VRP_DATA/mrt/$file"
		[ "${#lines[@]}" -gt 1000 ]
		[[ $stderr = *"not read to its end"* ]]
		bgpdump -m "$VRP_DATA/mrt/$file" 2>/dev/null | vrp-validate -u -b -t table >got
		echo "$output" >want
		same want got
	done
}

@test "options that make no sense together" {
	local try
	while read -r try; do
		echo "$try"
		# shellcheck disable=SC2086
		run -2 vrp-validate $try </dev/null
		[[ $output = *"vrp-validate -h"* ]]
	done <<-'END'
		routes
		-t -
		-t table -s --json routes
		-t table --aspa sideways routes
		-t table --rs-client routes
		-t table --only aspa-valid routes
		-t table -q routes
		-t table -s 10.0.0.0/24 AS1
		-t table -u 10.0.0.0/24 AS1
		-t table -u --aspa upstream routes
		-t table -a 0 routes
		-t table --watch routes routes
		-t table --watch routes --json
		-t table --watch routes --aspa upstream
	END
}

@test "a full disk is trouble" {
	[ -e /dev/full ] || skip "no /dev/full"
	for form in -b --json --rov -s; do
		run -2 bash -c 'vrp-validate "$0" -t table routes >/dev/full' "$form"
		[[ $output = *"No space left"* ]]
	done
	run -2 bash -c 'vrp-validate -t table 10.0.0.0/24 AS64496 >/dev/full'
	{ cat table; printf '%%delta\n-2001:db8::/32 48 AS64496\n~end\n'; } >stream
	run -2 bash -c 'vrp-validate -t stream --watch routes >/dev/full'
	[[ $output = *"No space left"* ]]
}

@test "the state of 26,000 real routes is what RFC 6811 says, taken literally" {
	need_data bgp/routes-2024-01.txt.xz
	xz -dc "$VRP_DATA/bgp/routes-2024-01.txt.xz" | awk 'NR % 40 == 0' >in
	snapshot_json feed.json
	vrp-fetch -q -E --max-age 0 -o table feed.json
	awk '$1 ~ "/" && $3 ~ /^AS/ { sub("AS", "", $3); print $1, $2, $3 }' table >vrps
	perl "$ROOT/t/interop/rov.pl" states in vrps
	vrp-validate -b -t table in |
		awk '{ sub("AS", "", $2); print ($3 == "valid" ? "V" : $3 == "invalid" ? "!" : "N"), $1, $2 }' >got
	same vrps.states got
}
