# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# The tree of the file system without FUSE (bench-tree): a view and the next,
# names, questions, and whole files beside the same bytes on tmpfs.  Part of run.sh.

measure_tree() {
	local i
	say "$vrps VRPs as a tree of files"
	for ((i = 0; i < runs; i++)); do
		"$perf/bench-tree" "$work/table.vrp" "$work/after.vrp" | sed 's/^/name=tree /' >>"$raw"
	done
}

# tree_rows WHAT KEY FIELD...: for each value of KEY the lowest of these fields over all runs, mb_s the highest
tree_rows() {
	awk -v what="$1" -v key="$2" -v fields="${*:3}" '
		{
			delete v
			for (i = 1; i <= NF; i++) { split($i, kv, "="); v[kv[1]] = kv[2] }
		}
		v["name"] != "tree" || v["what"] != what { next }
		!((k = v[key]) in seen) { seen[k]; order[++n] = k }
		{
			for (i = split(fields, f, " "); i; i--) {
				x = v[f[i]] + 0
				if (!((k, i) in best) || (f[i] ~ /mb_s/ ? x > best[k, i] : x < best[k, i])) best[k, i] = x
			}
		}
		END {
			for (j = 1; j <= n; j++) {
				row = "| " (key == "what" ? what : what " `" order[j] "`")
				for (i = 1; i <= split(fields, f, " "); i++) row = row " | " best[order[j], i]
				print row " |"
			}
		}' "$raw"
}

report_tree() {
	local what
	echo "### A tree of files, without FUSE"
	echo
	echo "CPU time, the lowest of $runs runs. The next table differs in 1 % of its records."
	echo
	echo "| | seconds of CPU | KiB afterwards | KiB at the peak |"
	echo "| --- | --- | --- | --- |"
	for what in first next; do tree_rows $what what cpu_s kib peak_kib; done
	echo
	echo "| | times | nanoseconds each |"
	echo "| --- | --- | --- |"
	for what in list list+stat list+lookup; do tree_rows $what dir names ns; done
	tree_rows resolve+open+read dir files ns
	echo
	echo "| | bytes | MB/s | MB/s from tmpfs |"
	echo "| --- | --- | --- | --- |"
	tree_rows read file bytes mb_s tmpfs_mb_s
	echo
}
