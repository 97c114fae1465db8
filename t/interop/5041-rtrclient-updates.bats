# SPDX-License-Identifier: ISC
# rtrclient of rtr-tools and rtr-dump -f side by side at rtr-serve: the same updates.
load ../lib
load routers

setup_file() {
	make_feed
	start_cache <"$RUN/base.vrp"
	need_peer rtrclient
	# A router of rtrlib that is told that there is no data yet sleeps for ten minutes, whatever it is told then.
	wait_log cache 'serial 1:'
	start live stdbuf -oL "$ROOT/t/peer" rtrclient -p tcp 127.0.0.1 "$PORT"
	start follow rtr-dump -f --retry 1s "127.0.0.1:$PORT"
}

# What rtrclient has printed so far, as "+prefix maxlen AS"; it prints ASes as signed numbers.
client_changes() {
	awk '$1 == "+" || $1 == "-" { printf "%s%s/%s %s %.0f\n", $1, $2, $3, $5, $6 < 0 ? $6 + 4294967296 : $6 }' "$RUN/live.out"
}

# The same of block N of rtr-dump -f; a snapshot announces.
block_changes() {
	awk -v n="$1" '
		/^%/ { block++ }
		block == n && $1 ~ "/" { sub("AS", "", $3); print ($1 ~ /^[-+]/ ? "" : "+") $1, $2, $3 }' "$RUN/follow.out" | sort
}

has_block() { [ "$(grep -c '^~end' "$RUN/follow.out")" -ge "$1" ]; }
client_has() { [ "$(client_changes | wc -l)" -ge "$1" ]; }

# both_print N: block N is what rtrclient has printed beyond what it had printed before
both_print() {
	wait_for has_block "$1"
	block_changes "$1" >"$RUN/block"
	cat "$RUN/block" >>"$RUN/total"
	wait_for client_has "$(wc -l <"$RUN/total")"
	client_changes >"$RUN/printed"
	tail -n "$(wc -l <"$RUN/block")" "$RUN/printed" | sort >"$RUN/printed.last"
	same "$RUN/block" "$RUN/printed.last"
	[ "$(wc -l <"$RUN/printed")" -eq "$(wc -l <"$RUN/total")" ]
}

@test "the table" {
	: >"$RUN/total"
	both_print 1
	sed 's/^+//' "$RUN/block" | sort | cmp - "$RUN/want0"
}

@test "an update that withdraws" {
	feed cache <"$RUN/delta6"
	both_print 2
	[ "$(wc -l <"$RUN/block")" -eq "$(wc -l <"$RUN/gone6")" ]
}

@test "an update that withdraws and announces" {
	feed cache <"$RUN/delta12"
	both_print 3
	grep -q '^+198.18.0.0/24 28 4200000000$' "$RUN/block"
	grep -q '^-' "$RUN/block"
}

@test "what rtr-dump -f has written is the table that rtr-dump finds now" {
	vrp-merge -q <"$RUN/follow.out" >"$RUN/followed"
	rtr-dump -q -o "$RUN/now" "127.0.0.1:$PORT"
	run -0 vrp-diff -q "$RUN/followed" "$RUN/now"
	stop follow
}
