# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrp-fetch on what validators really wrote: the bundled snapshot, and more where VRP_DATA has it.

load lib

fetch() { vrp-fetch --max-age 0 -E "$@"; }

# Prefix, maximum length and AS of the VRPs.
vrps() { grep -E '^[0-9a-f:.]+/' "$1" | cut -d ' ' -f 1-3; }

@test "the bundled snapshot, against jq" {
	snapshot_json feed
	run -0 --separate-stderr fetch --strict -o got feed
	[[ $stderr == "vrp-fetch: feed: 314926 IPv4 and 71506 IPv6 VRPs, 2 router keys, "*" ASPAs; 0 skipped, 0 expired; "* ]]
	jq -r '.roas[] | "\(.prefix) \(.maxLength) AS\(.asn) \(.ta) \(.expires)"' feed | sort >want.sorted
	grep -E '^[0-9a-f:.]+/' got | sort >got.sorted
	same want.sorted got.sorted
	jq -r '.provider_authorizations | (.ipv4 + .ipv6) | group_by(.customer_asid)[] |
		"aspa AS\(.[0].customer_asid) \([.[].providers[]] | unique |
		(if length > 1 then map(select(. != 0)) else . end) | map("AS\(.)") | join(",")) - \([.[].expires] | max)"' feed >want
	grep '^aspa' got >got.aspas
	same want got.aspas
	jq -r '.bgpsec_keys[] | "router-key AS\(.asn) \(.ski | ascii_upcase) \(.pubkey) \(.ta) \(.expires)"' feed | sort >want
	grep '^router-key' got | sort >got.keys
	same want got.keys
}

@test "the bundled snapshot is refused for its age, and then for its expired records" {
	snapshot_json feed
	run -2 --separate-stderr vrp-fetch feed
	[[ $stderr == "vrp-fetch: feed: the feed is too old: made 2023-11-07T22:38:01Z, "*" days ago" ]]
	run -2 --separate-stderr vrp-fetch --max-age 0 feed
	[[ $stderr == "vrp-fetch: feed: all of its "*" records have expired" ]]
}

@test "rpki-client's CSV gives the VRPs of its JSON" {
	need_data rpki-client-20231107/csv.xz
	snapshot_json feed
	fetch -q feed | grep -E '^[0-9a-f:.]+/' >want
	xz -dc "$VRP_DATA/rpki-client-20231107/csv.xz" | fetch -q | grep -E '^[0-9a-f:.]+/' >got
	same want got
}

@test "Routinator's formats agree with each other" {
	need_data fixtures/NLnetLabs_routinator__test_output_111.json
	local mix base format
	for mix in 001 010 011 100 101 110 111; do
		base=$VRP_DATA/fixtures/NLnetLabs_routinator__test_output_$mix
		fetch -q - <"$base.json" >json
		for format in jsonext csv csvcompat csvext; do
			fetch -q - <"$base.$format" >other
			if [ $format = jsonext ]; then
				same json other
			else
				vrps json >want || :
				vrps other >got || :
				same want got
			fi
		done
	done
	[ "$(grep -c '^router-key' json)" -eq 1 ]
	grep -q '^aspa AS1234 AS1,AS2,AS3,AS4 - -$' json
	# Nothing at all: CSV says of what, JSON doesn't.
	base=$VRP_DATA/fixtures/NLnetLabs_routinator__test_output_000
	fetch -q - <"$base.csv" >empty
	[ "$(cat empty)" = $'%snapshot\n~end' ]
	run -2 fetch - <"$base.json"
}

@test "RTRTR's and rpki-client's fixtures" {
	need_data fixtures/NLnetLabs_rtrtr__test-data_vrps.json
	local file
	printf '192.0.2.0/24 24 AS64512\n2001:db8::/32 32 AS4200000000\n' >want
	for file in vrps.json vrps-metadata.json vrps.rpki-client.json; do
		fetch -q "$VRP_DATA/fixtures/NLnetLabs_rtrtr__test-data_$file" >out
		vrps out >got
		same want got
	done
	grep -q '^router-key AS64512 BE889B55D0B737397D75C49F485B858FA98AD11F MFkw.* ta 1668009883$' out
}

@test "BGPalerter's fixtures: ASNs in every form, host bits" {
	need_data fixtures/bgpalerter_roas.before.json
	run -0 --separate-stderr fetch "$VRP_DATA/fixtures/bgpalerter_roas.before.json"
	[ "$(grep -c AS2914 <<<"$output")" -eq 3 ]
	[ "${stderr_lines[0]}" = "vrp-fetch: $VRP_DATA/fixtures/bgpalerter_roas.before.json:28:19: bad prefix '94.5.4.3/22': host bits are set" ]
	[[ ${stderr_lines[1]} == *": 2 IPv4 and 2 IPv6 VRPs, "*" 1 skipped, "* ]]
}

@test "DN42's exports, with what is wrong in them" {
	need_data dn42/export_dn42.json.xz
	xz -dc "$VRP_DATA/dn42/export_dn42.json.xz" >feed
	run -0 --separate-stderr fetch -o got feed
	[ "${stderr_lines[0]}" = "vrp-fetch: feed:866:23: bad prefix: null" ]
	[ "${stderr_lines[1]}" = "vrp-fetch: feed:10924:20: bad AS number 'AS'" ]
	[ "${stderr_lines[2]}" = "vrp-fetch: feed:23181:20: bad AS number 'AS'" ]
	[[ ${stderr_lines[3]} == *": 1756 IPv4 and 1552 IPv6 VRPs, "*" 3 skipped, "* ]]
	jq -r '.roas[] | select(.prefix and .asn != "AS") | "\(.prefix) \(.maxLength) \(.asn)"' feed | sort -u >want
	vrps got | sort >got.sorted
	same want got.sorted
	# Maximum lengths that are strings.
	xz -dc "$VRP_DATA/dn42/malformed.json.xz" >feed
	run -0 --separate-stderr fetch -o got feed
	[ "${stderr_lines[0]}" = "vrp-fetch: feed:1047:23: bad prefix: null" ]
	[[ ${stderr_lines[1]} == *": 984 IPv4 and 679 IPv6 VRPs, "*" 1 skipped, "* ]]
}

@test "other validators' SLURM files are no feeds" {
	need_data fixtures/bgp_stayrtr__prefixfile_slurm.json
	run -2 --separate-stderr fetch "$VRP_DATA/fixtures/bgp_stayrtr__prefixfile_slurm.json"
	[[ $stderr == *": there is no list of VRPs, router keys or ASPAs in it" ]]
}

@test "1.2 million VRPs as CSV" {
	need_data bgp/vrps-stress-1.2M.csv.xz
	xz -dc "$VRP_DATA/bgp/vrps-stress-1.2M.csv.xz" >feed
	fetch -q -o got feed
	tail -n +2 feed | awk -F, '{ print $2, $3, $1 }' | sort >want
	vrps got | sort >got.sorted
	same want got.sorted
}

# The example of the manual page that has these words, as it stands there.
example() { sed -n 's/^\.Dl \$ //p' "$ROOT/man/vrp-fetch.1" | grep -F -e "$1" | sed 's/\\e/\\/g'; }

@test "the manual's examples work" {
	jq '(now + 86400 | floor) as $t | .metadata.buildtime = (now | todate) | .roas[].expires = $t' \
		"$ROOT/t/data/feeds/rpki-client.in" >feed.json
	run -0 --separate-stderr bash -c "set -o pipefail; $(example awk)"
	[ "$(sort <<<"$output")" = $'apnic 1\narin 1\nripe 1' ]
	snapshot_json archive.json
	xz -0 archive.json
	run -0 --separate-stderr bash -c "set -o pipefail; $(example archive)"
	[ "${#lines[@]}" -gt 100 ]
	[[ $output != *"AS133350 "* ]]
}
