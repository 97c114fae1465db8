# SPDX-License-Identifier: ISC
# Whole pipelines, live: a real HTTP server, vrp-fetch, vrp-slurm and rtr-serve, and real routers behind them.
load ../lib
load routers

# ---- the feed: the bundled snapshot, and the same with some VRPs gone and some that were never there

make_feeds() {
	snapshot_part "$RUN/feed1.json"
	jq -c '.roas |= (map(select(.asn != 13335)) + [range(100) | {asn: 4200000000, prefix: "198.18.\(.).0/24", maxLength: 28, ta: "x"}])' \
		"$RUN/feed1.json" >"$RUN/feed2.json"
	jq -c '.roas |= .[1000:]' "$RUN/feed2.json" >"$RUN/feed3.json"
	for n in 1 2 3; do
		vrp-fetch -q -E --max-age 0 "$RUN/feed$n.json" | vrps >"$RUN/feed$n.vrps"
	done
}

# put_feed N: what the server has from now on, in one step
put_feed() {
	ln -f "$RUN/feed$1.json" "$RUN/www/next"
	touch "$RUN/www/next"
	mv "$RUN/www/next" "$RUN/www/feed"
}

# put_slurm FILTERED_AS ASSERTED_PREFIX
put_slurm() {
	cat >"$RUN/local.next" <<-END
		{"slurmVersion": 1,
		 "validationOutputFilters": {"prefixFilters": [{"asn": $1}], "bgpsecFilters": []},
		 "locallyAddedAssertions": {"prefixAssertions": [{"asn": 64496, "prefix": "$2", "maxPrefixLength": 32}],
		                            "bgpsecAssertions": []}}
	END
	mv "$RUN/local.next" "$RUN/local.json"
}

# want FEED FILTERED_AS ASSERTED_PREFIX: what routers shall hold, by awk
want() {
	{
		awk -v as="$2" '$3 != as' "$RUN/feed$1.vrps"
		echo "$3 32 64496"
	} | sort >"$RUN/want"
}

routers_hold_it() {
	wait_holds bird "$RUN/want"
	wait_holds frr "$RUN/want"
}

web_start() {
	cat >"$RUN/nginx.conf" <<-END
		daemon off;
		master_process off;
		pid $RUN/nginx.pidfile;
		error_log stderr notice;
		events { worker_connections 64; }
		http {
			client_body_temp_path $RUN/t1;
			proxy_temp_path $RUN/t2;
			fastcgi_temp_path $RUN/t3;
			uwsgi_temp_path $RUN/t4;
			scgi_temp_path $RUN/t5;
			access_log $RUN/access.log;
			server {
				listen 127.0.0.1:$WEB;
				root $RUN/www;
			}
		}
	END
	start nginx "$ROOT/t/peer" nginx -p "$RUN" -c "$RUN/nginx.conf"
	wait_for listening "$WEB"
}

listening() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The pipeline, each part a program of its own here, so that each has its log and is ended with the test.
pipeline_start() {
	rm -f "$RUN"/{fetch,slurm}.out
	mkfifo "$RUN/fetch.out" "$RUN/slurm.out"
	start fetch vrp-fetch -r 1s -E --max-age 0 "http://127.0.0.1:$WEB/feed"
	start slurm vrp-slurm -w -f "$RUN/local.json" <"$RUN/fetch.out"
	start cache rtr-serve -v -E --max-age 0 --notify-interval 1 --retry 1 -l 127.0.0.1:0 <"$RUN/slurm.out"
	wait_log cache 'listening on'
	PORT=$(port_of cache)
	export PORT
}

setup_file() {
	need_peer nginx
	need_peer bird
	need_peer frr-bgpd
	make_feeds
	mkdir -p "$RUN/www"
	put_feed 1
	put_slurm 3741 192.0.2.0/24
	WEB=$(free_port)
	export WEB
	web_start
	pipeline_start
	wait_log cache 'serial 1:'
	bird_start
	frr_start
}

@test "routers get the feed with the exceptions applied" {
	want 1 3741 192.0.2.0/24
	routers_hold_it
	[ "$(wc -l <"$RUN/want")" -gt 24000 ]
}

@test "the feed changes" {
	put_feed 2
	want 2 3741 192.0.2.0/24
	routers_hold_it
	# As a delta from end to end.
	wait_log slurm '^vrp-slurm: delta: '
}

@test "the file of exceptions changes" {
	put_slurm 9498 203.0.113.0/24
	want 2 9498 203.0.113.0/24
	routers_hold_it
}

@test "both change at once" {
	put_feed 3
	put_slurm 3741 192.0.2.0/25
	want 3 3741 192.0.2.0/25
	routers_hold_it
}

@test "while the server is away, routers keep what they have and exceptions go on" {
	stop nginx
	wait_log fetch 'failed to connect'
	put_slurm 9498 198.51.100.0/24
	want 3 9498 198.51.100.0/24
	routers_hold_it
	# A broken file changes nothing.
	echo '{"slurmVersion": 1,' >"$RUN/local.json"
	wait_log slurm 'the exceptions stay as they are'
	routers_hold_it
}

@test "the server returns with another feed" {
	put_feed 1
	web_start
	put_slurm 3741 192.0.2.0/24
	want 1 3741 192.0.2.0/24
	routers_hold_it
}

@test "in all this each router was sent the whole table once" {
	[ "$(grep -c 'whole table sent' "$RUN/cache.err")" -eq 2 ]
}

@test "when the first part ends, so do the others, and the cache keeps serving" {
	stop fetch
	wait_gone slurm
	wait_log cache 'input has ended'
	rtr-dump -q "127.0.0.1:$PORT" | vrps >"$RUN/served"
	same "$RUN/want" "$RUN/served"
}

@test "a file replaced as cron does it, under rtr-serve" {
	vrp-fetch -q -E --max-age 0 -o "$RUN/table" "$RUN/feed1.json"
	start file rtr-serve -E --max-age 0 -l 127.0.0.1:0 "$RUN/table"
	wait_log file 'serial 1:'
	at=127.0.0.1:$(port_of file)
	for n in 2 3 1; do
		cp "$RUN/table" "$RUN/old"
		vrp-fetch -q -E --max-age 0 -o "$RUN/table" "$RUN/feed$n.json"
		has_table() { rtr-dump -q "$at" | LC_ALL=C sort | vrp-diff -q - "$RUN/table"; }
		wait_for has_table
		# The answer to the same question of the old table is no.
		run -1 bash -c 'rtr-dump -q "$1" | LC_ALL=C sort | vrp-diff -q - "$2"' - "$at" "$RUN/old"
	done
	stop file
}

@test "what rtr-dump finds, diffed against an old table and merged with it, is what rtr-dump found" {
	vrp-fetch -q -E --max-age 0 -o "$RUN/old" "$RUN/feed2.json"
	rtr-dump -q -o "$RUN/now" "127.0.0.1:$PORT"
	run -1 bash -c 'LC_ALL=C sort "$1" | vrp-diff -o "$3" "$2" -' - "$RUN/now" "$RUN/old" "$RUN/delta"
	cat "$RUN/old" "$RUN/delta" | vrp-merge -q >"$RUN/patched"
	run -0 vrp-diff -q "$RUN/patched" "$RUN/now"
	run -1 vrp-diff -q "$RUN/old" "$RUN/now"
}
