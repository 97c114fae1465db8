# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrpfs: mounting, unmounting, what it tells by its exit status; users, mount(8), options.

load lib
load fs

# The process that serves DIR of this test, which is named whole on its command line: other tests run beside.
server_of() { pgrep -f "^vrpfs .* $PWD/$1\$"; }

nobody() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; }

# A user may open /dev/fuse, as udev has it everywhere; where it is not so, with one of our own, seen by nobody else.
as_nobody() {
	unshare -m --propagation private bash -c '
		{ [ -e "$0" ] || mknod "$0" c 10 229; } && chmod 666 "$0" && mount --bind "$0" /dev/fuse &&
		exec setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"' "$PWD/fuse" "$@"
}

@test "it returns when the table is there, and goes when it is unmounted or told to" {
	table table
	mkdir m
	run -0 vrpfs --max-age 0 table "$PWD/m"
	[ "$(grep -c '^%snapshot' m/vrps)" -eq 1 ]
	fusermount3 -u m
	wait_for not has_mount m
	wait_for not server_of m

	vrpfs -b -q --max-age 0 table "$PWD/m"
	umount m
	wait_for not server_of m

	for signal in TERM INT; do
		mount_fs m table
		stop m "$signal"
		run ! has_mount m
		wait_log m 'unmounting'
	done
}

@test "without a table nothing stays mounted, and it says why" {
	mkdir m
	echo junk >junk
	run -2 vrpfs junk m
	[[ $output = *"junk: not a format that is known"* ]]
	run -2 vrpfs missing m
	[[ $output = *"missing: No such file or directory"* ]]
	run -2 vrpfs "http://127.0.0.1:$(free_port)/x" m
	[[ $output = *"onnect"* ]]
	run -2 vrpfs "tcp://127.0.0.1:$(free_port)" m
	[[ $output = *"onnection refused"* ]]
	run -2 vrpfs -b - m </dev/null
	[[ $output = *"ended"* ]]
	run ! has_mount m
	run -0 ls -A m
	[ -z "$output" ]
}

@test "in the foreground it is mounted at once, and waits for the table" {
	feed_fs m
	[ "$(ls m)" = "$(printf '%s\n' README asn covering deltas export prefix route status ta vrps)" ]
	[ ! -s m/vrps ]
	[ -z "$(ls m/asn)" ]
	grep -qx 'state connecting' m/status
	echo '10.0.0.0/8 8 AS1' | vrp-merge -q | feed m
	wait_for grep -q '^10.0.0.0/8 8 AS1' m/vrps
	grep -qx 'state in-sync' m/status
	stop m
}

@test "usage" {
	run -2 vrpfs
	[[ $output = *"SOURCE and a MOUNTPOINT"* ]]
	run -2 vrpfs a b c
	[[ $output = *"too many"* ]]
	run -2 vrpfs -b -f a b
	run -2 vrpfs -o nonsense a b
	[[ $output = *"-o nonsense: unknown option"* ]]
	run -2 vrpfs -o refresh=x a b
	[[ $output = *"not a duration"* ]]
	run -2 vrpfs -o refresh a b
	[[ $output = *"has no value"* ]]
	run -2 vrpfs -o strict=1 a b
	[[ $output = *"takes no value"* ]]
	run -2 vrpfs -o umask=8 a b
	run -2 vrpfs -o uid=x a b
}

@test "the mount point: missing, a file, not empty, taken" {
	table table
	run -2 vrpfs table missing
	[[ $output = *"missing: No such file or directory"* ]]
	run -2 vrpfs table table
	[[ $output = *"Not a directory"* ]]
	mkdir -p full/of/it
	run -2 vrpfs table full
	[[ $output = *"full: not empty"* ]]
	vrpfs --max-age 0 -o nonempty table full
	[ -s full/vrps ]
	run -2 vrpfs table full
	[[ $output = *"another vrpfs is mounted there"* ]]
	fusermount3 -u full
	wait_for not has_mount full
}

@test "a mount that is in use: busy for umount, gone for SIGTERM" {
	table table
	mount_fs m table
	exec 6<m/vrps
	run -1 fusermount3 -u m
	[[ $output = *busy* ]]
	[ -s m/vrps ]
	stop m
	run ! has_mount m
	run ! cat <&6
	exec 6<&-
}

# Its guard first, which would unmount.
kill_both() {
	local pid

	pid=$(pid_of m)
	pkill -KILL -P "$pid"
	kill -KILL "$pid"
	wait_gone m || :
}

@test "kill -9 leaves no mount, in use or not" {
	table table
	mount_fs m table
	# With a reader that waits.
	start reader cat m/events
	opened() { [ "$(readlink "/proc/$(pid_of reader)/fd/3")" = "$PWD/m/events" ]; }
	wait_for opened
	kill -KILL "$(pid_of m)"
	wait_gone m || :
	wait_gone reader || :
	wait_for not has_mount m
	[ -z "$(ls -A m)" ]

	mkdir 'a b\c'
	mount_fs 'a b\c' table
	exec 6<'a b\c/vrps'
	pid=$(pid_of 'a b\c')
	guard=$(pgrep -P "$pid")
	kill -KILL "$pid"
	wait_gone 'a b\c' || :
	exited() { ! kill -0 "$guard" 2>/dev/null; }
	wait_for exited
	run -0 ls -A 'a b\c'
	[ -z "$output" ]
	exec 6<&-

	# From the background, where a terminal's or a service manager's signals reach both.
	vrpfs --max-age 0 table "$PWD/m"
	pid=$(server_of m | head -n 1)
	guard=$(pgrep -P "$pid")
	kill -TERM "$guard"
	kill -HUP "$guard"
	kill -INT "$guard"
	[ -s m/vrps ]
	kill -KILL "$pid"
	wait_for not has_mount m
	wait_for exited
}

@test "the guard holds a pipe, and leaves alone what is mounted later" {
	printf '6.8\n%s\n' "$(uname -r)" | sort -CV || skip "the kernel may give two mounts the same number"
	table table
	mount_fs m table
	pid=$(pid_of m)
	guard=$(pgrep -P "$pid")
	[ "$(readlink "/proc/$guard/fd/"* | sort -u | sed 's/:.*//')" = "$(printf '/dev/null\npipe')" ]
	[ "$(readlink "/proc/$guard/cwd")" = / ]
	# It waits while vrpfs can't end, and then another has taken the place.
	kill -STOP "$pid"
	fusermount3 -uz m
	cp table other
	start later vrpfs -f --max-age 0 other m
	wait_log later ': in sync'
	kill -KILL "$pid"
	wait_gone m || :
	exited() { ! kill -0 "$guard" 2>/dev/null; }
	wait_for exited
	[ -s m/vrps ]
	stop later
	run ! has_mount m
}

@test "without its guard it ends, says that the mount stays, and is taken over" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	VRP_SANDBOX=require vrp-merge <<<'10.0.0.0/8 8 AS1' >/dev/null 2>&1 || skip "no Landlock or no seccomp"
	table table
	mount_fs m table
	pkill -KILL -P "$(pid_of m)"
	status=0
	stop m || status=$?
	[ "$status" -eq 2 ]
	wait_log m 'm: could not be unmounted'
	run -0 vrpfs --max-age 0 table m
	[ -s m/vrps ]
	fusermount3 -u m
	wait_for not has_mount m
}

@test "a killed one without its guard is taken over, but only ours" {
	table table
	mount_fs m table
	kill_both
	run ! ls m/asn
	[[ $output = *"not connected"* ]]
	mount_fs m table
	logged m 'took over'
	[ -s m/vrps ]
	[ "$(grep -c " $(realpath m) " /proc/self/mounts)" -eq 1 ]
	# By the way of the background as well.
	kill_both
	run -0 vrpfs --max-age 0 table m/
	[ -s m/vrps ]
	fusermount3 -u m
}

@test "the end of the input" {
	feed_fs m --exit-on-eof
	echo '10.0.0.0/8 8 AS1' | vrp-merge -q | feed m
	wait_for grep -q AS1 m/vrps
	feed_end m
	wait_gone m
	run ! has_mount m

	feed_fs stays
	echo '10.0.0.0/8 8 AS1' | vrp-merge -q | feed stays
	wait_for grep -q AS1 stays/vrps
	feed_end stays
	wait_for grep -qx 'state ended' stays/status
	grep -q AS1 stays/vrps
	stop stays

	# A stream that ends without a table is trouble.
	mkdir -p none
	run -2 vrpfs --exit-on-eof - none </dev/null
}

@test "mount options: owner, modes, names of our options, those of fstab" {
	table table
	mkdir m
	vrpfs -o rw,uid=65534,gid=1,umask=0227,_netdev,nofail,x-systemd.automount,max-age=0,noexec,suid table m
	[ "$(stat -c '%u %g %a' m/vrps)" = "65534 1 440" ]
	[ "$(stat -c '%u %g %a' m/asn)" = "65534 1 550" ]
	grep " $(realpath m) fuse.vrpfs ro,nosuid,nodev,noexec" /proc/self/mounts
	fusermount3 -u m
	wait_for not has_mount m
	mkdir 'a, b\c d'
	cp table 'a, b\c d/table'
	vrpfs --max-age 0 'a, b\c d/table' m
	findmnt -no SOURCE m | grep -F 'a, b\c d/table'
	fusermount3 -u m
}

@test "a password of a URL is not shown" {
	mkdir -p m
	start m vrpfs -f "http://user:secret@127.0.0.1:$(free_port)/x" m
	wait_for has_mount m
	wait_log m failing
	run ! grep -r secret /proc/self/mounts m/status "$RUN/m.err"
	stop m
}

@test "mount -t fuse.vrpfs returns when it is mounted" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	command -v mount.fuse3 >/dev/null || skip "no mount.fuse3"
	table table
	mkdir m
	# As with type fuse.vrpfs, for a program that is not installed.
	timeout "$WAIT" mount -t fuse -o allow_other,max-age=0 "$VRP_BIN/vrpfs#$PWD/table" m
	grep " $(realpath m) fuse.vrpfs ro," /proc/self/mounts
	[ -s m/vrps ]
	nobody test -s m/vrps
	umount m
	wait_for not has_mount m
}

@test "an ordinary user, and others only with allow_other" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	table table
	chmod 755 . .. ../..
	mkdir m
	chown nobody m
	nobody test -r table || skip "nobody cannot come here"
	# Only root may let others in, unless fuse.conf says so.
	if ! grep -qx user_allow_other /etc/fuse.conf 2>/dev/null; then
		run -2 as_nobody vrpfs -o allow_other --max-age 0 "$PWD/table" m
		[[ $output = *user_allow_other* ]]
	fi
	run -0 as_nobody bash -c 'vrpfs --max-age 0 "$0" m && test -s m/vrps && fusermount3 -u m' "$PWD/table"
	# A user's guard unmounts by fusermount3, at the end and when vrpfs was killed.
	for signal in TERM KILL; do
		run -0 as_nobody bash -c '
			vrpfs --max-age 0 "$0" "$PWD/m" && exec 6<m/vrps && pid=$(pgrep -o -f "^vrpfs .* $PWD/m\$") && guard=$(pgrep -P "$pid") &&
			kill -'$signal' "$pid" && tail -s 0.05 --pid "$guard" -f /dev/null && ! grep " $PWD/m " /proc/self/mounts' "$PWD/table"
	done
	# Of root's only root sees anything.
	mount_fs r table
	run ! nobody ls r
	stop r
	mount_fs r -o allow_other table
	nobody test -s r/vrps
	stop r
}
