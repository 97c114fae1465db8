# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# The filters on the line format, each beside what one would use instead.  Part
# of run.sh.  Every pair is checked to give the same records first.

# slurm_file N: N filters spread over the table, every second one with its AS, and one assertion
slurm_file() {
	awk -v n="$1" -v total="$vrps" '
		BEGIN { printf "{\"slurmVersion\": 1, \"validationOutputFilters\": {\"prefixFilters\": [" }
		$1 ~ "/" && ++seen % int(total / n) == 0 && made < n {
			printf "%s\n{\"prefix\": \"%s\"%s}", made ? "," : "", $1, made % 2 ? ", \"asn\": " substr($3, 3) : ""
			made++
		}
		END {
			print "], \"bgpsecFilters\": []}, \"locallyAddedAssertions\": {\"bgpsecAssertions\": [],"
			print "\"prefixAssertions\": [{\"asn\": 64496, \"prefix\": \"192.0.2.0/24\"}]}}"
		}' "$work/table.vrp"
}

# Both programs wrote the same lines, whatever their order?
same_lines() {
	LC_ALL=C sort "$work/out.$1" | cmp - <(LC_ALL=C sort "$work/out.$2") || { say "$1 and $2 disagree"; exit 1; }
}

records_of() { grep -v '^[%~]' "$1" || true; }

# The exact filters of slurm_file() by jq would take hours; this is one filter by AS.
jq_slurm='.roas |= map(select(.asn != 64511))'

# StayRTR says when it has read the feed and when it has applied the exceptions.
stayrtr_slurm() {
	local line began=
	[ -x "$stayrtr" ] || return 0
	rm -f "$work/said"
	mkfifo "$work/said"
	timeout "$limit" "$stayrtr" -cache "$work/table.json" -slurm "$work/slurm$1.json" -slurm.refresh=false -checktime=false \
		-bind "127.0.0.1:$((20000 + RANDOM % 12000))" -metrics.addr "" >"$work/said" 2>&1 &
	pid=$!
	running+=("$pid")
	exec {said}<"$work/said"
	while read -ru "$said" line; do
		case $line in
		*"new cache file"*) began=$EPOCHREALTIME ;;
		*"Slurm VRP filtering"*)
			echo "name=stayrtr what=slurm$1 $(awk -v a="$began" -v b="$EPOCHREALTIME" \
				'BEGIN { printf "seconds=%.3f", b - a }')" >>"$raw"
			break
			;;
		esac
	done
	kill "$pid" 2>/dev/null || true
	exec {said}<&-
	wait "$pid" 2>/dev/null || true
}

measure_filters() {
	local i n
	# The machine's own bound, and each part on what is sorted already, as our tools write it.
	say "vrp-slurm with 10 and 10,000 filters, vrp-diff, vrp-merge, vrp-format; in turn with awk, comm, sort, jq"
	for n in 10 10000; do slurm_file "$n" >"$work/slurm$n.json"; done
	(umask 077 && openssl genpkey -algorithm ed25519 -out "$work/sign.key")
	openssl pkey -in "$work/sign.key" -pubout -out "$work/sign.pub"
	records_of "$work/table.vrp" | LC_ALL=C sort >"$work/table.sorted"
	records_of "$work/after.vrp" | LC_ALL=C sort >"$work/after.sorted"
	for ((i = 0; i < runs; i++)); do
		for n in 10 10000; do
			timed vrp-slurm "slurm$n" sh -c 'exec "$1" -q -f "$2" <"$3"' - "$bin/vrp-slurm" "$work/slurm$n.json" \
				"$work/table.vrp"
		done
		timed vrp-diff diff sh -c '"$@"; test $? -eq 1' - "$bin/vrp-diff" "$work/table.vrp" "$work/after.vrp"
		timed comm diff comm -3 "$work/table.sorted" "$work/after.sorted"
		timed vrp-merge merge "$bin/vrp-merge" -q "$work/table.vrp" "$work/after.vrp"
		timed sort-mu merge sort -m -u "$work/table.sorted" "$work/after.sorted"
		timed vrp-format-csv csv "$bin/vrp-format" -q -o csv "$work/table.vrp"
		timed awk csv awk -v OFS=, '$1 ~ "/" { print $3, $1, $2, $4, $5 }' "$work/table.vrp"
		timed vrp-format json "$bin/vrp-format" -q -o json "$work/table.vrp"
		timed vrp-sign sign "$bin/vrp-sign" -q -k "$work/sign.key" "$work/table.vrp"
		timed vrp-sign-V verify "$bin/vrp-sign" -q -V -p "$work/sign.pub" "$work/out.vrp-sign"
		timed openssl-dgst sign openssl dgst -sha256 "$work/table.vrp"
		timed openssl-dgst verify openssl dgst -sha256 "$work/table.vrp"
	done
	check_filters
	for ((i = 0; i < slow; i++)); do
		timed jq json jq -Rcn "$jq_format" "$work/table.sorted"
		timed jq-slurm slurm10 jq -c "$jq_slurm" "$work/table.json"
	done
	for n in 10 10000; do stayrtr_slurm "$n"; done
}

# The same table as JSON, made of the lines.
jq_format='{roas: [inputs | split(" ") | select(.[0] | contains("/")) |
	{asn: (.[2][2:] | tonumber), prefix: .[0], maxLength: (.[1] | tonumber), ta: .[3], expires: (.[4] | tonumber? // null)}]}'

check_filters() {
	tail -n +2 "$work/out.vrp-format-csv" >"$work/out.csv-records"
	same_lines csv-records awk
	# comm -3 indents what only the second has; identity is the first three fields.
	awk '/^[+-]/ && $1 ~ "/"' "$work/out.vrp-diff" | cut -d ' ' -f 1-3 >"$work/out.diff-records"
	awk -F '\t' '{ print ($1 == "" ? "+" $2 : "-" $1) }' "$work/out.comm" | awk '$1 ~ "/"' | cut -d ' ' -f 1-3 | sort |
		awk '{ key = substr($0, 2) } { n[key]++; line[key] = $0 } END { for (k in n) if (n[k] == 1) print line[k] }' \
			>"$work/out.comm-records"
	same_lines diff-records comm-records
	cmp "$work/table.vrp" "$work/out.vrp-sign-V"
}

report_filters() {
	local n t
	echo "### The filters"
	echo
	echo "| job | program | time | lowest to highest | CPU | peak memory | records a second of CPU |"
	echo "| --- | --- | --- | --- | --- | --- | --- |"
	filter_row "10 exceptions" slurm10 "$vrps" vrp-slurm jq-slurm stayrtr
	filter_row "10,000 exceptions" slurm10000 "$vrps" vrp-slurm stayrtr
	filter_row "what changed between two tables" diff $((2 * vrps)) vrp-diff comm
	filter_row "the union of two tables" merge $((2 * vrps)) vrp-merge sort-mu
	filter_row "a table as CSV" csv "$vrps" vrp-format-csv awk
	filter_row "a table as JSON" json "$vrps" vrp-format jq
	filter_row "a table, signed with Ed25519" sign "$vrps" vrp-sign openssl-dgst
	filter_row "a signed table, verified" verify "$vrps" vrp-sign-V openssl-dgst
	echo
	echo "jq-slurm applies one filter by AS. StayRTR's time is from its log: from having read the feed to having applied the"
	echo "exceptions. openssl dgst -sha256 hashes the same bytes, which is part of both signing and verifying, and checks nothing."
	echo "comm and sort get their input sorted, and compare lines; vrp-diff and vrp-merge read any order."
	echo
}

# filter_row JOB WHAT RECORDS NAME...
filter_row() {
	local job=$1 what=$2 records=$3 name cpu
	shift 3
	for name; do
		[ "$(of "$name" "$what" - seconds count)" -gt 0 ] || continue
		cpu=$(of "$name" "$what" - cpu)
		echo "| $job | $(shown "$name") | $(seconds "$(of "$name" "$what" - seconds)") | $(spread "$name" "$what" -) |" \
			"$(seconds "$cpu") | $(mib "$(of "$name" "$what" - peak_kib max)") | $(calc "$records / $cpu / 1000000" '%.1f million') |"
	done
}

shown() {
	case $1 in
	vrp-format-csv) echo vrp-format ;;
	jq-slurm) echo "jq, one filter" ;;
	sort-mu) echo "sort -m -u" ;;
	vrp-sign-V) echo "vrp-sign -V" ;;
	openssl-dgst) echo "openssl dgst -sha256" ;;
	*) echo "$1" ;;
	esac
}

filter_targets() {
	local a
	a=$(calc "$(of vrp-slurm slurm10000 - cpu) / $(of vrp-slurm slurm10 - cpu)" '%.2f')
	target "10,000 exceptions cost at most twice what ten do" "$a <= 2" "$a"
	rate_target vrp-slurm slurm10 "$vrps"
	rate_target vrp-diff diff $((2 * vrps))
	rate_target vrp-merge merge $((2 * vrps))
	rate_target vrp-format-csv csv "$vrps"
	rate_target vrp-format json "$vrps"
	rate_target vrp-sign sign "$vrps"
	rate_target vrp-sign-V verify "$vrps"
}

rate_target() {
	local a
	a=$(calc "$3 / $(of "$1" "$2" - cpu) / 1000000" '%.1f')
	target "$(shown "$1"), $2: at least 5 million records a second of CPU" "$a >= 5" "$a million"
}
