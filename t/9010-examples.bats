# SPDX-License-Identifier: ISC
# The examples of the pages run: names of hosts, addresses and files are put in,
# the rest is as a reader would type it.
load lib
load certs

# The examples of a page, one to a file example.N, from its displays.
examples() {
	rm -f example.*
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh [^E]/p' "$ROOT/man/$1" | awk '
		function put(line) {
			gsub(/\\e/, "\\", line)
			gsub(/\\&/, "", line)
			sub(/^\$ /, "", line)
			print line >("example." n)
		}
		/^\.Dl / { n++; put(substr($0, 5)) }
		/^\.Ed/ { within = 0 }
		within { put($0) }
		/^\.Bd/ { n++; within = 1 }'
}

# A feed that is fresh, with every kind of record, and a cache that serves it.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat >feed.json <<-'END'
		{"roas": [
		{"asn": "AS13335", "prefix": "1.1.1.0/24", "maxLength": 24, "ta": "apnic"},
		{"asn": "AS64496", "prefix": "198.51.100.0/24", "maxLength": 24, "ta": "ripe"},
		{"asn": "AS0", "prefix": "203.0.113.0/24", "maxLength": 32, "ta": "arin"},
		{"asn": "AS13335", "prefix": "2606:4700::/44", "maxLength": 48, "ta": "arin"}],
		"aspas": [{"customer": "AS64496", "providers": ["AS64497"], "ta": "ripe"}]}
	END
	cp feed.json rpki.json
	xz -k feed.json
	mv feed.json.xz archive.json.xz
	vrp-fetch -q -o table feed.json
	# Two tables that differ, and what leads from one to the other.
	grep -v '^198' table >yesterday
	vrp-diff -a -o delta yesterday table || [ $? -eq 1 ]
	cp yesterday other
	cat >local.json <<-'END'
		{"slurmVersion": 1,
		 "validationOutputFilters": {"prefixFilters": [{"asn": 13335}], "bgpsecFilters": []},
		 "locallyAddedAssertions": {"prefixAssertions": [{"asn": 64511, "prefix": "192.0.2.0/24"}], "bgpsecAssertions": []}}
	END
	cp yesterday primary
	cp table secondary
	# A route of each state, and one that is as yet not found.
	printf '%s AS64496\n' 198.51.100.0/24 1.1.1.0/24 192.0.2.0/24 203.0.113.0/24 >routes
	# Keys of a cache and of a router, and the cache over SSH as well.
	ssh-keygen -q -t ed25519 -N '' -f host_key
	ssh-keygen -q -t ed25519 -N '' -f router_key
	cp router_key.pub keys
	chmod 644 keys
	serve cache -l ssh://127.0.0.1:0,host-key=host_key,authorized-keys=keys table
	wait_log cache 'serial 1:'
	SSH=$(sed -nE 's/.*listening on ssh:.*:([0-9]+).*/\1/p' "$RUN/cache.err")
	echo "[127.0.0.1]:$SSH $(cut -d ' ' -f 1,2 host_key.pub)" >known_hosts
}

# A cache over TLS that certifies itself, and one of its routers.
with_tls() {
	new_key cache.key
	openssl req -x509 -key cache.key -subj /CN=cache -addext subjectAltName=IP:127.0.0.1 -out cache.pem
	authority routers
	certificate r7 routers IP:127.0.0.1
	start_fed tls-cache rtr-serve -l tls://127.0.0.1:0,cert=cache.pem,key=cache.key,client-ca=routers.pem table
	wait_log tls-cache 'serial 1:'
	TLS_PORT=$(port_of tls-cache)
}

put_in() {
	sed -E "s#https://[a-z0-9.]+/[a-z.]+#feed.json#g
		s#-l [0-9.]*:8282#-l 127.0.0.1:0#g
		s#-l ssh://:22#-l ssh://127.0.0.1:0#g
		s#ssh://r1@cache.example.net#ssh://r1@127.0.0.1:$SSH#g
		s#tls://:324#tls://127.0.0.1:0#g
		s#-l :323#-l 127.0.0.1:0#g
		s#--http :98[46][67]#--http :0#g
		s#unix:/run/#unix:#g
		s# --user rtr##g
		s#tls://cache\.example\.net#tls://127.0.0.1:${TLS_PORT-}#g
		s#(localhost|127\.0\.0\.1):8282#127.0.0.1:$PORT#g
		s#cache\.example\.(net|com)#127.0.0.1:$PORT#g
		s#/var/(db|lib)/[a-z/]+#written#g
		/^rtr-mon -1/! s#^rtr-mon#rtr-mon --http :0#
		s#http://localhost:9866#${MON-}#g
		/rtr-serve.*-l/! s#rtr-serve#rtr-serve -l 127.0.0.1:0#g" "$1"
}

# Has the example written something, to standard output or to a file of its own?
example_wrote() { [ -s "$RUN/example.out" ] || compgen -G 'written*' >/dev/null; }

# Each source of a rtr-mon.
all_in_sync() { [ "$(grep -c ': in sync' "$RUN/example.err")" -eq "$(grep -oE ' [a-z]+=' <<<"$text" | wc -l)" ]; }

# An example that serves is done when it has a table, one that stays when it has written, any other when it ends well
# having written something.
run_example() {
	local text

	rm -f written*
	text=$(put_in "$1")
	printf '%s\n---\n' "$text"
	start example timeout 60 bash -c "set -eo pipefail"$'\n'"$text"$'\n'"wait" </dev/null
	if grep -q rtr-serve <<<"$text"; then
		wait_log example 'serial 1:'
		if grep -q %delta <<<"$text"; then
			wait_log example 'serial 2:'
		fi
		stop example || :
	elif grep -q 'rtr-mon --http' <<<"$text"; then
		wait_for all_in_sync
		stop example || :
	elif grep -qE -e '-r 10m|rtr-dump -f --ssh' <<<"$text"; then
		wait_for example_wrote
		stop example || :
	else
		wait_gone example || {
			cat "$RUN/example.err"
			return 1
		}
		example_wrote || grep -qE -e '-o |diff' "$1"
	fi
}

run_page() {
	local example

	examples "$1"
	[ -e example.1 ]
	for example in example.*; do
		run_example "$example"
	done
}

@test "the examples of vrp(5) run" { run_page vrp.5; }
@test "the examples of vrp(7) run" { run_page vrp.7; }
@test "the examples of vrp-fetch(1) run" { run_page vrp-fetch.1; }
@test "the examples of vrp-slurm(1) run" { run_page vrp-slurm.1; }
@test "the examples of vrp-format(1) run" { run_page vrp-format.1; }
@test "the examples of vrp-validate(1) run" { run_page vrp-validate.1; }
@test "the examples of vrp-diff(1) run" { run_page vrp-diff.1; }
@test "the examples of vrp-merge(1) run" { run_page vrp-merge.1; }
@test "the examples of vrp-sign(1) run" { run_page vrp-sign.1; }
@test "the examples of rtr-serve(1) run" {
	with_tls
	printf 'allow %s\n' 0.0.0.0/0 ::/0 >access
	run_page rtr-serve.1
}
@test "the examples of rtr-dump(1) run" { with_tls; run_page rtr-dump.1; }

@test "the examples of rtr-mon(1) run" {
	with_tls
	start mon rtr-mon --http 127.0.0.1:0 primary=primary secondary=secondary
	wait_log mon 'http on 127'
	MON=http://127.0.0.1:$(sed -nE 's/.*http on 127\.0\.0\.1:([0-9]+).*/\1/p' "$RUN/mon.err" | head -n 1)
	wait_for curl -sfo health "$MON/healthz"
	run_page rtr-mon.1
}

@test "every tool's page has two examples at least, and they are run" {
	for tool in $(sed -n 's/^TOOLS = //p' "$ROOT/Makefile"); do
		examples "$tool.1"
		[ -e example.2 ]
		# Those of vrpfs need a mount.
		grep -qE "run_page $tool\.1|man/$tool\.1" "$BATS_TEST_FILENAME" "$ROOT/t/6000-vrpfs.bats"
	done
}
