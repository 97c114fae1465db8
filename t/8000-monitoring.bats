# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2016,SC2154
# What is in contrib for Prometheus and Grafana, with the real promtool and a real Prometheus that scrapes a real
# rtr-serve and rtr-mon.  What single metrics say is in 4080 and 4200.

load lib

RULES=$ROOT/contrib/prometheus/vrptools.rules.yml
BOARD=$ROOT/contrib/grafana/vrptools.json

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_peer promtool
}

lines() { printf '%s\n' "$@" | feed cache; }
web_of() { sed -nE 's/.*http on (127\.0\.0\.1:[0-9]+).*/\1/p' "$RUN/$1.err" | head -n 1; }

# A cache with data, a router that stays, and an error of the input; sets CACHE.
cache() {
	serve cache --http 127.0.0.1:0 --client-metrics
	wait_log cache 'http on'
	CACHE=$(web_of cache)
	lines %delta 'nonsense' ~end
	lines "%snapshot time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" '192.0.2.0/24 24 AS64496 ripe -' '198.51.100.0/24 24 AS64497 arin -' \
		'2001:db8::/32 48 AS64496 ripe -' 'aspa AS64496 AS64497 ripe -' ~end
	wait_log cache 'serial 1:'
	start_fed router "$VRP_TOOLS/rtr-poke" -i -t 60 127.0.0.1 "$PORT"
	echo reset 1 read | feed router
}

# Two sources of which one lacks a record for longer than the grace period; sets MON.
mon() {
	printf '%s\n' '192.0.2.0/24 24 AS64496' '198.51.100.0/24 24 AS64497' >one
	printf '%s\n' '192.0.2.0/24 24 AS64496' >two
	start mon rtr-mon --on-change true --grace 1s --http 127.0.0.1:0 one=one two=two
	wait_log mon 'http on'
	MON=$(web_of mon)
}

metrics() { curl -sSf --max-time 60 "http://$1/metrics"; }
has() { metrics "$1" | grep -q "^$2"; }

# Names of the metrics that expressions ask for, without those that rules record and those of Prometheus.
names() { grep -oE '[a-z_]+(:[a-z0-9_:]+)?' | grep -E '^(rtrserve|rtrmon|rpki|rtr)_[a-z_]+$' | sort -u; }

# Every expression of the dashboard, and of its variables; Grafana's own variables put in.
board_exprs() {
	jq -r '[.panels[] | .. | .expr? // empty] + [.annotations.list[].expr // empty] | .[]' "$BOARD" |
		sed -e 's/\$__rate_interval/1m/g' -e 's/\$\(job\|instance\)/.*/g'
}

# They as a file of rules, which a JSON file is as well.
board_rules() {
	board_exprs | jq -Rn '{groups: [{name: "board", interval: "1s",
		rules: [[inputs] | to_entries[] | {record: "board:\(.key)", expr: .value}]}]}'
}

@test "the rules are well-formed, fire where they shall, and are silent where they shall" {
	run -0 peer promtool check rules "$RULES"
	run -0 peer promtool check config --syntax-only "$ROOT/contrib/prometheus/prometheus.yml"
	run -0 peer promtool test rules "$ROOT/contrib/prometheus/vrptools.test.yml"
	[[ $output = *SUCCESS* ]]
	# Each alert has a test and a line in the document.
	for alert in $(sed -n 's/^ *- alert: //p' "$RULES" | sort -u); do
		grep -q "alertname=\"$alert\", alertstate=\"firing\", severity" "$ROOT/contrib/prometheus/vrptools.test.yml"
		grep -q "^|.*\<$alert\>" "$ROOT/contrib/prometheus/README.md"
	done
}

@test "the dashboard is one that Grafana takes, and its expressions are well-formed" {
	# One id and one place for each panel; nothing that names a data source of somebody's.
	run -0 jq -e '
		([.panels[].id] | length == (unique | length)) and
		([.panels[].gridPos | .x + .w <= 24 and .w > 0 and .h > 0] | all) and
		([.panels[] | . as {gridPos: $p} | range($p.x; $p.x + $p.w) as $x | range($p.y; $p.y + $p.h) as $y | "\($x) \($y)"]
			| length == (unique | length)) and
		([.. | .datasource? // empty | select(.type == "prometheus") | .uid == "${datasource}"] | all) and
		([.panels[] | select(.type != "row") | .datasource.uid == "${datasource}" and (.targets | length > 0)] | all) and
		(.templating.list | map(.name) == ["datasource", "job", "instance"]) and
		.id == null and (.__inputs // [] | length == 0)' "$BOARD"
	board_rules >board.json
	[ "$(jq '.groups[0].rules | length' board.json)" -gt 40 ]
	run -0 peer promtool check rules board.json
}

@test "the metrics that rules and dashboard ask for are there, and promtool finds nothing to say about any" {
	serve empty --http 127.0.0.1:0
	wait_log empty 'http on'
	metrics "$(web_of empty)" >empty.metrics
	cache
	mon
	wait_for has "$CACHE" 'rtrserve_client_serial{.* 1$'
	wait_for has "$MON" rtrmon_diverged_since_time_seconds
	metrics "$CACHE" >cache.metrics
	metrics "$MON" >mon.metrics
	for what in empty cache mon; do
		run -0 --separate-stderr peer promtool check metrics <$what.metrics
		[ -z "$output$stderr" ]
	done
	cat ./*.metrics | sed -n 's/^\([a-z_]*\).*/\1/p' | sort -u >there
	{ grep -v '^ *#' "$RULES" | sed -n '/expr:/,/for:\|labels:\|- record:/p'; board_exprs; } | names >wanted
	[ "$(wc -l <wanted)" -gt 30 ]
	comm -13 there wanted >missing
	same /dev/null missing
}

# query EXPR: the values, one a line
query() {
	curl -sSf --max-time 60 -G --data-urlencode "query=$1" "http://127.0.0.1:$PROM/api/v1/query" |
		jq -r 'if .status == "success" then .data.result[].value[1] else error(.error) end'
}
gives() { [ "$(query "$1" | sort | paste -sd ' ')" = "$2" ]; }
answers() { wait_for gives "$@" || { echo "$1 gives $(query "$1")" >&2; return 1; }; }
ready() { curl -sf --max-time 10 "http://127.0.0.1:$PROM/-/ready" >/dev/null; }
rules_of() { curl -sSf --max-time 60 "http://127.0.0.1:$PROM/api/v1/rules" | jq -r ".data.groups[].rules[] | $1"; }
all_evaluated() { [ "$(rules_of '.health' | sort -u)" = ok ]; }

@test "a real Prometheus scrapes both each second, and evaluates every rule and expression" {
	cache
	mon
	# Rules once a second, and waiting for nothing: what fires here is told by rules_of.
	sed 's/^- name: .*/&\n  interval: 1s/; s/^\( *for:\) .*/\1 0s/' "$RULES" >rules.yml
	board_rules >board.json
	cat >prometheus.yml <<-END
		global: {scrape_interval: 1s, evaluation_interval: 1s}
		rule_files: [rules.yml, board.json]
		scrape_configs:
		- {job_name: rtr-serve, static_configs: [{targets: ["$CACHE"]}]}
		- {job_name: rtr-mon, static_configs: [{targets: ["$MON"]}]}
	END
	PROM=$(free_port)
	start prometheus "$ROOT/t/peer" prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
		--web.listen-address="127.0.0.1:$PROM" --log.level=error
	wait_for ready
	answers 'up' '1 1'
	answers 'sum(rtrserve_clients)' 1

	# What it stores is what /status says.
	curl -sSf "http://$CACHE/status" >status
	answers 'rtrserve_serial' "$(jq .rtr.serial status)"
	answers 'sum(rtrserve_records{type="vrp"})' "$(jq '.table.vrps_ipv4 + .table.vrps_ipv6' status)"
	answers 'rtrserve_records{trust_anchor="arin", family="ipv4"}' "$(jq '.trust_anchors[] | select(.name == "arin").vrps_ipv4' status)"
	answers 'rtrserve_session{version="1"}' "$(jq .rtr.sessions[1] status)"
	answers 'rtrserve_input_time_seconds' "$(date -d "$(jq -r .input.data_time status)" +%s)"
	answers 'rtrserve_start_time_seconds' "$(date -d "$(jq -r .started status)" +%s)"

	# It sees a change, and the router that does not ask for it.
	lines %delta '+203.0.113.0/24 24 AS64498 ripe -' ~end
	answers 'rtrserve_serial' 2
	answers 'rtrserve_client_serial_lag' 1
	answers 'sum(increase(rtrserve_announced_records_total[1m])) > bool 0' 1
	answers 'source:rtrmon_differing_records:ratio{lhs="one"}' 0.5

	wait_for all_evaluated || { rules_of 'select(.health != "ok") | "\(.name) \(.lastError)"' >&2; false; }
	rules_of 'select(.state == "firing").name' | sort -u >firing
	grep -qx RpkiSourcesDiverge firing
	not grep -qxE 'RpkiTargetDown|RpkiNoTable|RpkiInputStale|RpkiTableShrinks' firing
	# The words of those that fire have no faults of their templates in them.
	rules_of 'select(.state == "firing").alerts[].annotations[]' >said
	[ -s said ]
	not grep -qiE 'error|<no value>|%!' said

	stop cache || :
	answers 'up{job="rtr-serve"}' 0
}
