# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the bats files share.  `load lib` (or `load ../lib`) gives:
#
#   $ROOT $VRP_BIN $VRP_TOOLS    the project, its programs (first in PATH), the helper programs of t/tools
#   $VRP_DATA, need_data FILE    the optional data folder; need_data skips the test where FILE is absent
#   snapshot_json FILE           the bundled real snapshot, unpacked to FILE
#   snapshot_part FILE           one VRP in 16 of it, and all else that it has; everything with CHECK_ALL=1
#   start NAME COMMAND...        run in the background; $RUN/NAME.out, $RUN/NAME.err; dies with the test
#   start_fed NAME COMMAND...    the same with a pipe on its stdin: `feed NAME` copies text into it, `feed_end NAME` ends it
#   stop NAME [SIGNAL]           end it; the status is the program's, where the shell that started it asks (not under run)
#   wait_for COMMAND...          until it succeeds, at most $WAIT seconds (90, for machines that are busy)
#   wait_log NAME REGEX          until a line of NAME's stderr matches (grep -E)
#   wait_gone NAME               until it has ended by itself; the status is the program's
#   port_of NAME                 the port that NAME's stderr says it listens on
#   serve NAME ARG...            start_fed rtr-serve on a free port of 127.0.0.1, wait until it listens, set $PORT
#   memory_of NAME, descriptors_of NAME   what it has now: KiB that are resident, open descriptors
#   free_port                    print a TCP port that is free now, for programs that cannot pick one themselves
#   peer PROGRAM ARG...          t/peer: a real router or server of build/peers; need_peer PROGRAM skips where it is not
#   same FILE FILE               equal, or fail showing the first differences
#
# A bats file may use start in setup_file too.  One that has its own teardown
# or teardown_file calls stop_all in it.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VRP_BIN=${VRP_BIN:-$ROOT/build/bin}
VRP_TOOLS=${VRP_TOOLS:-$ROOT/build/t}
VRP_DATA=${VRP_DATA:-$ROOT/../shared/data}
VRP_PEERS=${VRP_PEERS:-$ROOT/build/peers}
PATH=$VRP_BIN:$PATH
WAIT=${WAIT:-90}
RUN=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}
export ROOT VRP_BIN VRP_TOOLS VRP_DATA VRP_PEERS PATH
export LC_ALL=C TZ=UTC
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

# The user's proxies are of no use on the loopback.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY

setup() { cd "$BATS_TEST_TMPDIR" || return; }
teardown() {
	show_logs
	stop_all
}
teardown_file() { stop_all; }

# When a test failed, the end of what its programs said.
show_logs() {
	[ -z "${BATS_TEST_COMPLETED-}" ] || return 0
	tail -n 15 "$RUN"/*.err 2>/dev/null || :
}

need_data() {
	[ -e "$VRP_DATA/${1-}" ] || skip "no ${1:-data} in VRP_DATA ($VRP_DATA)"
}

# Each VRP has its line; the last of a list has no comma at its end.
snapshot_part() {
	local step=16

	[ -z "${CHECK_ALL-}" ] || step=1
	snapshot_json /dev/stdout | awk -v step=$step '!/"maxLength":/ || ++n % step == 0 || !/,$/' >"$1"
}

snapshot_json() {
	xz -dc "$ROOT/data/rpki-client-20231107.json.xz" >"$1"
}

start() {
	local name=$1
	shift
	# Emptied here and not in the background, so that nobody reads what a former program of this name said.
	: >"$RUN/$name.err"
	(
		# Nobody but the test holds the writing end of a pipe, and nothing but bats its descriptor 3.
		for fd in "${!feed_fd_@}"; do
			fd=${!fd}
			exec {fd}>&-
		done
		# Nothing outlives the test, whatever becomes of bats.
		exec setpriv --pdeathsig KILL -- "$@" >"$RUN/$name.out" 2>"$RUN/$name.err" 3>&-
	) <&0 &
	echo $! >"$RUN/$name.pid"
}

# The variable that holds the descriptor of NAME's pipe.
feed_fd() { echo "feed_fd_${1//[!a-zA-Z0-9]/_}"; }

start_fed() {
	local fd

	rm -f "$RUN/$1.in"
	mkfifo "$RUN/$1.in"
	# For both reading and writing, so that it opens before there is a reader.
	exec {fd}<>"$RUN/$1.in"
	declare -g "$(feed_fd "$1")=$fd"
	start "$@" <"$RUN/$1.in"
}

feed() { cat >"$RUN/$1.in"; }

feed_end() {
	local var fd

	var=$(feed_fd "$1")
	fd=${!var}
	unset "$var"
	exec {fd}>&-
}

pid_of() { echo "$(<"$RUN/$1.pid")"; }

# Resident memory in KiB; open descriptors.
memory_of() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$(pid_of "$1")/status"; }
descriptors_of() { find "/proc/$(pid_of "$1")/fd" -mindepth 1 | wc -l; }

alive() {
	local pid

	{ read -r pid <"$RUN/$1.pid" && kill -0 "$pid"; } 2>/dev/null
}

wait_gone() {
	local pid status=0

	pid=$(pid_of "$1")
	wait_for not alive "$1" || return 124
	rm -f "$RUN/$1.pid"
	# 127: not a child of this shell, which knows nothing of its status then.
	wait "$pid" 2>/dev/null || status=$?
	[ "$status" -eq 127 ] || return "$status"
}

stop() {
	kill -"${2:-TERM}" "$(pid_of "$1")"
	wait_gone "$1"
}

stop_all() {
	local file pid

	for file in "$RUN"/*.pid; do
		[ -e "$file" ] || continue
		pid=$(cat "$file")
		rm -f "$file"
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

not() { ! "$@"; }

# Naps are a read from a pipe that nobody writes to: sleep(1) fifty times a second for each test is a processor's work.
wait_for() {
	local end=$((${EPOCHREALTIME/./} + WAIT * 1000000)) nap=0.02 pipe status=0

	"$@" >/dev/null 2>"$RUN/wait.log" && return
	exec {pipe}<> <(:)
	until "$@" >/dev/null 2>"$RUN/wait.log"; do
		if ((${EPOCHREALTIME/./} > end)); then
			echo "gave up after $WAIT seconds waiting for: $*" >&2
			cat "$RUN/wait.log" >&2
			status=1
			break
		fi
		read -rt "$nap" -u "$pipe" || :
		nap=0.05
	done
	exec {pipe}>&-
	return "$status"
}

logged() { grep -qE -e "$2" "$RUN/$1.err"; }
ended_or_logged() { logged "$1" "$2" || not alive "$1"; }

wait_log() {
	if ! wait_for ended_or_logged "$1" "$2" || ! logged "$1" "$2"; then
		echo "no line like '$2' from $1, which said:" >&2
		tail -n 50 "$RUN/$1.err" >&2
		return 1
	fi
}

port_of() { sed -nE 's/.*listening on [^ ]*:([0-9]+).*/\1/p' "$RUN/$1.err" | head -n 1; }

serve() {
	local name=$1
	shift
	start_fed "$name" rtr-serve -l 127.0.0.1:0 "$@"
	wait_log "$name" 'listening on'
	PORT=$(port_of "$name")
}

free_port() { "$VRP_TOOLS/free-port"; }
peer() { "$ROOT/t/peer" "$@"; }
need_peer() { "$ROOT/t/peer" --have "$1" || skip "no $1 in $VRP_PEERS"; }

same() {
	cmp -s "$1" "$2" && return
	echo "$1 ($(wc -l <"$1") lines) and $2 ($(wc -l <"$2") lines) differ:" >&2
	diff -U 0 "$1" "$2" | head -n 20 >&2
	return 1
}
