# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-format: every dialect's bytes, what becomes of streams, and what validators wrote of the same table.

load lib

golden=$ROOT/t/data/export
dialects="json csv csvcompat openbgpd openbgpd-aspa bird bird1 bird1v4 bird1v6 rpsl slurm jsonl summary"

# Without the time of the export, which bird holds, and rpsl for want of another.
timeless() {
	sed -E 's/^(define force_roa_table_update = )[0-9]+;$/\1NOW;/'
}
dateless() {
	timeless | sed -E 's/^(created|last-modified): 20[0-9-]+T[0-9:]+Z$/\1: DATE/'
}

# What the real table is in the line format, and in one of our dialects.
real_table() {
	snapshot_json feed.json
	vrp-fetch -q -E --max-age 0 -o table feed.json
}
written() { vrp-format -q -o "$1" table; }

@test "every dialect, byte for byte" {
	local table dialect mask
	for table in all bare empty; do
		mask=$([ $table = all ] && echo timeless || echo dateless)
		for dialect in $dialects; do
			echo "$table $dialect"
			vrp-format -q -o "$dialect" "$golden/$table.in" >out
			$mask <out >masked
			same "$golden/$table.$dialect.out" masked
		done
	done
}

@test "standard input by default and as -, any order, duplicates, blanks" {
	vrp-format -o json "$golden/all.in" >want
	vrp-format -o json <"$golden/all.in" >one
	vrp-format -o json - <"$golden/all.in" >two
	same want one
	same want two
	{
		head -n 1 "$golden/all.in"
		sed '1d;$d' "$golden/all.in" | tac | sed 's/ /  /g;s/$/ /'
		sed '1d' "$golden/all.in"
	} | vrp-format --format json >three
	same want three
}

@test "the last table of a stream counts, with what its blocks say of it" {
	local meta
	meta() { vrp-format -o json | jq -c '.metadata | [.buildtime, .sessionid, .serial, .vrps]'; }
	printf '%s\n' '%snapshot time=2026-01-01T00:00:00Z session=7 serial=1' '1.0.0.0/8 8 1' ~end >stream
	[ "$(meta <stream)" = '["2026-01-01T00:00:00Z",7,1,1]' ]
	# A delta has the session of its snapshot and a serial of its own, or none.
	printf '%s\n' '%delta time=2026-01-02T00:00:00Z serial=2' '+2.0.0.0/8 8 1' ~end >>stream
	[ "$(meta <stream)" = '["2026-01-02T00:00:00Z",7,2,2]' ]
	printf '%s\n' %delta '-1.0.0.0/8 8 1' ~end >>stream
	[ "$(meta <stream)" = '["2026-01-02T00:00:00Z",7,null,1]' ]
	# A snapshot says all or nothing; what is no session or serial is none.
	printf '%s\n' '%snapshot session=65536 serial=-1' ~end >>stream
	[ "$(meta <stream)" = '[null,null,null,0]' ]
	printf '%s\n' '%snapshot session=65535 serial=0 source=a%0ab' ~end >>stream
	[ "$(meta <stream)" = '[null,65535,0,0]' ]
	run -0 vrp-format -o summary stream
	[[ $output == *$'\nsource         a%0Ab\n'* ]]
}

@test "what a dialect has no place for is said, and not with -q" {
	run -0 --separate-stderr vrp-format -o csv "$golden/all.in"
	[ "$stderr" = "vrp-format: csv has no place for these, which are left out: 2 router keys, 2 ASPAs" ]
	run -0 --separate-stderr vrp-format -o openbgpd "$golden/all.in"
	[ "$stderr" = "vrp-format: openbgpd has no place for these, which are left out: 2 router keys, 2 ASPAs" ]
	run -0 --separate-stderr vrp-format -o openbgpd-aspa "$golden/all.in"
	[ "$stderr" = "vrp-format: openbgpd-aspa has no place for these, which are left out: 2 router keys" ]
	run -0 --separate-stderr vrp-format -o bird1v4 "$golden/all.in"
	[ "$stderr" = "vrp-format: bird1v4 has no place for these, which are left out: 4 IPv6 VRPs, 2 router keys, 2 ASPAs" ]
	run -0 --separate-stderr vrp-format -o bird1v6 "$golden/bare.in"
	[ "$stderr" = "vrp-format: bird1v6 has no place for these, which are left out: 2 IPv4 VRPs" ]
	for dialect in $dialects; do
		run -0 --separate-stderr vrp-format --quiet -o "$dialect" "$golden/all.in"
		[ -z "$stderr" ]
	done
	for dialect in json jsonl slurm summary; do
		run -0 --separate-stderr vrp-format -o $dialect "$golden/all.in"
		[ -z "$stderr" ]
	done
}

@test "usage: no dialect, an unknown one, a bad table, two files" {
	run -2 --separate-stderr vrp-format "$golden/all.in"
	[ -z "$output" ]
	for dialect in $dialects; do
		[[ "$stderr," == *" $dialect,"* || "${stderr_lines[0]}," == *" $dialect,"* ]]
		[[ $(vrp-format -h) == *" $dialect"* || $(vrp-format -h) == *$'\n'"$dialect,"* ]]
	done
	run -2 --separate-stderr vrp-format -o yaml "$golden/all.in"
	[[ ${stderr_lines[0]} == "vrp-format: there is no dialect 'yaml'; there are json, csv, "*", summary" ]]
	[ "${stderr_lines[1]}" = "try 'vrp-format -h'" ]
	for name in '' 9x 'a b' 'x;' $'x\n'; do
		run -2 --separate-stderr vrp-format -o bird -T "$name" "$golden/all.in"
		[[ $stderr == *"not a name that BIRD takes"* ]]
	done
	run -2 --separate-stderr vrp-format -o json one two
	[[ $stderr == *"more than one FILE: 'two'"* ]]
}

@test "the name of BIRD's tables" {
	vrp-format -q -o bird "$golden/all.in" | timeless | sed 's/ROAS/x_1/' >want
	vrp-format -q -o bird -T x_1 "$golden/all.in" | timeless >got
	same want got
	run -0 vrp-format -q -o bird1 --table x "$golden/bare.in"
	[[ $output == *$'\nroa table x {\n'* ]]
}

@test "input that is not good as a whole: exit 2, nothing written" {
	local bad n=0
	printf '%s\n' %snapshot '1.0.0.0/8 8 1' >cut
	printf '%s\n' %snapshot '1.0.0.0/8 8 1' ~end %snapshot '2.0.0.0/8 8 1' >cut-later
	printf '%s\n' '1.0.0.0/8 8 1' '1.0.0.0/8 7 1' >bad-line
	printf '%s\n' %snapshot ~end %delta '-1.0.0.0/8 8 1' ~end >bad-delta
	printf '%s\n' %delta '+1.0.0.0/8 8 1' ~end >no-base
	: >nothing
	echo '# nothing' >comment
	head -c 3000000 /dev/zero >zero
	for bad in cut cut-later bad-line bad-delta no-base nothing comment zero /nonexistent .; do
		n=$((n + 1))
		echo "$bad"
		run -2 --separate-stderr vrp-format -o json "$bad"
		[ -z "$output" ]
		[[ $stderr == "vrp-format: $bad:"* ]]
		[ "${#stderr_lines[@]}" -eq 1 ]
		echo kept >file
		run -2 --separate-stderr vrp-format -o json -O file "$bad"
		[[ $stderr == "vrp-format: $bad:"* ]]
		[ "$bad" = cut-later ] || [ "$bad" = bad-delta ] || [ "$(cat file)" = kept ]
	done
	[ $n -eq 10 ]
	run -2 --separate-stderr vrp-format -o csv bad-line
	[ "$stderr" = "vrp-format: bad-line:2:11: maximum length out of range '7'" ]
	# What came before the bad block was good, and is there.
	run -2 vrp-format -o csv -O file cut-later
	grep -qx 'AS1,1.0.0.0/8,8,N/A,N/A' file
}

@test "a full disk, and a file that cannot be written" {
	[ -e /dev/full ] || skip "no /dev/full"
	for dialect in $dialects; do
		run -2 bash -c 'vrp-format -q -o "$1" "$2" >/dev/full' - "$dialect" "$golden/all.in"
		[[ $output == *"No space left"* ]]
	done
	run -2 --separate-stderr vrp-format -o json -O no/such/file "$golden/all.in"
	[[ $stderr == "vrp-format: no/such/file: "* ]]
	mkdir dir
	run -2 --separate-stderr vrp-format -o json -O dir/file "$golden/no-such.in"
	[ -z "$(ls dir)" ]
}

lines_of_file() { [ "$(grep -c "$1" file)" -eq "$2" ]; }

@test "a live stream keeps a file current, block by block" {
	start_fed format vrp-format -q -o bird -O file
	printf '%s\n' %snapshot '1.0.0.0/8 8 1' | feed format
	# Nothing before the end of the block.
	printf '%s\n' '2.0.0.0/8 8 1' ~end | feed format
	wait_for lines_of_file route 2
	printf '%s\n' %delta '-1.0.0.0/8 8 1' '+3.0.0.0/8 8 1' '+4.0.0.0/8 8 1' ~end | feed format
	wait_for lines_of_file route 3
	not grep -q 1.0.0.0 file
	# A bad block, and a delta that lost its base: said, and the file stays.
	cp file before
	printf '%s\n' %delta '+5.0.0.0/8 7 1' ~end %delta '+5.0.0.0/8 8 1' ~end | feed format
	wait_log format '^vrp-format: -:15: delta after a block that was refused$'
	logged format "^vrp-format: -:11:12: maximum length out of range '7'"
	same before file
	# The next snapshot is good again; the exit status says that not all were.
	printf '%s\n' %snapshot '6.0.0.0/8 8 1' ~end | feed format
	wait_for lines_of_file route 1
	feed_end format
	status=0
	wait_gone format || status=$?
	[ "$status" -eq 2 ]
	grep -q 'route 6.0.0.0/8 max 8 as 1;' file
	# No temporary file is left.
	[ "$(ls -A | grep -c file)" -eq 1 ]
}

@test "a live stream that ends well exits 0, also when it is cut between blocks" {
	start_fed format vrp-format -o jsonl -O file
	printf '%s\n' %snapshot ~end | feed format
	wait_for test -e file
	[ ! -s file ]
	printf '%s\n' %snapshot '1.0.0.0/8 8 1' ~end | feed format
	wait_for test -s file
	feed_end format
	wait_gone format
	# What is open when the stream ends never counts.
	cp file before
	{ cat "$golden/bare.in"; echo '10.0.0.0/'; } >broken
	run -2 vrp-format -o jsonl -O file broken
	same before file
}

@test "standard output has one table, however many blocks there were" {
	printf '%s\n' %snapshot '1.0.0.0/8 8 1' ~end %snapshot '2.0.0.0/8 8 1' ~end | vrp-format -o jsonl >got
	[ "$(cat got)" = '{"type":"vrp","prefix":"2.0.0.0/8","maxLength":8,"asn":1}' ]
}

@test "a file that is replaced keeps its mode, and a link stays one" {
	vrp-format -q -o csv -O file "$golden/bare.in"
	chmod 640 file
	ln -s file link
	vrp-format -q -o csv -O link "$golden/all.in"
	[ -L link ]
	[ "$(stat -c %a file)" = 640 ]
	same "$golden/all.csv.out" file
	# Input and output may be the same file.
	cp "$golden/bare.in" both
	vrp-format -q -o csv -O both both
	same "$golden/bare.csv.out" both
}

@test "jq reads our JSON, and finds in it what the lines say" {
	vrp-format -o json "$golden/all.in" | jq -r '
		def ends: [.ta // "-", .expires // "-"] | map(tostring | @uri) | join(" ");
		(.roas[] | "\(.prefix) \(.maxLength) AS\(.asn) \(ends)"),
		(.bgpsec_keys[] | "router-key AS\(.asn) \(.ski) \(.pubkey) \(ends)"),
		(.aspas[] | "aspa AS\(.customer_asid) \(.providers | map("AS\(.)") | join(",")) \(ends)")' >json
	vrp-format -o jsonl "$golden/all.in" | jq -r '
		def ends: [.ta // "-", .expires // "-"] | map(tostring | @uri) | join(" ");
		if .type == "vrp" then "\(.prefix) \(.maxLength) AS\(.asn) \(ends)"
		elif .type == "router-key" then "router-key AS\(.asn) \(.ski) \(.pubkey) \(ends)"
		elif .type == "aspa" then "aspa AS\(.customer) \(.providers | map("AS\(.)") | join(",")) \(ends)"
		else error end' >jsonl
	same json jsonl
	# jq encodes more characters than we do; names that no JSON can hold are encoded twice.
	sed '1d;$d' "$golden/all.in" | sed -E 's/a,b/a%2Cb/; s/a%22b\\c%25d/a%22b%5Cc%25d/
		s|line%0AAS5,10.0.0.0/8,8,x,1|line%0AAS5%2C10.0.0.0%2F8%2C8%2Cx%2C1|
		s/bad%FF%utf/bad%25FF%25utf/; s/nul%00/nul%2500/' >want
	same want json
	vrp-format -o slurm "$golden/all.in" | jq -e '.slurmVersion == 2 and (.locallyAddedAssertions |
		(.prefixAssertions | length) == 18 and (.bgpsecAssertions | length) == 2 and (.aspaAssertions | length) == 2)'
	vrp-format -o slurm "$golden/bare.in" | jq -e '.slurmVersion == 1 and (.locallyAddedAssertions | keys) ==
		["bgpsecAssertions", "prefixAssertions"]'
}

@test "no name can add a line or a record" {
	printf '1.0.0.0/8 8 1 x%%0A9.9.9.0/24,24,%%22%%0D%%0A};%%0Aroute%%209.9.9.0/24%%20max%%2024%%20as%%209;\\ 5\n' >evil
	{
		echo '%snapshot source=x%0A}%0Aroute%209.9.9.0/24%20max%2024%20as%209;%0A\'
		cat evil
		echo '~end'
	} >table
	[ "$(vrp-format -o csv table | wc -l)" -eq 2 ]
	[ "$(vrp-format -o csvcompat table | wc -l)" -eq 2 ]
	[ "$(vrp-format -o rpsl table | wc -l)" -eq 9 ]
	[ "$(vrp-format -o jsonl table | wc -l)" -eq 1 ]
	for dialect in bird bird1 openbgpd; do
		[ "$(vrp-format -o $dialect table | grep -v '^#' | grep -c 9.9.9.0)" -eq 0 ]
		[ "$(vrp-format -o $dialect table | grep -c '^#')" -ge 3 ]
	done
	for dialect in json slurm; do
		vrp-format -o $dialect table | jq -e '[.. | objects | select(has("asn"))] | length == 1'
	done
	[ "$(vrp-format -o summary table | wc -l)" -eq 11 ]
}

@test "vrp-fetch makes the very records of our JSON and CSV again" {
	# Names come back as we encode them, and those that no JSON can hold encoded twice.
	sed 's/%22/"/; s/bad%FF%utf/bad%25FF%25utf/; s/nul%00/nul%2500/; 1s/.*/%snapshot time=2026-11-23T00:00:00Z/' "$golden/all.in" >want
	vrp-format -o json "$golden/all.in" | vrp-fetch -q -E --max-age 0 --strict >got
	same want got
	# Nor CSV those with control characters.
	sed -E '1s/.*/%snapshot/; /^(router-key|aspa)/d; s/line%0A/line%250A/; s/c1%C2%9B/c1%25C2%259B/' want >want.csv
	vrp-format -q -o csv "$golden/all.in" | vrp-fetch -q -E --strict >got
	same want.csv got
	# Routinator's has no expiry.
	sed -E '/^[0-9:]/s/ [0-9]+$/ -/' want.csv >want.compat
	vrp-format -q -o csvcompat "$golden/all.in" | vrp-fetch -q -E --strict >got
	same want.compat got
}

@test "vrp-slurm makes the very table of our SLURM file, which has neither trust anchors nor expiries" {
	local table
	real_table
	for table in table "$golden/all.in" "$golden/bare.in" "$golden/empty.in"; do
		vrp-format -o slurm -O exceptions "$table"
		vrp-slurm -c -f exceptions
		vrp-slurm -q -f exceptions <"$golden/empty.in" >got
		# The same table without annotations, as it is read and written again.
		sed '/^[%~]/d' "$table" | awk '!/^#/ { print $1, $2, $3, (/^router-key/ ? $4 : "") }' >bare
		[ -s bare ] || cp "$golden/empty.in" bare
		vrp-fetch -q --strict - <bare >want
		same want got
	done
}

@test "the real table goes through JSON and back unchanged" {
	real_table
	written json | vrp-fetch -q -E --max-age 0 --strict >got
	sed '1s/ source=.*//' table >want
	same want got
	[ "$(grep -c / got)" -gt 386000 ]
}

@test "the summary counts the real table as awk does" {
	real_table
	run -0 written summary
	awk '$1 ~ "/" { n[$4 " " ($1 ~ ":" ? 6 : 4)]++ }
		END { for (i in n) { split(i, f); print f[1], n[f[1] " 4"], n[f[1] " 6"] } }' table | sort -u >want
	awk '/^trust anchor/ { on = 1; next } /^total/ { on = 0 } on && $2 + $3 { print $1, $2, $3 }' <<<"$output" | sort >got
	same want got
	[[ $output == *$'\ntotal            314926      71506            2       55  2023-11-0'* ]]
	[[ $output == *$'\norigin ASes    '"$(awk '$1 ~ "/" { print $3 }' table | sort -u | wc -l)"$'\n'* ]]
	[[ $output == *$'\nIPv4 prefixes  '"$(awk '$1 ~ /\.[0-9]+\// { print $1 }' table | uniq | wc -l)"$'\n'* ]]
	[[ $output == *$'\nIPv6 prefixes  '"$(awk '$1 ~ /:.*\// { print $1 }' table | uniq | wc -l)"$'\n'* ]]
	[[ $output == *$'\nVRPs of AS0    1311'* ]]
	[ "$(awk '$1 == "total" { print $NF }' <<<"$output")" = "$(date -u -d "@$(awk '/^[0-9a-f]|^r|^aspa/ { print $NF }' table | sort -n | head -n 1)" +%FT%TZ)" ]
}

@test "the largest ASPA and key of RTR" {
	{
		printf 'aspa AS4294967295 '
		seq -s , 4294950915 4294967294
		printf 'router-key AS1 0000000000000000000000000000000000000000 '
		head -c 65503 /dev/zero | base64 -w 0
		echo
	} >large
	[ "$(tr -cd , <large | wc -c)" -eq 16379 ]
	vrp-format -o json large | vrp-fetch -q --strict | grep -v '^[%~]' >got
	sed -E '/^aspa/s/([ ,])([0-9])/\1AS\2/g; s/$/ - -/' large | tac >want
	same want got
	for dialect in $dialects; do
		vrp-format -q -o "$dialect" large >out
	done
}

# rpki-client's own output of the bundled table.  Its order is by address, longer
# prefixes first; ours by address, shorter ones first.  So lines are compared in
# the order of sort.  What it says of its own work, in comments and metadata, is
# left out, and so are ASPAs: the form of 2023 is gone.
records_of() { grep -E "$1" | LC_ALL=C sort; }

compare() {
	xz -dc "$VRP_DATA/rpki-client-20231107/$2.xz" | records_of "$3" >want
	[ "$(wc -l <want)" -eq "$4" ]
	written "$1" | records_of "$3" >got
	same want got
}

@test "rpki-client wrote the same CSV, OpenBGPD and BIRD configurations" {
	need_data rpki-client-20231107/csv.xz
	real_table
	sed -i /^aspa/d table
	compare csv csv . 386433
	compare openbgpd openbgpd '^	[0-9]|roa-set|^}' 386434
	compare bird1v4 bird1v4 '^	roa|^roa|^}' 314928
	compare bird1v6 bird1v6 '^	roa|^roa|^}' 71508
	compare bird bird '^[^#d]|^$' 386446
}

@test "rpki-client wrote the same JSON of VRPs and router keys" {
	need_data rpki-client-20231107/json.xz
	real_table
	xz -dc "$VRP_DATA/rpki-client-20231107/json.xz" | grep -E '^		\{ "asn"' | sed 's/,$//' | sort >want
	written json | grep -E '^		\{ "asn"' | sed 's/,$//' | sort >got
	[ "$(wc -l <want)" -eq 386434 ]
	same want got
	# And the lines around them, but for metadata and ASPAs.
	frame() { grep -vE '^		+["{}\]]|provider_auth|ipv[46]|aspas' | grep -v '^		' | uniq; }
	written json | frame >got
	xz -dc "$VRP_DATA/rpki-client-20231107/json.xz" | frame >want
	same <(head -n 9 want) <(head -n 9 got)
	jq -c '.metadata | [.buildtime, .uniquevrps, .bgpsec_pubkeys]' <(written json) >got
	jq -c '.metadata | [.buildtime, .uniquevrps, .bgpsec_pubkeys]' feed.json >want
	same want got
}

@test "Routinator wrote the same quoted CSV, lines of BIRD and SLURM members" {
	need_data fixtures/NLnetLabs_routinator__test_output_111.slurm2
	local base=$VRP_DATA/fixtures/NLnetLabs_routinator__test_output
	vrp-fetch -q --max-age 0 "${base}_111.json" >table
	# It writes every record twice in these.
	written csvcompat >got
	same <(uniq "${base}_111.csvcompat") got
	written bird1v4 | sed -n 's/^	//p' >got
	same <(uniq "${base}_111.bird1") got
	written openbgpd | grep 12.34 | sed 's/^	/    /' >got
	same <(grep 12.34 "${base}_111.openbgpd" | uniq) got
	# Its comment is the trust anchor N/A, and a maximum length that is the prefix's is left out.
	members() {
		jq -S '.slurmVersion, .validationOutputFilters, (.locallyAddedAssertions | map_values(unique)) |
			del(.. | .comment?, .maxPrefixLength?)' "$1"
	}
	members "${base}_111.slurm2" >want
	members <(written slurm) >got
	same want got
	grep -v ^aspa table | vrp-format -o slurm >slurm
	members "${base}_110.slurm" >want
	members slurm >got
	same want got
}
