# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# What each tool can still do while it works: t/preload/trespass.c tries it from within.
load lib
load fs

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	VRP_SANDBOX=require vrp-merge <<<'10.0.0.0/8 8 AS1' >/dev/null 2>&1 || skip "no Landlock or no seccomp"
	mkdir elsewhere work
	echo secret >elsewhere/file
	cd work || return
	printf '10.0.0.0/8 8 AS1\n192.0.2.0/24 24 AS64496\n' >table
	printf '10.0.0.0/8 9 AS1\n' >other
	echo '{"slurmVersion":1,"validationOutputFilters":{"prefixFilters":[],"bgpsecFilters":[]},"locallyAddedAssertions":{"prefixAssertions":[],"bgpsecAssertions":[]}}' >slurm
	PORT=9
}

# Sanitizers have to be loaded first; test_sandbox runs with them.
need_preload() {
	case $VRP_BIN in *asan*) skip "sanitizers" ;; esac
}

# Run a tool that trespasses.
trespass() {
	rm -f "$BATS_TEST_TMPDIR/report"
	TRESPASS_REPORT=$BATS_TEST_TMPDIR/report TRESPASS_FILE=$BATS_TEST_TMPDIR/elsewhere/file TRESPASS_PORT=$PORT \
		LD_PRELOAD=$VRP_TOOLS/trespass.so "$@"
}

# What it could do, on one line, in each of its threads.
trespassed() {
	local report=$BATS_TEST_TMPDIR/report

	grep -qx end "$report" || { echo "nothing was tried"; return 1; }
	[ "$(grep -cx 'no-new-privs 1' "$report")" -eq "$(grep -cx end "$report")" ] || { echo "new privileges"; return 1; }
	[ "$(cat "$BATS_TEST_TMPDIR/elsewhere/file")" = secret ] || { echo "the file is not what it was"; return 1; }
	grep -vE ' (EACCES|EPERM)$|^end$|^no-new-privs' "$report" | sort -u | paste -sd ' '
}

# The tool ends with the status, and could do nothing but what is named.
keeps() {
	local kept=$1 status=$2

	shift 2
	run "-$status" trespass "$@"
	[ "$(trespassed)" = "$kept" ] || { echo "$*: $(trespassed)"; return 1; }
}

@test "filters of tables keep the files that they are given" {
	need_preload
	keeps '' 1 vrp-diff table other
	keeps '' 1 vrp-diff - other <table
	keeps '' 1 vrp-diff -o delta table other
	keeps '' 0 vrp-merge <table
	keeps '' 0 vrp-merge -o merged table other
	keeps '' 0 vrp-merge -f table other
	keeps '' 0 vrp-format -o json table
	keeps '' 0 vrp-format -o csv -O out.csv <table
	keeps '' 0 vrp-slurm -f slurm <table
	keeps '' 0 vrp-slurm -w -f slurm <table
	keeps '' 0 vrp-slurm -c slurm
	keeps '' 0 vrp-validate -t table 10.0.0.0/8 AS1
	keeps '' 0 vrp-validate -t table - <<<'10.0.0.0/8 AS1'
	keeps '' 0 vrp-validate --watch <(echo '10.0.0.0/8 AS1') <table
}

@test "vrp-sign keeps its input, and the files that it writes" {
	need_preload
	(umask 077 && openssl genpkey -algorithm ed25519 -out sign.key)
	openssl pkey -in sign.key -pubout -out sign.pub
	vrp-sign -k sign.key table >signed
	keeps '' 0 vrp-sign -k sign.key table
	keeps '' 0 vrp-sign -k sign.key -s table.sig <table
	keeps '' 0 vrp-sign -V -p sign.pub --state state signed
	keeps '' 0 vrp-sign -V -p sign.pub -s table.sig table
	keeps '' 0 vrp-fetch -q --verify sign.pub signed
}

@test "what reads files is not let into the network" {
	need_preload
	echo '{"roas":[{"prefix":"10.0.0.0/8","maxLength":8,"asn":1,"ta":"x"}]}' >feed.json
	keeps '' 0 vrp-fetch -q feed.json
	keeps '' 0 vrp-fetch -q <feed.json
	keeps '' 0 vrp-fetch -q -o table2 feed.json
	trespass start fetch vrp-fetch -r 1h feed.json
	wait_log fetch 'feed.json: 1 IPv4'
	[ "$(trespassed)" = '' ]
	stop fetch
}

@test "bgpdump can be run for a dump, and nothing else can be had by it" {
	need_preload
	printf '\0\0\0\0\0\15\0\1\0\0\0\0' >dump
	run trespass vrp-validate -t table dump
	[ "$(trespassed)" = 'execute done' ]
	mkdir bin
	printf '#!/bin/sh\ncat %s/elsewhere/file\nread line <"$3"; echo ran >&2\n' "$BATS_TEST_TMPDIR" >bin/bgpdump
	chmod +x bin/bgpdump
	PATH=$PWD/bin:$PATH run -2 vrp-validate -t table dump
	[[ $output = *'ermission denied'* ]]
}

@test "what fetches and what asks caches may connect" {
	need_preload
	serve cache
	cat table - <<<'' | sed '1i%snapshot' | sed '$a~end' | feed cache
	wait_log cache 'serial 1:'
	# Any port for URLs, for they are redirected; the cache's port and no other for RTR.
	keeps 'connect done socket done udp done unix done' 2 vrp-fetch -q "http://127.0.0.1:$PORT/"
	keeps 'connect done socket done udp done unix done' 0 rtr-dump -q "127.0.0.1:$PORT"
	trespass start dump rtr-dump -f "127.0.0.1:$PORT"
	wait_log dump '2 IPv4'
	[ "$(trespassed)" = 'connect done socket done udp done unix done' ]
	stop dump
	served=$PORT PORT=$(free_port)
	keeps 'socket done udp done unix done' 0 rtr-dump -q -o table2 "127.0.0.1:$served"
	keeps 'socket done udp done unix done' 0 vrp-validate -t "tcp://127.0.0.1:$served" 10.0.0.0/8 AS1
}

@test "rtr-serve opens no socket beside those that it listens on, on any thread" {
	need_preload
	trespass start cache rtr-serve -l 127.0.0.1:0 table
	wait_log cache 'serial 1:'
	wait_for eval "[ \$(grep -cx end $BATS_TEST_TMPDIR/report) -ge 2 ]"
	[ "$(trespassed)" = '' ]
	rtr-dump -q "127.0.0.1:$(port_of cache)" | grep -q '^10.0.0.0/8'
	stop cache
}

# On all threads of vrpfs: one for the source, those that answer, and the first.
vrpfs_keeps() {
	trespass start m vrpfs -f --max-age 0 "$2" m
	wait_log m ': in sync'
	cat m/vrps >/dev/null
	wait_for eval "[ \$(grep -cx end $BATS_TEST_TMPDIR/report) -ge 4 ]"
	[ "$(trespassed)" = "$1" ] || { echo "$2: $(trespassed)"; return 1; }
	stop m
	run ! has_mount m
}

@test "vrpfs keeps its source; a mount that is there does not go" {
	need_preload
	need_fuse
	mkdir m
	vrpfs_keeps '' table
	serve cache
	cat table - <<<'' | sed '1i%snapshot' | sed '$a~end' | feed cache
	wait_log cache 'serial 1:'
	served=$PORT
	vrpfs_keeps 'connect done socket done udp done unix done' "tcp://127.0.0.1:$served"
	PORT=$(free_port)
	vrpfs_keeps 'socket done udp done unix done' "tcp://127.0.0.1:$served"
	# What is replaced is read again.
	VRP_SANDBOX=show start m vrpfs -f --max-age 0 table m
	wait_log m ': in sync'
	logged m 'may read table'
	logged m 'no new sockets'
	cp other next
	mv next table
	wait_log m 'version 2:'
	stop m
	VRP_SANDBOX=off run -0 vrpfs --max-age 0 table m
	fusermount3 -u m
}

@test "files that are replaced are read again, behind links, too" {
	mkdir v1 v2
	cp table v1/t
	cp other v2/t
	ln -s v1 current
	ln -s current/t list
	start cache rtr-serve -l 127.0.0.1:0 list
	wait_log cache 'serial 1:'
	ln -sfn v2 current
	wait_log cache 'serial 2:'
	cp table next
	mv next v2/t
	wait_log cache 'serial 3:'
	rm v2/t
	cp other v2/t
	wait_log cache 'serial 4:'
	not logged cache 'denied'
	stop cache
}

@test "inputs by every kind of name" {
	vrp-merge -q table >expected
	mkdir deep
	ln -s ../table deep/link
	cat table >copy
	mkfifo fifo
	for name in ./table "$PWD/table" deep/link deep/../table /dev/stdin /dev/fd/0 /proc/self/fd/0; do
		vrp-merge -q "$name" <table >got
		same expected got
	done
	for name in /dev/stdin /dev/fd/0 /proc/self/fd/0; do
		cat table | { vrp-merge -q "$name" >got; }
		same expected got
	done
	vrp-merge -q <(cat table) >got
	same expected got
	cat table >fifo &
	vrp-merge -q fifo >got
	same expected got
	# A file that has no name any more.
	exec 5<copy
	rm copy
	vrp-merge -q /dev/fd/5 >got
	exec 5<&-
	same expected got
	(cd deep && vrp-merge -q ../table) >got
	same expected got
}

@test "outputs in every kind of place" {
	vrp-merge -q table >expected
	mkdir deep
	: >deep/there
	ln -s deep/there link
	ln -s deep/later dangling
	for name in new ./deep/new "$PWD/deep/other" link deep/there dangling; do
		vrp-merge -q -o "$name" table
		vrp-merge -q -o "$name" table
		same expected "$name"
	done
	[ -L link ]
	vrp-merge -q -o /dev/null table
	mkfifo fifo
	cat fifo >got &
	vrp-merge -q -o fifo table
	wait $!
	same expected got
	run -2 vrp-merge -o missing/new table
	[[ $output = *'missing/new: cannot create: No such file or directory'* ]]
	run -2 vrp-merge -o deep table
	[[ $output = *'deep: cannot open for writing: Is a directory'* ]]
}

@test "VRP_SANDBOX shows it, switches it off, requires it, and is held to that" {
	need_preload
	VRP_SANDBOX=show run -0 vrp-merge -q table -o new
	[[ $output = *'may read table'*"may replace files in ."*'no new sockets; Landlock ABI '*', seccomp'* ]]
	VRP_SANDBOX=off run -0 trespass vrp-merge -q table
	[ ! -s "$BATS_TEST_TMPDIR/report" ]
	VRP_SANDBOX=require keeps '' 0 vrp-merge table
	VRP_SANDBOX='' keeps '' 0 vrp-merge table
	VRP_SANDBOX=of run -2 vrp-merge table
	[ "$output" = "vrp-merge: VRP_SANDBOX 'of': not on, off, show or require" ]
}

@test "a kernel without it serves as well, unless it is required" {
	# A container or a unit whose filter knows none of these calls.
	command -v python3 >/dev/null || skip
	cat >without.py <<-'END'
		import ctypes, os, struct, sys
		libc = ctypes.CDLL(None, use_errno=True)
		# Landlock's three calls, and seccomp(2) itself, of x86-64: fail with ENOSYS, or kill.
		calls = [444, 445, 446, 317]
		code = [(0x20, 0, 0, 0)] + [(0x15, len(calls) - i, 0, n) for i, n in enumerate(calls)]
		code += [(6, 0, 0, 0x7fff0000), (6, 0, 0, 0x50000 + 38 if sys.argv[1] == "fail" else 0x80000000)]
		text = b"".join(struct.pack("HBBI", *c) for c in code)
		buffer = ctypes.create_string_buffer(text)
		program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
		assert libc.prctl(38, 1, 0, 0, 0) == 0
		assert libc.prctl(22, 2, ctypes.create_string_buffer(program), 0, 0) == 0
		os.execvp(sys.argv[2], sys.argv[2:])
	END
	[ "$(uname -m)" = x86_64 ] || skip "numbers of x86-64"
	vrp-merge -q table >expected
	for answer in fail kill; do
		python3 without.py $answer vrp-merge -q table >got
		same expected got
		VRP_SANDBOX=show run -0 python3 without.py $answer vrp-merge -q table
		[[ $output = *'Landlock ABI 0 (none), no seccomp'* ]]
		VRP_SANDBOX=require run -2 python3 without.py $answer vrp-merge table
		[[ $output = 'vrp-merge: VRP_SANDBOX=require: '* ]]
	done
}
