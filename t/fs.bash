# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What tests of vrpfs share, on real mounts.  `load fs` after `load lib`.
#
#   need_fuse              skip where nothing can be mounted; call it in setup
#   table FILE             a table of 600 records of all kinds in FILE
#   mount_fs NAME ARG...   vrpfs -f in the background of the test, mounted on ./NAME and in sync
#   feed_fs NAME ARG...    the same with a stream that `feed NAME` writes
#   unmount_all            what tests of this run left mounted
#   has_mount DIR          is something mounted there?

need_fuse() {
	[ -c /dev/fuse ] || skip "no /dev/fuse"
	[ -w /dev/fuse ] || skip "/dev/fuse is not for us"
	command -v fusermount3 >/dev/null || skip "no fusermount3"
	if [ "$(id -u)" -eq 0 ] && ! unshare -m true 2>/dev/null; then
		skip "nothing may be mounted here"
	fi
}

table() {
	awk 'BEGIN {
		print "%snapshot time=2026-11-24T00:00:00Z source=https://validator.example/rpki.json"
		split("afrinic apnic arin ripe", ta)
		for (i = 0; i < 400; i++)
			printf "%d.%d.%d.0/%d %d AS%d %s %d\n", 1 + i % 90, i % 200, i % 4 * 64, 18 + i % 7, 24, 64500 + i % 60,
				ta[1 + i % 4], 4102444800 + i
		for (i = 0; i < 150; i++)
			printf "2001:db8:%x::/%d 48 AS%d %s -\n", i, i % 3 ? 48 : 47 + i % 2, 4200000000 + i % 30, ta[1 + i % 3]
		for (i = 0; i < 50; i++)
			printf "aspa AS%d AS%d,AS%d %s -\n", 64500 + i, 1000 + i, 2000 + i, ta[1 + i % 4]
		printf "router-key AS64501 %s MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgFcjQ/g//LAQerAH2Mpp+GucoDAGBbhIqD33wNPsXxnAGb+mtZ7X", \
			"510F485D29A29DB7B515F9C478F8ED3CB7AA7D23"
		print "Vo3oHuvyhCyhJ1HDmGTOVxQYbPwGMA== apnic -"
		print "~end"
	}' | vrp-merge -q >"$1"
}

has_mount() { grep -q " $(realpath -m "$1") fuse" /proc/self/mounts; }

mount_fs() {
	[ -d "$1" ] || mkdir "$1" 2>/dev/null || :
	start "$1" vrpfs -f --max-age 0 "${@:2}" "$1"
	wait_log "$1" ': in sync'
}

feed_fs() {
	mkdir -p "$1"
	start_fed "$1" vrpfs "${@:2}" - "$1"
	wait_for has_mount "$1"
}

# Only our own type, and only below the directory of this run of tests.
unmount_all() {
	local type dir

	[ -n "${BATS_RUN_TMPDIR-}" ] || return 0
	while read -r _ dir type _; do
		[ "$type" = fuse.vrpfs ] && [[ $dir = "$BATS_RUN_TMPDIR"/?* ]] || continue
		umount -l "$dir" 2>/dev/null || fusermount3 -uz "$dir" || :
	done < <(cat /proc/self/mounts)
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_fuse
}
teardown() {
	show_logs
	unmount_all
	stop_all
}
