# SPDX-License-Identifier: ISC
# rtr-dump -f at StayRTR, whose feed changes.
load ../lib
load routers

# put N: what StayRTR shall have from now on, in one step
put() {
	cp "$RUN/feed$1.json" "$RUN/next.json"
	mv "$RUN/next.json" "$RUN/live.json"
}

# StayRTR drops what has expired, and its ASPAs are those of an old draft.
setup_file() {
	snapshot_json "$RUN/feed.json"
	jq -c 'del(.provider_authorizations, .aspas) | .roas |= map(del(.expires))' "$RUN/feed.json" >"$RUN/feed1.json"
	jq -c '.roas |= (map(select(.asn != 13335)) + [range(100) | {asn: 4200000000, prefix: "198.18.\(.).0/24", maxLength: 28, ta: "x"}])' \
		"$RUN/feed1.json" >"$RUN/feed2.json"
	jq -c '.roas |= .[1000:]' "$RUN/feed2.json" >"$RUN/feed3.json"
	for n in 1 2 3; do
		vrp-fetch -q -E --max-age 0 "$RUN/feed$n.json" | vrps >"$RUN/want$n"
	done
	put 1
	stayrtr_start "$RUN/live.json"
	wait_log stayrtr 'Server started'
	start follow rtr-dump -f --retry 1s "$STAYRTR"
	export STAYRTR
}

has_block() { [ "$(grep -c '^~end' "$RUN/follow.out")" -ge "$1" ]; }

# The stream so far amounts to the feed's VRPs.
amounts_to() {
	vrp-merge -q <"$RUN/follow.out" | vrps >"$RUN/followed"
	same "$RUN/want$1" "$RUN/followed"
}

@test "the table" {
	wait_for has_block 1
	amounts_to 1
}

@test "two changes of the feed, each a delta" {
	for n in 2 3; do
		put $n
		kill -HUP "$(pid_of stayrtr)"
		wait_for has_block $n
		amounts_to $n
	done
	[ "$(grep -c '^%snapshot' "$RUN/follow.out")" -eq 1 ]
}

@test "a restart of StayRTR with the first feed: one delta" {
	stop stayrtr || :
	wait_log follow 'next try in 1 s'
	put 1
	start stayrtr "$ROOT/t/peer" stayrtr -cache "$RUN/live.json" -checktime=false -bind "$STAYRTR" -metrics.addr ""
	wait_for has_block 4
	amounts_to 1
	[ "$(grep -c '^%snapshot' "$RUN/follow.out")" -eq 1 ]
	[ "$(grep -c '^%' "$RUN/follow.out")" -eq 4 ]
}
