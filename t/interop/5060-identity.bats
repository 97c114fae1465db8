# SPDX-License-Identifier: ISC
# rtr-serve and rtr-dump are each other's inverse.
load ../lib
load routers

# Every record kind, with the bundled snapshot's two router keys and 55 ASPAs; RTR carries no annotations.
setup_file() {
	make_feed
	start_cache <"$RUN/base.vrp"
	wait_log cache 'serial 1:'
	bare <"$RUN/base.vrp" >"$RUN/want"
}

bare() { grep -v '^[%~]' | sed -E 's/ [^ ]+ [^ ]+$//'; }

@test "rtr-dump | rtr-serve | rtr-dump changes no record, byte for byte and in order" {
	[ "$(grep -c ^router-key "$RUN/want")" -eq 2 ]
	[ "$(grep -c ^aspa "$RUN/want")" -eq 55 ]
	rtr-dump "127.0.0.1:$PORT" >"$RUN/first.vrp"
	bare <"$RUN/first.vrp" >"$RUN/first"
	same "$RUN/want" "$RUN/first"

	serve second --max-age 0
	feed second <"$RUN/first.vrp"
	wait_log second 'serial 1:'
	rtr-dump "127.0.0.1:$PORT" >"$RUN/second.vrp"
	stop second
	same <(grep -v '^%' "$RUN/first.vrp") <(grep -v '^%' "$RUN/second.vrp")
}

@test "version 1 leaves out the ASPAs, version 0 the router keys as well" {
	PORT=$(port_of cache)
	rtr-dump --rtr-version 1 "127.0.0.1:$PORT" >"$RUN/v1.vrp"
	same <(grep -v ^aspa "$RUN/want") <(bare <"$RUN/v1.vrp")
	rtr-dump --rtr-version 0 "127.0.0.1:$PORT" >"$RUN/v0.vrp"
	same <(grep -v -e ^aspa -e ^router-key "$RUN/want") <(bare <"$RUN/v0.vrp")
}

@test "a delta out of rtr-dump is the delta that went into rtr-serve" {
	PORT=$(port_of cache)
	session=$(rtr-dump "127.0.0.1:$PORT" | sed -nE '1s/.* session=([^ ]+).*/\1/p')
	[ -n "$session" ]
	feed cache <"$RUN/delta6"
	wait_log cache 'serial 2:'
	feed cache <"$RUN/delta12"
	wait_log cache 'serial 3:'
	rtr-dump --session "$session" --serial 1 "127.0.0.1:$PORT" >"$RUN/delta.vrp"
	# The net of both: what the second brought back was never gone.
	cat "$RUN/gone6" "$RUN/gone12" | sort | comm -23 - "$RUN/back" | vrps | sed 's/^/-/' >"$RUN/net"
	comm -23 <(sort "$RUN/new12") "$RUN/back" | vrps | sed 's/^/+/' >>"$RUN/net"
	same <(sort "$RUN/net") <(vrps <"$RUN/delta.vrp" | sort)
}
