# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-diff: the delta from one table to another, in lines, numbers and JSON.

load lib

key="router-key AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC"

# Two tables with a difference of every kind.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat >old <<-END
		%snapshot time=2026-11-23T00:00:00Z source=a serial=7
		1.0.0.0/24 24 AS1 apnic 100
		2.0.0.0/24 24 AS2 ripe 100
		9.0.0.0/24 24 AS9 ripe 100
		2001:db8::/32 48 AS1 arin 100
		aspa AS1 AS2 - -
		aspa AS3 AS4 - -
		aspa AS5 AS6 - 100
		~end
	END
	cat >new <<-END
		%snapshot time=2026-11-24T00:00:00Z source=a serial=8
		1.0.0.0/24 24 AS1 apnic 200
		3.0.0.0/24 24 AS2 ripe 100
		9.0.0.0/24 24 AS9 ripe 100
		2001:db8::/32 48 AS1 arin 100
		$key ripe 100
		aspa AS1 AS2,AS3 - -
		aspa AS5 AS6 - 200
		aspa AS7 AS8 - -
		~end
	END
	cat >delta <<-END
		%delta time=2026-11-24T00:00:00Z source=a serial=8
		-2.0.0.0/24 24 AS2 ripe 100
		-aspa AS3 AS4 - -
		+3.0.0.0/24 24 AS2 ripe 100
		+$key ripe 100
		+aspa AS1 AS2,AS3 - -
		+aspa AS7 AS8 - -
		~end
	END
}

# The records of a framed or bare file without annotations.
records() { grep -v '^[%~#]' "$1" | awk '{ NF = $1 == "router-key" ? 4 : 3; print }'; }

@test "a delta with withdrawals first, in canonical order, a replaced ASPA as one announcement" {
	run -1 --separate-stderr vrp-diff old new
	[ -z "$stderr" ]
	[ "$output" = "$(cat delta)" ]
}

@test "-a: changed annotations are announced, too" {
	run -1 vrp-diff -a old new
	sed -e 's/^+3\.0/+1.0.0.0\/24 24 AS1 apnic 200\n&/' -e 's/^+aspa AS7/+aspa AS5 AS6 - 200\n&/' delta >want
	[ "$output" = "$(cat want)" ]
}

@test "put behind the old table, the delta makes the new one: exactly with -a, else by identity" {
	vrp-diff -a old new >delta || [ $? -eq 1 ]
	cat old delta | vrp-merge -q >got
	same new got
	vrp-diff old new >delta || [ $? -eq 1 ]
	cat old delta | vrp-merge -q >got
	records new >want.records
	records got >got.records
	same want.records got.records
	not cmp -s new got
	# And back.
	vrp-diff -a new old >delta || [ $? -eq 1 ]
	cat new delta | vrp-merge -q >got
	same old got
}

@test "the same tables: nothing is written and the status is 0, whatever their form and order" {
	run -0 --separate-stderr vrp-diff old old
	[ -z "$output$stderr" ]
	# Bare, in another order, with duplicates and other spellings; annotations don't count.
	{
		grep -v '^[%~]' old | tac | sed -e 's/ AS\([0-9]\)/ as\1/g' -e 's/100/300/'
		echo 2001:DB8:0::/32 48 1
	} >list
	run -0 vrp-diff old list
	[ -z "$output" ]
	run -0 vrp-diff list old
	run -1 vrp-diff -a old list
	[ "$(grep -c '^+' <<<"$output")" -eq 5 ]
	[ "$(grep -c '^-' <<<"$output")" -eq 0 ]
	# The time alone is no difference either.
	sed 's/time=[^ ]*/time=2000-01-01T00:00:00Z/' old >older
	run -0 vrp-diff -a older old
	[ -z "$output" ]
}

@test "a stream counts by its last table, and a sorted one is one" {
	cat old delta >stream
	run -0 vrp-diff stream new
	LC_ALL=C sort new >sorted
	run -0 vrp-diff -a sorted new
	printf '%%snapshot\n~end\n' >empty
	run -1 vrp-diff old empty
	[ "$(grep -c '^-' <<<"$output")" -eq 7 ]
	[ "${lines[0]}" = %delta ]
	run -1 vrp-diff empty old
	[ "$(grep -c '^+' <<<"$output")" -eq 7 ]
	run -0 vrp-diff empty empty
}

@test "standard input is one of the two, not both" {
	run -1 vrp-diff old - <new
	[ "$output" = "$(cat delta)" ]
	run -1 vrp-diff - new <old
	[ "$output" = "$(cat delta)" ]
	run -2 --separate-stderr vrp-diff - - <old
	[[ ${stderr_lines[0]} == "vrp-diff: standard input can be only one of the tables" ]]
	run -0 vrp-diff <(cat new) new
}

@test "what is missing, cut short or malformed is trouble, named, and writes nothing" {
	local bad message
	: >nothing
	echo '# only a comment' >comment
	head -n -1 new >cut
	head -c -3 new >cut2
	sed 's/^3.*/3.0.0.0\/24 23 AS2/' new >malformed
	printf '%%delta\n+1.0.0.0/24 24 AS1\n~end\n' >baseless
	{
		cat new
		printf '%%delta\n-77.0.0.0/24 24 AS1\n~end\n'
	} >misfit
	while read -r bad message; do
		for pair in "old $bad" "$bad new"; do
			# shellcheck disable=SC2086
			run -2 --separate-stderr vrp-diff $pair
			[ -z "$output" ]
			[ "$stderr" = "vrp-diff: $bad$message" ]
			for option in -q --stat --json -a; do
				# shellcheck disable=SC2086
				run -2 vrp-diff $option $pair
				[ "$output" = "vrp-diff: $bad$message" ]
			done
		done
	done <<-'END'
		missing : No such file or directory
		nothing : no table: neither a block nor a record
		comment : no table: neither a block nor a record
		cut :9: input ended inside a block
		cut2 :10: input ended inside a block
		malformed :3:12: maximum length out of range '23'
		baseless :3: delta before any snapshot
		misfit :13: delta withdraws what is not there: 77.0.0.0/24 24 AS1
		. : Is a directory
	END
}

@test "-q says it by the exit status alone" {
	run -1 vrp-diff -q old new
	[ -z "$output" ]
	run -0 vrp-diff --quiet old old
	[ -z "$output" ]
	sed 's/apnic 100/apnic 101/' old >touched
	run -0 vrp-diff -q old touched
	run -1 vrp-diff -qa old touched
}

@test "-o replaces a file, empties it when there is no difference, and leaves it in trouble" {
	mkdir dir
	echo before >dir/file
	run -1 --separate-stderr vrp-diff -o dir/file old new
	[ -z "$output$stderr" ]
	same delta dir/file
	run -2 vrp-diff -o dir/file old missing
	same delta dir/file
	run -0 vrp-diff -o dir/file old old
	[ ! -s dir/file ]
	[ "$(ls -A dir)" = file ]
	run -1 vrp-diff --json -o dir/file old new
	jq -e '."only-primary" | length == 1' dir/file
}

@test "an output that fails is trouble, not a difference" {
	run -2 vrp-diff -o nodir/file old new
	[ "$output" = "vrp-diff: nodir/file: cannot create: No such file or directory" ]
	[ -e /dev/full ] || skip "no /dev/full"
	run -2 bash -c 'vrp-diff old new >/dev/full'
	[[ $output == *"No space left on device"* ]]
	run -2 bash -c 'vrp-diff --stat old old >/dev/full'
}

@test "lines for others are not passed on" {
	sed -e '1a %hello' -e '$i ~bye' new >strange
	run -1 vrp-diff old strange
	[ "$output" = "$(cat delta)" ]
}

@test "--stat in numbers, largest differences first" {
	run -1 --separate-stderr vrp-diff --stat old new
	[ -z "$stderr" ]
	cat >want <<-'END'
		                        old        new  announced  withdrawn    changed
		all records               7          8         +3         -2         ~1
		IPv4 VRPs                 3          3         +1         -1          0
		IPv6 VRPs                 1          1          0          0          0
		router keys               0          1         +1          0          0
		ASPAs                     3          3         +1         -1         ~1

		-                         3          3         +1         -1         ~1
		ripe                      2          3         +2         -1          0

		AS2                       1          1         +1         -1          0
		AS1                       3          3          0          0         ~1
		AS3                       1          0          0         -1          0
		AS7                       0          1         +1          0          0
		AS64496                   0          1         +1          0          0
	END
	echo "$output" >got
	same want got
	run -1 vrp-diff --stat --top 2 -a old new
	[ "$(tail -n 3 <<<"$output")" = "$(
		cat <<-'END'
			AS1                       3          3          0          0         ~2
			AS2                       1          1         +1         -1          0
			4 more                    2          3         +2         -1         ~1
		END
	)" ]
	run -0 vrp-diff --stat old old
	[ "${#lines[@]}" -eq 6 ]
	[ "${lines[1]}" = "all records               7          7          0          0          0" ]
}

@test "--json has the form of rtrmon's diff.json" {
	run -1 --separate-stderr vrp-diff --json old new
	[ -z "$stderr" ]
	jq -cS . <<<"$output" >got
	jq -cS . >want <<-'END'
		{"metadata-primary": {"last-fetch": 1795392000, "url": "a", "serial": 7, "session-id": 0, "count": 4,
			"rtr-refresh": 0, "rtr-retry": 0, "rtr-expire": 0},
		 "metadata-secondary": {"last-fetch": 1795478400, "url": "a", "serial": 8, "session-id": 0, "count": 5,
			"rtr-refresh": 0, "rtr-retry": 0, "rtr-expire": 0},
		 "only-primary": [{"asn": 2, "max-length": 24, "prefix": "2.0.0.0/24", "first-seen": 1795392000,
			"last-seen": 1795392000, "visible": true}],
		 "only-secondary": [{"asn": 2, "max-length": 24, "prefix": "3.0.0.0/24", "first-seen": 1795478400,
			"last-seen": 1795478400, "visible": true},
			{"asn": 64496, "max-length": 0, "prefix": "", "first-seen": 1795478400, "last-seen": 1795478400,
			"visible": true, "bgpsec": {"asn": 64496, "expires": 100, "ta": "ripe", "pubkey": "AAEC",
				"ski": "510F485D29A29DB7B515F9C478F8ED3CB7AA7D23"}}]}
	END
	same want got
}

@test "--json of tables without attributes, the same or with ASPAs alone" {
	echo "1.0.0.0/24 24 AS1" >a
	echo "aspa AS1 AS2" >b
	echo "aspa AS1 AS3" >c
	run -0 --separate-stderr vrp-diff --json a - <a
	jq -e '."metadata-primary".url == "a" and ."metadata-secondary".url == "" and
		."metadata-primary"."last-fetch" == 0 and ."only-primary" == [] and ."only-secondary" == []' <<<"$output"
	run -1 --separate-stderr vrp-diff --json b c
	jq -e '."metadata-primary".count == 0 and ."only-primary" == [] and ."only-secondary" == []' <<<"$output"
	# Whatever a source is called, the document is JSON.
	printf '%%snapshot source=%%22%%5C%%0A%%20gr%%C3%%BC%%C3%%9F serial=99999999999 session=65536\n~end\n' >d
	run -0 --separate-stderr vrp-diff --json d d
	jq -e '."metadata-primary" | .url == "\"\\\n grüß" and .serial == 0 and ."session-id" == 0' <<<"$output"
}

@test "--json is what rtrmon itself says" {
	need_peer rtrmon
	local port filter
	cat >primary.json <<-'END'
		{"roas": [{"asn": "AS1", "prefix": "10.0.0.0/8", "maxLength": 8, "ta": "x"},
			{"asn": 2, "prefix": "2001:db8::/32", "maxLength": 48, "ta": "x"},
			{"asn": 3, "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "x"}],
		 "bgpsec_keys": [{"asn": 5, "ski": "510F485D29A29DB7B515F9C478F8ED3CB7AA7D23", "pubkey": "AAEC", "ta": "ripe",
			"expires": 4000000000}]}
	END
	cat >secondary.json <<-'END'
		{"roas": [{"asn": "AS1", "prefix": "10.0.0.0/8", "maxLength": 9, "ta": "x"},
			{"asn": 3, "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "y"}]}
	END
	vrp-fetch -q -o primary "$PWD/primary.json"
	vrp-fetch -q -o secondary "$PWD/secondary.json"
	run -1 --separate-stderr vrp-diff --json primary secondary
	# When and in what order rtrmon has seen things is its own.
	filter='."metadata-primary"."last-fetch" = 0 | ."metadata-secondary"."last-fetch" = 0 |
		(."only-primary"[], ."only-secondary"[]) |= (."first-seen" = 0 | ."last-seen" = 0) |
		."only-primary" |= sort_by(.prefix) | ."only-secondary" |= sort_by(.prefix)'
	jq "$filter" <<<"$output" >got
	port=$(free_port)
	start rtrmon "$("$ROOT/t/peer" --path rtrmon)" -primary.host "$PWD/primary.json" -secondary.host "$PWD/secondary.json" \
		-addr "127.0.0.1:$port"
	fetched() { curl -sf "http://127.0.0.1:$port/diff.json" >theirs && jq -e '."metadata-secondary".count == 2' theirs; }
	wait_for fetched
	jq "$filter" theirs >want
	same want got
}

@test "what the routers have, against what the cache was given" {
	vrp-merge -q new >table
	serve cache -E --max-age 0 table
	wait_log cache 'serial 1:'
	rtr-dump -q "127.0.0.1:$PORT" >dump
	LC_ALL=C sort dump >sorted
	run -0 vrp-diff - table <sorted
	[ -z "$output" ]
	run -1 vrp-diff sorted old
}

@test "usage errors exit 2 and say what to try" {
	local args
	for args in "" old "old new new" "--nonsense old new" "-q --stat old new" "--stat --json old new" "-q --json old new" \
		"--top 3 old new" "--stat --top x old new" "-a --json old new" "-q -o file old new"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr vrp-diff $args
		[ -z "$output" ]
		[[ $stderr == *"try 'vrp-diff -h'" ]]
	done
	[ ! -e file ]
}

@test "200,000 records in any order, against comm" {
	awk 'BEGIN { srand(1); for (i = 0; i < 200000; i++)
		printf "%d.%d.%d.0/24 24 AS%d - -\n", 1 + i / 65536, i / 256 % 256, i % 256, rand() * 50000 }' >a
	awk 'BEGIN { srand(2) } rand() < 0.98 { print } rand() < 0.01 { sub(/AS/, "AS1"); print }' a | shuf --random-source=a >b
	sort a >a.sorted
	sort -u b >b.sorted
	run -1 vrp-diff -o delta a b
	grep '^-' delta | cut -c 2- | sort >withdrawn
	grep '^+' delta | cut -c 2- | sort >announced
	comm -23 a.sorted b.sorted >want
	[ -s want ]
	same want withdrawn
	comm -13 a.sorted b.sorted >want
	[ -s want ]
	same want announced
	vrp-merge -q a >a.snapshot
	vrp-merge -q b >want
	cat a.snapshot delta | vrp-merge -q >got
	same want got
}

@test "hostile input is refused in little memory" {
	[ "${VRP_BUILD:-build}" = build ] || skip "sanitizers need address space"
	ulimit -v 262144
	run -2 bash -c 'head -c 512M /dev/zero | tr "\0" x | vrp-diff old -'
	[ "$output" = "vrp-diff: -:1: line longer than 1 MiB" ]
	run -2 bash -c '{ echo "%snapshot"; head -c 512M /dev/zero; } | vrp-diff - new'
	[ "$output" = "vrp-diff: -:2: line longer than 1 MiB" ]
}

# ---- Real tables ----

@test "seven weeks of 2017, each pair against comm, and patched back" {
	need_data 2017
	local before= file
	for file in "$VRP_DATA"/2017/vrps-*.csv.xz; do
		xz -dc "$file" | vrp-fetch -q -E --max-age 0 >week
		grep -v '^[%~]' week | cut -d ' ' -f 1-3 | sort >week.sorted
		if [ "$before" ]; then
			run -1 vrp-diff -o delta "$before" week
			grep '^-' delta | cut -c 2- | cut -d ' ' -f 1-3 | sort >withdrawn
			grep '^+' delta | cut -c 2- | cut -d ' ' -f 1-3 | sort >announced
			comm -23 before.sorted week.sorted >want
			[ "$(wc -l <want)" -gt 10 ]
			same want withdrawn
			comm -13 before.sorted week.sorted >want
			[ "$(wc -l <want)" -gt 100 ]
			same want announced
			cat "$before" delta | vrp-merge -q >got
			run -0 vrp-diff got week
			run -1 vrp-diff -a -o delta "$before" week
			cat "$before" delta | vrp-merge -q >got
			same week got
			# The summary adds up to the delta.
			run -1 vrp-diff --stat "$before" week
			[ "$(awk '/^all records/ { print $5 + 0, -$6 }' <<<"$output")" = "$(wc -l <announced) $(wc -l <withdrawn)" ]
			[ "$(tail -n 1 <<<"$output" | grep -cE '^[0-9]+ more ')" -eq 1 ]
		fi
		before=before
		mv week before
		mv week.sorted before.sorted
	done
}

@test "six hours of rpki-client: what has expired, and then expiries alone" {
	need_data rpki-client-20231107/json+6h.xz
	snapshot_json feed
	vrp-fetch -q -E --max-age 0 - <feed >now
	xz -dc "$VRP_DATA/rpki-client-20231107/json+6h.xz" | vrp-fetch -q -E --max-age 0 >later
	run -1 vrp-diff -a -o delta now later
	[ "$(grep -c '^+' delta)" -eq 0 ]
	[ "$(grep -c '^-router-key' delta)" -eq 2 ]
	[ "$(grep -c '^-[0-9a-f]*[.:]' delta)" -eq 850 ]
	cat now delta | vrp-merge -q >got
	same later got
	# As when the same objects are signed anew.
	awk '/^[0-9a-f]*[.:]/ && ++n % 100 == 0 { $5 += 86400 } { print }' later >signed
	run -0 vrp-diff -q later signed
	run -1 vrp-diff -a -o delta later signed
	[ "$(grep -c '^-' delta)" -eq 0 ]
	grep '^+' delta | cut -c 2- | sort >announced
	comm -13 <(sort later) <(sort signed) >want
	[ "$(wc -l <want)" -eq 3855 ]
	same want announced
	cat later delta | vrp-merge -q >got
	same signed got
}
