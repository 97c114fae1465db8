# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# rtr-mon: who lacks what of real caches, feeds and files, once and for ever.

load lib
load certs
load http

# mon ARG...: rtr-mon in the background on a free port; sets $URL.  `give` is its source "-".
mon() {
	start_fed mon rtr-mon --http 127.0.0.1:0 "$@"
	wait_log mon 'http on 127'
	URL=http://127.0.0.1:$(sed -nE 's/.*http on 127\.0\.0\.1:([0-9]+).*/\1/p' "$RUN/mon.err" | head -n 1)
}

# ask PATH: into the file answer
ask() { curl -sf -o answer "$URL$1"; }

# metric NAME{LABELS} VALUE: is there; /metrics is in the file answer.  Asked without a process, for it is asked often.
metric() {
	local fd text=

	exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&"$fd"
	read -rN 1000000 -t "$WAIT" -u "$fd" text || :
	exec {fd}>&-
	[[ $text = "HTTP/1."?" 200 "* ]] || return
	text=${text#*$'\r\n\r\n'}
	printf %s "$text" >answer
	[[ $'\n'$text = *$'\n'"$1 $2"$'\n'* ]]
}
wait_metric() {
	wait_for metric "$@" || {
		grep -F -- "${1%%\{*}" answer >&2
		return 1
	}
}

# difference FILTER: jq's exit status on diff.json
difference() { ask /diff.json && jq -e "$1" answer; }

# The next table on rtr-mon's standard input: taken at once, where a file's takes a second or two.
give() { { echo %snapshot && cat && echo '~end'; } | feed mon; }

# Replaced in one step, as a file that is followed has to be.
put() { cat >"$1.new" && mv "$1.new" "$1"; }

# cache NAME FILE: rtr-serve with its table; sets $PORT
cache() {
	serve "$1" --notify-interval 0 -E --max-age 0
	{ echo %snapshot && cat "$2" && echo '~end'; } | feed "$1"
	wait_log "$1" 'serial 1:'
}

tables() {
	printf '%s\n' '10.0.0.0/8 8 AS1 ripe -' '11.0.0.0/8 8 AS2 arin 4000000000' 'aspa AS1 AS2,AS3 - -' >one
	printf '%s\n' '10.0.0.0/8 8 AS1 apnic -' '2001:db8::/32 48 AS3 - -' 'aspa AS1 AS2 - -' >two
}

@test "-1 says what vrp-diff says, in output and exit status" {
	tables
	run -1 vrp-diff one two
	printf '%s\n' "$output" | sed 1d >want
	run -1 --separate-stderr rtr-mon -1 a=one b=two
	[ -z "$stderr" ]
	[ "${lines[0]}" = "%delta source=two" ]
	printf '%s\n' "$output" | sed 1d >got
	same want got
	cp one three
	run -0 --separate-stderr rtr-mon -1 a=one b=three
	[ -z "$output$stderr" ]
	run -1 --separate-stderr rtr-mon -1 -q a=one b=two
	[ -z "$output$stderr" ]
	# More than two: each against the first.
	run -1 rtr-mon -1 a=one b=three c=two d=-  <two
	[ "$(grep -c '^%delta' <<<"$output")" -eq 2 ]
	[[ $output = *"%delta source=two"*"%delta source=-"* ]]
}

@test "-1 compares a cache, a feed and a stream, each to its end" {
	tables
	cache cache one
	run -0 rtr-mon -1 "a=tcp://127.0.0.1:$PORT" b=- <one
	# What a stream has is what it has in the end.
	run -0 rtr-mon -1 a=one b=- < <(printf '%s\n' %snapshot '~end' && sleep 0.2 && echo %snapshot && cat one && echo '~end')
	run -2 --separate-stderr rtr-mon -1 a=one b=- < <(printf '%s\n' %snapshot '1.0.0.0/8 8 AS1')
	[ -z "$output" ]
	[[ $stderr = "rtr-mon: b: -:"* ]]
}

@test "-1 with a source that fails or keeps silent is trouble" {
	tables
	run -2 --separate-stderr rtr-mon -1 a=one b=nothing
	[[ $stderr = "rtr-mon: b: nothing: No such file"* ]]
	run -2 --separate-stderr rtr-mon -1 a=one "b=tcp://127.0.0.1:$(free_port)"
	[ -z "$output" ]
	[[ $stderr = *"b: tcp://127.0.0.1:"*"refused"* ]]
	echo '10.0.0.0/8 8 nonsense' >bad
	run -2 --separate-stderr rtr-mon -1 a=one b=bad
	[[ $stderr = "rtr-mon: b: bad: "* ]]
	start_fed silent "$VRP_TOOLS/rtr-poke" -l -i -t "$WAIT"
	wait_log silent 'listening on'
	run -2 --separate-stderr rtr-mon -1 -t 1s a=one "b=tcp://127.0.0.1:$(port_of silent)"
	[[ $stderr = *"no table within 1 s"* ]]
	echo '%snapshot time=2020-01-01T00:00:00Z' | cat - one <(echo '~end') >old
	run -2 --separate-stderr rtr-mon -1 a=one b=old
	[[ $stderr = *"too old"* ]]
	run -0 rtr-mon -1 a=one --max-age 0 b=old
}

@test "usage errors" {
	tables
	local args
	for args in "" "a=one" "one two" "a=one =two" "a=one b=" "a=one a=two" "a=one b=one" "a=one b/c=two" "-r 0 a=one b=two" \
		"a=one b=two -r 5m" "-1 --http :0 a=one b=two" "-1 --on-change true a=one b=two" "--visibility 5,3 a=one b=two" \
		"--visibility x a=one b=two" "--tls-cert c a=one --tls-key k b=two" "--hook-timeout 0 a=one b=two"; do
		echo "$args"
		# shellcheck disable=SC2086
		run -2 --separate-stderr rtr-mon $args
		[ -z "$output" ]
		[[ $stderr = *"try 'rtr-mon -h'" ]]
	done
	run -2 rtr-mon --http 192.0.2.1:1 a=one b=two
	[[ $output = *"--http: "* ]]
	# Names of 33 sources.
	run -2 rtr-mon $(seq 33 | sed 's/.*/n&=f&/')
	[[ $output = *"more than 32 sources"* ]]
}

@test "metrics, differences and status of a cache and a file" {
	tables
	cache cache one
	mon --visibility 0,1,9999 "a=tcp://127.0.0.1:$PORT" b=two
	local u="tcp://127.0.0.1:$PORT"
	wait_metric "vrp_diff{lhs_url=\"$u\",rhs_url=\"two\",visibility_seconds=\"1\"}" 1
	metric "vrp_diff{lhs_url=\"two\",rhs_url=\"$u\",visibility_seconds=\"0\"}" 1
	run ! grep -q 9999 answer
	metric "rpki_vrps{server=\"a\",type=\"total\",url=\"$u\"}" 2
	metric "rpki_vrps{server=\"b\",type=\"diff\",url=\"two\"}" 1
	metric "rpki_grace_period_vrps{url=\"two\"}" 0
	metric "rtr_state{server=\"a\",url=\"$u\"}" 1
	metric "rtr_serial{server=\"a\",url=\"$u\"}" 1
	metric 'rtrmon_source_up{source="b"}' 1
	metric 'rtrmon_source_records{source="a",type="aspa",family=""}' 1
	metric 'rtrmon_differing_records{lhs="a",rhs="b"}' 0
	run ! grep -q '^rtrmon_diverged' answer
	# No series twice.
	[ -z "$(grep -v '^#' answer | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
	difference '."metadata-primary".url == "'"$u"'" and ."metadata-primary".count == 2 and ."metadata-primary".serial == 1
		and (."only-primary" | length) == 1 and ."only-primary"[0].asn == 2 and ."only-primary"[0].visible
		and ."only-secondary"[0].prefix == "2001:db8::/32" and ."only-secondary"[0]."max-length" == 48
		and ."aspas-only-primary"[0].providers == [2, 3] and ."aspas-only-secondary"[0].providers == [2]'
	curl -sf "$URL/diff.json?lhs=b&rhs=a" | jq -e '."metadata-primary".url == "two"'
	[ "$(curl -so /dev/null -w '%{http_code}' "$URL/diff.json?lhs=b")" = 400 ]
	[ "$(curl -so /dev/null -w '%{http_code}' "$URL/diff.json?lhs=b&rhs=%3Cx")" = 404 ]
	[ "$(curl -so /dev/null -w '%{http_code}' "$URL/nothing")" = 404 ]
	ask /status
	jq -e '.sources[0].kind == "cache" and .sources[0].version == 2 and .sources[1].state == "in sync"
		and .pairs[0].records == 2 and .pairs[0].aspas == 1' answer
	ask /healthz
	ask /
	grep -q 'Sources agree' answer
	grep -q '11.0.0.0/8 up to 8, AS2' answer
}

@test "three sources: every pair, and each two of them alone" {
	tables
	echo '12.0.0.0/8 8 AS9' >three
	mon a=one b=two c=three
	wait_metric 'rtrmon_differing_records{lhs="c",rhs="b"}' 0
	difference '[.pairs[] | .lhs + .rhs] == ["ab", "ac", "bc"] and (.pairs[2]."only-primary" | length) == 2'
	curl -sf "$URL/diff.json?lhs=c&rhs=a" | jq -e '."only-primary"[0].asn == 9 and (.lhs == null)'
	metric 'vrp_diff{lhs_url="three",rhs_url="one",visibility_seconds="0"}' 1
	metric 'rpki_vrps{server="b",type="diff",url="two"}' 2
}

@test "a record that is lost: the grace period, then a log line, and the end of it" {
	tables
	mon -g 2s a=one b=-
	give <one
	wait_metric 'rtrmon_source_up{source="b"}' 1
	grep -v AS2, one | grep -v '^11' | give
	wait_metric 'rpki_grace_period_vrps{url="-"}' 1
	wait_metric 'vrp_diff{lhs_url="one",rhs_url="-",visibility_seconds="0"}' 1
	wait_log mon 'a has 2 records that b has lacked for 2 s or longer'
	wait_metric 'rtrmon_differing_records{lhs="a",rhs="b"}' 2
	grep -q '^rtrmon_diverged_since_time_seconds{lhs="a",rhs="b"} ' answer
	metric 'rpki_grace_period_vrps{url="-"}' 0
	ask /
	grep -q 'Sources differ' answer
	give <one
	wait_log mon 'a has no record any longer that b'
	wait_metric 'rtrmon_differing_records{lhs="a",rhs="b"}' 0
	run ! grep -q '^rtrmon_diverged_since_time_seconds' answer
	metric 'rtrmon_changes_total{source="b"}' 2
}

@test "caches come and go, and so do feeds; rtr-mon stays" {
	tables
	cache cache one
	mkdir www
	cp two www/feed
	mon -r 1s "a=tcp://127.0.0.1:$PORT" "b=$PWD/www/feed"
	local u="tcp://127.0.0.1:$PORT"
	wait_metric "rtr_state{server=\"a\",url=\"$u\"}" 1
	stop cache
	wait_metric "rtr_state{server=\"a\",url=\"$u\"}" 0
	metric 'rtrmon_source_up{source="a"}' 0
	# The last table stands.
	metric "rpki_vrps{server=\"a\",type=\"total\",url=\"$u\"}" 2
	ask /healthz
	start_fed cache rtr-serve -l "127.0.0.1:$PORT" -E --max-age 0
	{ echo %snapshot && cat two && echo '~end'; } | feed cache
	wait_metric "rtr_state{server=\"a\",url=\"$u\"}" 1
	wait_metric "rpki_vrps{server=\"a\",type=\"diff\",url=\"$u\"}" 0
	rm www/feed
	wait_metric 'rtrmon_source_state{source="b",state="failing"}' 1
	echo nonsense >www/feed
	wait_metric 'rtrmon_source_refusals_total{source="b"}' 1
	put www/feed <one
	wait_metric "rpki_vrps{server=\"b\",type=\"diff\",url=\"$PWD/www/feed\"}" 1
	alive mon
	stop mon
}

@test "feeds over HTTP: a file of nginx, and rtr-serve's own table" {
	need_peer nginx
	tables
	make_certificates 2>/dev/null
	mkdir -p www
	vrp-format -q -o json two >www/feed
	start_nginx
	serve cache --notify-interval 0 -E --max-age 0 --http 127.0.0.1:0
	{ echo %snapshot && cat one && echo '~end'; } | feed cache
	wait_log cache 'serial 1:'
	local table
	table=http://$(sed -n 's/.*http on //p' "$RUN/cache.err")/rpki.json
	mon -r 1s "a=$table" "b=$url/feed" "c=tcp://127.0.0.1:$PORT"
	wait_metric "rpki_vrps{server=\"a\",type=\"diff\",url=\"$table\"}" 1
	wait_metric "rpki_vrps{server=\"b\",type=\"diff\",url=\"$url/feed\"}" 1
	# Nothing is new while the server says so, and what is new is seen.
	printf '%%delta\n+2001:db8::/32 48 AS3\n~end\n' | feed cache
	wait_metric "rpki_vrps{server=\"a\",type=\"total\",url=\"$table\"}" 3
	wait_metric "rpki_vrps{server=\"c\",type=\"total\",url=\"tcp://127.0.0.1:$PORT\"}" 3
	vrp-format -q -o json one >www/feed
	wait_metric "rpki_vrps{server=\"b\",type=\"diff\",url=\"$url/feed\"}" 0
	stop nginx
	wait_metric 'rtrmon_source_state{source="b",state="failing"}' 1
	metric "rpki_vrps{server=\"b\",type=\"total\",url=\"$url/feed\"}" 2
	stop mon
}

@test "a table that may not be used any longer is compared with nobody" {
	tables
	cat >dated <<-END
		%snapshot time=$(date -u -d '-8 seconds' +%Y-%m-%dT%H:%M:%SZ)
		10.0.0.0/8 8 AS1
		~end
	END
	mon -g 0 --max-age 10 a=dated --max-age 0 b=one
	wait_metric 'rtrmon_source_state{source="a",state="withdrawn"}' 1
	metric 'rpki_vrps{server="a",type="total",url="dated"}' 0
	run ! grep -q '^vrp_diff{' answer
	run ! grep -q '^rtrmon_diverged' answer
	[ "$(curl -so /dev/null -w '%{http_code}' "$URL/healthz")" = 503 ]
	wait_log mon 'a: withdrawn: '
	put dated <one
	wait_metric 'rpki_vrps{server="a",type="total",url="dated"}' 2
	metric 'rtrmon_differing_records{lhs="b",rhs="a"}' 0
	ask /healthz
}

@test "the hook is told of changes, of a difference that lasts, and of its end" {
	tables
	cat >hook <<-'END'
		{ echo "$VRP_EVENT $VRP_SOURCE$VRP_LHS $VRP_RHS +$VRP_ANNOUNCED$VRP_RHS_ONLY -$VRP_WITHDRAWN$VRP_LHS_ONLY"; cat; } >>told
	END
	mon -g 1s --on-change 'sh hook' a=one b=-
	give <one
	wait_metric 'rtrmon_source_up{source="b"}' 1
	grep -v '^11' one | give
	has_told() { [ "$(grep -cE '^(change|differ|agree)' told)" -ge "$1" ]; }
	wait_for has_told 2
	give <one
	wait_for has_told 4
	cat >want <<-END
		change b  +0 -1
		%delta source=-
		-11.0.0.0/8 8 AS2 arin 4000000000
		~end
		differ a b +0 -1
		%delta source=-
		-11.0.0.0/8 8 AS2 arin 4000000000
		~end
		change b  +1 -0
		%delta source=-
		+11.0.0.0/8 8 AS2 arin 4000000000
		~end
		agree a b +0 -0
		%delta source=-
		~end
	END
	wait_metric 'rtrmon_hook_runs_total{result="ok"}' 4
	same want told
}

@test "a slow hook holds up nothing, is told the net change next, and is ended when its time is over" {
	tables
	mkfifo go
	mon --hook-timeout 60 --on-change 'echo $$ >>hook.pid; echo "$VRP_ANNOUNCED $VRP_WITHDRAWN" >>told; read x <go' a=one b=-
	give <one
	wait_metric 'rtrmon_source_up{source="b"}' 1
	grep -v '^11' one | give
	wait_for test -s told
	# While it runs: two changes that come to one record more than it was told.
	{ grep -v '^11' one && echo '12.0.0.0/8 8 AS12'; } | give
	wait_metric 'rtrmon_changes_total{source="b"}' 2
	{ grep -v '^11' one && printf '%s\n' '13.0.0.0/8 8 AS13' '14.0.0.0/8 8 AS14'; } | give
	wait_metric 'rtrmon_changes_total{source="b"}' 3
	[ "$(cat told)" = "0 1" ]
	echo >go
	two_told() { [ "$(tail -n 1 told)" = "2 0" ]; }
	wait_for two_told
	# It ends with rtr-mon, also one that is killed.
	stop mon KILL || :
	wait_for not kill -0 "$(tail -n 1 hook.pid)"
}

@test "a hook that takes too long, fails, or leaves others behind" {
	tables
	cat >hook <<-'END'
		case $VRP_ANNOUNCED in
		1) sleep 1000 & echo $! >left; exit 3 ;;
		*) trap '' TERM; sleep 1000 ;;
		esac
	END
	mon --hook-timeout 1s --on-change 'sh hook' a=one b=-
	give <one
	wait_metric 'rtrmon_source_up{source="b"}' 1
	{ cat one && echo '12.0.0.0/8 8 AS12'; } | give
	wait_metric 'rtrmon_hook_runs_total{result="failed"}' 1
	wait_log mon 'b: the hook failed with exit status 3'
	wait_for not kill -0 "$(cat left)"
	give <one
	wait_metric 'rtrmon_hook_runs_total{result="timeout"}' 1
	wait_log mon 'b: the hook took longer than 1 s and was ended'
	stop mon
}

@test "the hook may do what its user may, rtr-mon may not" {
	tables
	mon --on-change 'cat /etc/hostname >"$HOME/out"; echo done >>"$HOME/out"' a=one b=-
	give <one
	wait_metric 'rtrmon_source_up{source="b"}' 1
	give <two
	wait_metric 'rtrmon_hook_runs_total{result="ok"}' 1
	run -0 grep -E 'NoNewPrivs|Seccomp:' "/proc/$(pid_of mon)/status"
	[[ $output = *"NoNewPrivs:"*1* ]] || skip "no sandbox here"
}

@test "TLS is verified, of each cache by what stands in front of it" {
	tables
	authority ca
	authority other
	certificate cache ca IP:127.0.0.1
	start_fed cache rtr-serve -l tls://127.0.0.1:0 --tls-cert cache.pem --tls-key cache.key -E --max-age 0
	wait_log cache 'listening on'
	PORT=$(port_of cache)
	{ echo %snapshot && cat one && echo '~end'; } | feed cache
	wait_log cache 'serial 1:'
	run -0 rtr-mon -1 --tls-ca ca.pem "a=tls://127.0.0.1:$PORT" b=one
	run -2 --separate-stderr rtr-mon -1 --tls-ca other.pem "a=tls://127.0.0.1:$PORT" b=one
	[[ $stderr = *certif* ]]
	# The same cache by two names: one is believed.
	mon -r 1s --tls-ca ca.pem "a=tls://127.0.0.1:$PORT" --tls-ca other.pem "b=tls://localhost:$PORT" c=one
	wait_metric 'rtrmon_source_up{source="a"}' 1
	wait_metric 'rtrmon_source_state{source="b",state="failing"}' 1
	metric 'rtrmon_differing_records{lhs="a",rhs="c"}' 0
}

@test "whatever a source is called and says, documents stay what they are" {
	tables
	local name=$'x"\\<script>\n&%00{}\xff.vrp'
	{ echo '%snapshot source=%22%3Cb%3E serial=7 session=9' && cat one && echo '~end'; } >"$name"
	{ echo '10.0.0.0/8 8 AS1 "><script> -'; echo 'router-key AS5 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC %22%3Cx -'; } >two
	mon a="$name" b=two
	wait_metric 'rtrmon_source_up{source="b"}' 1
	ask /metrics
	[ -z "$(grep -vE '^(# (HELP|TYPE) [a-z_]+ .*|[a-z_]+(\{.*\})? [0-9.e+-]+)$' answer)" ]
	difference '."only-secondary"[0].bgpsec.ta == "\"<x" and (."metadata-primary".url | contains("script"))'
	ask /status
	jq -e '.sources[0].name == "a"' answer
	ask /
	[ "$(grep -c '<script>' answer)" -eq 1 ]
	run ! grep -qF '<b>' answer
	run -0 curl -sI "$URL/"
	[[ $output = *"Content-Security-Policy: "* ]]
}

@test "SIGHUP asks all sources, a service manager is told, and SIGTERM ends it with 0" {
	tables
	cache cache one
	start_fed mon "$VRP_TOOLS/manager" -n notify -- rtr-mon --http 127.0.0.1:0 -r 1h "a=tcp://127.0.0.1:$PORT" b=two
	wait_log mon 'manager: READY=1'
	wait_log mon 'STATUS=2 of 2 sources in sync'
	kill -HUP "$(pid_of mon)"
	wait_log mon 'SIGHUP'
	wait_log mon RELOADING=1
	stop mon
	wait_log mon STOPPING=1
}
