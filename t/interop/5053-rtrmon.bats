# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# StayRTR's rtrmon and rtr-mon beside each other on the same two caches: what they count, and what they say differs.
load ../lib

# rtrmon ends when it loses a session: the caches stay.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_peer rtrmon
	cache primary <<-END
		10.0.0.0/8 8 AS1 - -
		10.0.0.0/8 9 AS1 - -
		192.0.2.0/24 24 AS3 - -
		2001:db8::/32 48 AS2 - -
		2001:db8:1::/48 48 AS0 - -
		router-key AS5 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAECAwQF - -
	END
	A=tcp://127.0.0.1:$PORT
	cache secondary <<-END
		10.0.0.0/8 8 AS1 - -
		192.0.2.0/24 24 AS4 - -
		2001:db8::/32 48 AS2 - -
		198.51.100.0/24 32 AS4294967295 - -
	END
	B=tcp://127.0.0.1:$PORT
	start_monitors
}

cache() {
	serve "$1" --notify-interval 0 -E --max-age 0
	{ echo %snapshot && cat && echo '~end'; } | feed "$1"
	wait_log "$1" 'serial 1:'
}

start_monitors() {
	local port

	port=$(free_port)
	THEIRS=127.0.0.1:$port
	start rtrmon "$("$ROOT/t/peer" --path rtrmon)" -primary.host "$A" -secondary.host "$B" -addr "$THEIRS" \
		-primary.refresh 1s -secondary.refresh 1s -grace.period 1s -visibility.thresholds 0,1
	start mon rtr-mon --http 127.0.0.1:0 -g 1s --visibility 0,1 "primary=$A" "secondary=$B"
	wait_log mon 'http on 127'
	OURS=$(sed -nE 's/.*http on ([0-9.]+:[0-9]+).*/\1/p' "$RUN/mon.err" | head -n 1)
}

# What both have of a document, in a form in which it can be compared: when they have seen things is their own.  What
# came over RTR rtrmon writes with SKIs in lower case, and with those of a feed as they stand there.
counts() {
	curl -sf "http://$1/metrics" | grep -E '^(rpki_vrps|vrp_diff)\{' | sort
}
sets() {
	curl -sf "http://$1/diff.json" | jq -S 'def side: map(del(."first-seen", ."last-seen", .visible) | (.bgpsec?.ski? // empty) |= ascii_upcase)
			| sort_by(tojson);
		[."only-primary", ."only-secondary" | side],
		[."metadata-primary", ."metadata-secondary" | .count]'
}

# Both have something of this kind, and the same.
agree() {
	"$1" "$OURS" >got && "$1" "$THEIRS" >want && [ -s want ] && cmp got want && grep -qE -e "$2" want
}
wait_agree() {
	wait_for agree "$@" || same want got
}

@test "rtrmon and rtr-mon count the same records and differences, and name the same" {
	wait_agree counts "^vrp_diff\{lhs_url=\"$A\".*visibility_seconds=\"1\"\} 4$"
	wait_agree sets '"2001:db8:1::/48"'
	cat want
	# When the caches change, so do both.
	printf '%s\n' %delta '+2001:db8:1::/48 48 AS0 - -' '-198.51.100.0/24 32 AS4294967295 - -' '~end' | feed secondary
	wait_log secondary 'serial 2:'
	wait_agree counts "^vrp_diff\{lhs_url=\"$A\".*visibility_seconds=\"1\"\} 3$"
	wait_agree sets '"192.0.2.0/24"'
	alive rtrmon
}
