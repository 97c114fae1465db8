# SPDX-License-Identifier: ISC
# What vrp-format writes, read by the programs that it is for: StayRTR, BIRD 2 and OpenBGPD.
#
# BIRD 1 is no longer packaged; 2300-vrp-format.bats compares its dialects with
# what rpki-client wrote.  OpenBGPD 7.7 and BIRD 2.0 know no ASPAs.
load ../lib
load routers

# StayRTR drops what has expired, and all of the real table has.
setup_file() {
	make_feed
	sed -E 's/ [0-9]+$/ -/' "$RUN/base.vrp" >"$RUN/timeless.vrp"
	grep -v '^aspa' "$RUN/base.vrp" >"$RUN/no-aspas.vrp"
	grep -v '^aspa' "$ROOT/t/data/export/all.in" >"$RUN/all.vrp"
}

teardown() {
	show_logs
	stop_all
}

keys() { grep ^router-key "$1" | cut -d ' ' -f 1-4; }

# Does StayRTR serve the real table?
serves_the_table() {
	local version

	wait_log stayrtr 'Server started'
	for version in 2 1; do
		rtr-dump -q --rtr-version "$version" "$STAYRTR" >"$RUN/dump.vrp"
		vrps <"$RUN/dump.vrp" >"$RUN/dump"
		same "$RUN/want0" "$RUN/dump"
	done
}

@test "StayRTR serves the table of our JSON, router keys too" {
	vrp-format -o json -O "$RUN/table.json" "$RUN/timeless.vrp"
	grep -q '"customer_asid": 148800,' "$RUN/table.json"
	stayrtr_start "$RUN/table.json"
	serves_the_table
	same <(keys "$RUN/base.vrp") <(keys "$RUN/dump.vrp")
}

@test "StayRTR takes the age of the data from our JSON" {
	need_peer stayrtr
	sed "1s/time=[^ ]*/time=$(date -u -d '1 hour ago' +%FT%TZ)/" "$RUN/timeless.vrp" | vrp-format -o json -O "$RUN/fresh.json"
	# With its own check of the time, unlike stayrtr_start.
	STAYRTR=127.0.0.1:$(free_port)
	start stayrtr "$ROOT/t/peer" stayrtr -cache "$RUN/fresh.json" -bind "$STAYRTR" -metrics.addr ""
	serves_the_table
	stop stayrtr || :
	vrp-format -o json -O "$RUN/stale.json" "$RUN/timeless.vrp"
	start stayrtr "$ROOT/t/peer" stayrtr -cache "$RUN/stale.json" -bind "$STAYRTR" -metrics.addr ""
	wait_log stayrtr 'VRP JSON file is older than 24 hours: 2023-11-07 22:38:01'
}

@test "StayRTR serves the table of our SLURM file, asserted onto an empty one" {
	need_peer stayrtr
	grep '/' "$RUN/timeless.vrp" | grep -v '^[%r]' | vrp-format -o slurm -O "$RUN/table.slurm"
	vrp-format -o json "$ROOT/t/data/export/empty.in" >"$RUN/empty.json"
	STAYRTR=127.0.0.1:$(free_port)
	start stayrtr "$ROOT/t/peer" stayrtr -cache "$RUN/empty.json" -slurm "$RUN/table.slurm" -checktime=false \
		-bind "$STAYRTR" -metrics.addr ""
	serves_the_table
}

# BIRD parses a configuration that is what we write and the least that BIRD wants beside it.
bird_takes() {
	printf 'router id 192.0.2.1;\ninclude "%s";\n' "$1" >"$RUN/include.conf"
	peer bird -p -c "$RUN/include.conf"
}

@test "BIRD parses our configuration" {
	need_peer bird
	for table in base all; do
		vrp-format -q -o bird -O "$RUN/roa.conf" "$RUN/$table.vrp"
		bird_takes "$RUN/roa.conf"
	done
	vrp-format -o bird -O "$RUN/roa.conf" "$ROOT/t/data/export/empty.in"
	bird_takes "$RUN/roa.conf"
	# And would say so if it did not.
	sed -i 's/static/statik/' "$RUN/roa.conf"
	run ! bird_takes "$RUN/roa.conf"
}

@test "BIRD holds the real table in tables of another name, and follows a change of the file" {
	need_peer bird
	vrp-format -q -o bird -T RPKI -O "$RUN/roa.conf" "$RUN/base.vrp"
	printf 'router id 192.0.2.1;\nlog stderr all;\ninclude "%s";\n' "$RUN/roa.conf" >"$RUN/bird.conf"
	start bird "$ROOT/t/peer" bird -f -c "$RUN/bird.conf" -s "$RUN/bird.ctl" -P "$RUN/bird.pidfile"
	wait_log bird 'Started'
	static_vrps >"$RUN/got"
	same "$RUN/want0" "$RUN/got"
	cat "$RUN/base.vrp" "$RUN/delta6" | vrp-format -q -o bird -T RPKI -O "$RUN/roa.conf"
	birdc configure
	wait_log bird 'Reconfigured'
	static_vrps >"$RUN/got"
	same "$RUN/want6" "$RUN/got"
}

static_vrps() {
	{ birdc 'show route table RPKI4' && birdc 'show route table RPKI6'; } |
		sed -nE 's|^([^ ]+/[0-9]+)-([0-9]+) AS([0-9]+) .*|\1 \2 \3|p' | sort
}

# Without root: -n only parses.  With -v it writes the configuration that it has understood.
bgpd_says() {
	printf 'AS 64496\nrouter-id 192.0.2.1\ninclude "%s"\n' "$1" >"$RUN/bgpd.conf"
	chmod 600 "$RUN/bgpd.conf" "$1"
	peer openbgpd -nv -f "$RUN/bgpd.conf"
}

sets() { sed -n '/^roa-set {/,/^}/p' | sort; }

@test "OpenBGPD understands our roa-set as it stands" {
	need_peer openbgpd
	for table in no-aspas all; do
		vrp-format -q -o openbgpd -O "$RUN/sets.conf" "$RUN/$table.vrp"
		bgpd_says "$RUN/sets.conf" >"$RUN/understood"
		sets <"$RUN/sets.conf" >"$RUN/want"
		sets <"$RUN/understood" >"$RUN/got"
		[ -s "$RUN/want" ]
		same "$RUN/want" "$RUN/got"
	done
	vrp-format -o openbgpd -O "$RUN/sets.conf" "$ROOT/t/data/export/empty.in"
	bgpd_says "$RUN/sets.conf"
}

@test "vrp-fetch makes the very table of our JSON again" {
	for table in "$RUN/base.vrp" "$ROOT/t/data/export/empty.in"; do
		vrp-format -o json "$table" | vrp-fetch -q -E --max-age 0 --strict >"$RUN/again"
		# The source is the pipe, which has no name.
		sed '1s/ source=.*//' "$table" >"$RUN/want"
		same "$RUN/want" "$RUN/again"
	done
}
