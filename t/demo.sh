#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Serve the bundled real snapshot, show that it is served, say what to try next,
# and go on serving until interrupted.
#
# usage: t/demo.sh [BINDIR]
#
# DEMO_ONCE=1 stops after the proof; DEMO_LISTEN and DEMO_HTTP are other addresses and ports.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${1:-build/bin}
listen=${DEMO_LISTEN:-127.0.0.1:8282}
http=${DEMO_HTTP:-127.0.0.1:9847}
data=data/rpki-client-20231107.json.xz
dir=$(mktemp -d "${TMPDIR:-/tmp}/vrptools-demo.XXXXXX")
started=()

finish() {
	trap - EXIT INT TERM
	[ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null || :
	wait
	rm -rf "$dir"
}
trap finish EXIT
trap 'echo; echo "demo: stopped"; exit 0' INT TERM

show() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || show() { printf '\n%s\n' "$*"; }

show "\$ xz -dc $data | vrp-fetch -E --max-age 0 | rtr-serve -E --max-age 0 -l $listen --http $http"
# The snapshot is of 2023, so both are told that its age and expiries do not matter.
"$bin/rtr-serve" -E --max-age 0 -l "$listen" --http "$http" 2>"$dir/log" \
	< <(xz -dc "$data" | "$bin/vrp-fetch" -E --max-age 0 2>"$dir/fetch" || :) &
server=$!
started=("$server")
for ((i = 0; i < 600; i++)); do
	grep -q 'serial 1:' "$dir/log" && break
	if ! kill -0 "$server" 2>/dev/null; then
		cat "$dir/log" "$dir/fetch" >&2
		if grep -q 'Address already in use' "$dir/log"; then
			echo "demo: something else serves on $listen or $http; try" \
				"DEMO_LISTEN=127.0.0.1:8283 DEMO_HTTP=127.0.0.1:9848 make demo" >&2
		fi
		exit 1
	fi
	sleep 0.05
done
cat "$dir/fetch" "$dir/log"

show "\$ time rtr-dump $listen >table"
start=${EPOCHREALTIME/./}
"$bin/rtr-dump" "$listen" >"$dir/table"
took=$(((${EPOCHREALTIME/./} - start) / 1000))
printf '%d.%03d s\n' $((took / 1000)) $((took % 1000))

show "\$ head -n 6 table; grep -c '^[0-9a-f:.]*/' table; grep -c ^router-key table; grep -c ^aspa table"
head -n 6 "$dir/table"
vrps=$(grep -c '^[0-9a-f:.]*/' "$dir/table")
keys=$(grep -c ^router-key "$dir/table" || :)
aspas=$(grep -c ^aspa "$dir/table" || :)
printf '%s\n' "$vrps" "$keys" "$aspas"

show "served: $vrps VRPs, $keys router keys and $aspas ASPAs, to any router that asks $listen"
if [ -n "${DEMO_ONCE-}" ]; then
	exit 0
fi
cat <<-END

	Try in another terminal:

	    $bin/rtr-dump $listen | grep 'AS13335 ' | head
	    $bin/rtr-dump --pdus $listen | head
	    $bin/vrp-validate -t tcp://$listen 1.1.1.0/24 AS13335
	    mkdir -p mnt && $bin/vrpfs tcp://$listen mnt && cat mnt/asn/AS13335/summary; fusermount3 -u mnt
	    curl -s http://$http/metrics | grep ^rpki_vrps

	in a browser:

	    http://$http/

	or in a router on this machine:

	    BIRD 2      roa4 table r4; roa6 table r6;
	                protocol rpki { roa4 { table r4; }; roa6 { table r6; }; remote ${listen%:*} port ${listen##*:}; }
	    FRR         rpki
	                 rpki cache ${listen%:*} ${listen##*:} preference 1
	    OpenBGPD    rtr ${listen%:*} { port ${listen##*:} }

	Serving until interrupted (Ctrl-C). What the server says:

END
tail -n +1 -f "$dir/log" &
started+=($!)
wait "$server"
