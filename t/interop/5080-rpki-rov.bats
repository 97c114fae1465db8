# SPDX-License-Identifier: ISC
# rpki-rov of rtr-tools, which asks rtrlib, and vrp-validate --rov: the same table, the same routes, the same lines.
load ../lib

# Of the routes that VRP_DATA has, 20,000; else a route to every other VRP, one that is a bit too long, and
# some of space that has no VRP.
make_routes() {
	if [ -e "$VRP_DATA/bgp/routes-2024-01.txt.xz" ]; then
		xz -dc "$VRP_DATA/bgp/routes-2024-01.txt.xz" | awk 'NR % 52 == 0 { split($1, a, "/"); print a[1], a[2], $2 }' | head -n 20000
		return
	fi
	awk '/^[%~]/ || $1 !~ "/" || NR % 2 { next }
		{
			split($1, a, "/")
			print a[1], a[2], NR % 3 ? substr($3, 3) : 64500
			if ($2 < 32) print a[1], $2 + 1, substr($3, 3)
			if (NR % 200 == 0) print "100.64." NR % 256 ".0", 24, 64500
		}' table.vrp | head -n 20000
}

# Of one prefix rtrlib has VRPs in no order.
in_order() {
	awk -F '|' '{
		n = split($2, vrps, ",")
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && vrps[j] < vrps[j - 1]; j--) {
				t = vrps[j]; vrps[j] = vrps[j - 1]; vrps[j - 1] = t
			}
		printf "%s|", $1
		for (i = 1; i <= n; i++) printf "%s%s", (i > 1 ? "," : ""), vrps[i]
		print "|" $3
	}'
}

@test "rpki-rov and vrp-validate say the same of 20,000 routes" {
	need_peer rpki-rov
	snapshot_part feed.json	# rpki-rov gives up after 20 seconds
	vrp-fetch -q -E --max-age 0 -o table.vrp feed.json
	make_routes >routes
	[ "$(wc -l <routes)" -ge 19000 ]
	serve cache -E --max-age 0 table.vrp
	wait_log cache 'serial 1:'
	# The end of its input is an error to it.
	run -1 bash -c '"$0" rpki-rov 127.0.0.1 "$1" <routes >said 2>rpki-rov.log' "$ROOT/t/peer" "$PORT"
	[ "$(tail -n 1 said)" = 'input error' ]
	sed '$d' said >theirs
	vrp-validate --rov -t table.vrp routes >ours
	# All three states are among them.
	[ "$(sed 's/.*|//' ours | sort -u | tr -d '\n')" = 012 ]
	in_order <ours >ours.sorted
	in_order <theirs >theirs.sorted
	same theirs.sorted ours.sorted
}
