# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# The file system at the full size: how long until it is there, what it takes, and
# what looking at it costs beside the same bytes in plain files.  Part of run.sh.

# Not below the project, which other things copy and search.
fs_mount=
fs_threads="1 2 4"

# A file that was just closed may keep it busy for a moment.
fs_unmount() {
	while grep -q " $fs_mount fuse" /proc/self/mounts; do
		fusermount3 -u "$fs_mount" 2>/dev/null || sleep 0.05
	done
}

# The older of two: the other one unmounts when it ends.
fs_pid() { pgrep -of "^$bin/vrpfs .* $fs_mount\$"; }

# The peak and the present memory of the daemon, in KiB.
fs_memory() {
	awk -v what="$1" '/^VmHWM/ { peak = $2 } /^VmRSS/ { now = $2 }
		END { printf "name=vrpfs what=%s peak_kib=%d seconds=%d\n", what, peak, now }' "/proc/$(fs_pid)/status" >>"$raw"
}

# Different files for each number of threads, and the same for vrpfs and the bound.
fs_routes() {
	grep '^[0-9a-f:.]*/' "$work/table.vrp" | awk -v n="$1" 'NR % 33 == n && ++count <= 20000 { print $1 "/" $3 }' |
		shuf --random-source="$work/table.vrp"
}

# reads NAME THREADS DIRECTORY LIST
fs_reads() {
	echo "name=$1 what=routes$2 $("$perf/bench-fs" "$3" "$2" 1 <"$4")" >>"$raw"
}

fs_measure_routes() {
	local i n server
	mkdir -p "$fs_mount-bound"
	"$perf/bound-fs" "$fs_mount-bound" 4 &
	server=$!
	running+=("$server")
	while ! grep -q " $fs_mount-bound fuse" /proc/self/mounts; do sleep 0.05; done
	for ((i = 0; i < slow; i++)); do
		for n in $fs_threads; do
			fs_routes $((i * 4 + n)) >"$work/routes"
			fs_reads vrpfs "$n" "$fs_mount/route" "$work/routes"
			fs_reads bound-fs "$n" "$fs_mount-bound" "$work/routes"
		done
		timed vrpfs again "$perf/bench-fs" "$fs_mount/route" 4 3 <"$work/routes"
		echo "name=vrpfs what=again4 $(cat "$work/out.vrpfs")" >>"$raw"
	done
	kill "$server"
	fusermount3 -uz "$fs_mount-bound" || true
}

measure_fs() {
	local i as
	[ -w /dev/fuse ] || { say "no usable /dev/fuse: left out"; return; }
	fs_mount=$(mktemp -d "${TMPDIR:-/tmp}/vrpfs-perf.XXXXXX")
	as=$(cut -d ' ' -f 3 "$work/table.vrp" | sort | uniq -c | sort -rn | awk 'NR == 20 { print $2 }')
	say "vrpfs: mount, read and list, in turn with plain files"
	for ((i = 0; i < slow; i++)); do
		timed vrpfs mount "$bin/vrpfs" -q --max-age 0 "$work/table.vrp" "$fs_mount"
		[ $i -gt 0 ] || fs_memory mounted
		timed vrpfs cat-cold cat "$fs_mount/vrps"
		cp "$fs_mount/vrps" /dev/shm/vrpfs-perf
		timed vrpfs cat cat "$fs_mount/vrps"
		timed tmpfs cat cat /dev/shm/vrpfs-perf
		timed vrpfs ls sh -c 'ls "$1" | wc -l' - "$fs_mount/asn"
		timed vrpfs ls-l sh -c 'ls -l "$1" | wc -l' - "$fs_mount/asn"
		timed vrpfs cold-grep grep -c "$as " "$fs_mount/vrps"
		timed plain grep grep -c "$as " /dev/shm/vrpfs-perf
		[ $i -gt 0 ] || timed vrpfs grep-r grep -rlw "$as" "$fs_mount/asn"
		rm -f /dev/shm/vrpfs-perf
		[ $((i + 1)) -eq "$slow" ] || fs_unmount
	done
	say "vrpfs: random files of /route, beside a file system that does nothing"
	fs_measure_routes
	fs_memory read
	fs_unmount
	rmdir "$fs_mount" "$fs_mount-bound"
}

report_fs() {
	local n what
	[ "$(of vrpfs mount - seconds count)" -gt 0 ] || return 0
	echo "### A table of $vrps VRPs as a file system"
	echo
	echo "| what | time | lowest to highest | CPU of the one who looks |"
	echo "| --- | --- | --- | --- |"
	while read -r name what text; do
		[ "$(of "$name" "$what" - seconds count)" -gt 0 ] || continue
		echo "| $text | $(seconds "$(of "$name" "$what" - seconds)") | $(spread "$name" "$what" -) |" \
			"$(seconds "$(of "$name" "$what" - cpu)") |"
	done <<-END
		vrpfs mount \`vrpfs table mnt\`, until the table is there
		vrpfs cat-cold \`cat vrps\`, the first time
		vrpfs cat \`cat vrps\`, again
		tmpfs cat the same bytes from tmpfs
		vrpfs ls \`ls asn \| wc -l\`
		vrpfs ls-l \`ls -l asn \| wc -l\`
		vrpfs cold-grep \`grep -c AS vrps\`
		plain grep the same from tmpfs
		vrpfs grep-r \`grep -rlw AS asn\`, every file of every AS
	END
	echo
	echo "| random /route files a second | vrpfs | FUSE's round trips alone | |"
	echo "| --- | --- | --- | --- |"
	for n in $fs_threads; do
		echo "| $n at once | $(of vrpfs "routes$n" - rate) | $(of bound-fs "routes$n" - rate) |" \
			"$(calc "$(of vrpfs "routes$n" - rate) / $(of bound-fs "routes$n" - rate)" '%.2f') |"
	done
	echo "| 4 at once, read before | $(of vrpfs again4 - rate) | - | |"
	echo
	echo "Memory: $(mib "$(of vrpfs mounted - seconds)") once it is mounted, $(mib "$(of vrpfs mounted - peak_kib)") at the most" \
		"until then; $(mib "$(of vrpfs read - peak_kib)") at the most in all."
	echo
}

fs_targets() {
	local a
	a=$(of vrpfs mount - seconds)
	target "vrpfs: there in less than a second" "$a < 1" "$(seconds "$a")"
	a=$(calc "$(of vrpfs read - peak_kib) / 1024" '%.0f')
	target "vrpfs: in at most 160 MiB" "$a <= 160" "$a MiB"
	a=$(calc "$(of vrpfs cat - seconds) / $(of tmpfs cat - seconds)" '%.2f')
	target "vrpfs: cat takes at most twice what tmpfs does, read before" "$a <= 2" "$a"
	a=$(of vrpfs ls - seconds)
	target "vrpfs: ls asn in less than 0.2 s" "$a < 0.2" "$(seconds "$a")"
	a=$(of vrpfs ls-l - seconds)
	target "vrpfs: ls -l asn in less than 2 s" "$a < 2" "$(seconds "$a")"
	a=$(calc "$(of vrpfs routes4 - rate) / $(of bound-fs routes4 - rate)" '%.2f')
	target "vrpfs: routes at 0.8 of FUSE's limit" "$a >= 0.8" "$a"
}
