# SPDX-License-Identifier: ISC
# StayRTR's server and rtr-dump; StayRTR's rtrdump and rtr-serve.
#
# StayRTR 0.5.1 sends ASPAs in the form of an old draft under version 2, and its
# rtrdump reads no other.
load ../lib
load routers

# StayRTR drops what has expired.
setup_file() {
	make_feed
	sed -E 's/, "expires": [0-9]+//' "$RUN/feed.json" >"$RUN/timeless.json"
	jq 'del(.provider_authorizations)' "$RUN/timeless.json" >"$RUN/no-aspas.json"
}

teardown() {
	show_logs
	stop_all
}

# The dump of rtr-dump has the snapshot's VRPs and router keys.
same_table() {
	vrps <"$RUN/dump.vrp" >"$RUN/dump"
	same "$RUN/want0" "$RUN/dump"
	same <(grep ^router-key "$RUN/base.vrp" | cut -d ' ' -f 1-4) <(grep ^router-key "$RUN/dump.vrp" | cut -d ' ' -f 1-4)
}

@test "rtr-dump gets the real snapshot out of StayRTR in versions 2 and 1" {
	stayrtr_start "$RUN/no-aspas.json"
	wait_log stayrtr 'Server started'
	for version in 2 1; do
		rtr-dump --rtr-version "$version" "$STAYRTR" >"$RUN/dump.vrp"
		same_table
	done
}

@test "rtr-dump refuses StayRTR's ASPAs of an old draft, and takes all else in version 1" {
	stayrtr_start "$RUN/timeless.json"
	wait_log stayrtr 'Server started'
	run -2 --separate-stderr rtr-dump "$STAYRTR"
	[ -z "$output" ]
	[[ $stderr = *"old draft"* ]]
	rtr-dump --rtr-version 1 "$STAYRTR" >"$RUN/dump.vrp"
	same_table
}

@test "rtrdump gets the real snapshot out of rtr-serve" {
	need_peer rtrdump
	start_cache <"$RUN/base.vrp"
	wait_log cache 'serial 1:'
	peer rtrdump -rtr.version 1 -type plain -connect "127.0.0.1:$PORT" -file "$RUN/rtrdump.json"
	vrp-fetch -q --max-age 0 "$RUN/rtrdump.json" >"$RUN/dump.vrp"
	same_table
}
