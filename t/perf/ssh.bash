# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# Routers over SSH: 20 rtr-dump processes load the bundled real table at once, from
# rtr-serve and from StayRTR, with the same key, cipher (aes128-gcm) and clients.
# Part of run.sh.

ssh_routers=20

ssh_files() {
	rm -f "$work"/ssh-*
	ssh-keygen -q -t ed25519 -N '' -f "$work/ssh-host"
	ssh-keygen -q -t ed25519 -N '' -f "$work/ssh-router"
	# StayRTR drops what has expired, and its ASPAs are of an old draft.
	jq -c 'del(.provider_authorizations) | .roas |= map(del(.expires))' "$work/real.json" >"$work/ssh-table.json"
	"$bin/vrp-fetch" -q --max-age 0 "$work/ssh-table.json" >"$work/ssh-table.vrp"
}

ssh_dump() {
	timeout "$limit" "$bin/rtr-dump" -q -t 300s --rtr-version 1 --ssh-key "$work/ssh-router" \
		--ssh-host-key "$(ssh-keygen -l -f "$work/ssh-host.pub" | cut -d ' ' -f 2)" "ssh://rpki@127.0.0.1:$port"
}

server_cpu() { awk '{ print ($14 + $15) / 100 }' "/proc/$1/stat"; }

# ssh_load NAME PID: all routers at once, and what the server spent on them
ssh_load() {
	local name=$1 server=$2 i began before pids=() bad=0
	began=$EPOCHREALTIME before=$(server_cpu "$server")
	for ((i = 0; i < ssh_routers; i++)); do
		ssh_dump >"$work/ssh-out.$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || bad=1; done
	echo "name=$name what=ssh routers=$ssh_routers whole=$((1 - bad))" \
		"$(awk -v a="$began" -v b="$EPOCHREALTIME" -v c="$before" -v d="$(server_cpu "$server")" \
			'BEGIN { printf "seconds=%.3f server_cpu=%.2f", b - a, d - c }')" \
		"peak_kib=$(awk '/VmHWM/ { print $2 }' "/proc/$server/status")" >>"$raw"
	[ "$bad" = 1 ] || for ((i = 0; i < ssh_routers; i++)); do
		cmp -s <(grep -v '^[%~]' "$work/ssh-out.$i" | cut -d ' ' -f 1-3) \
			<(grep -v '^[%~]' "$work/ssh-table.vrp" | cut -d ' ' -f 1-3) || { say "$name: router $i has another table"; exit 1; }
	done
}

measure_ssh() {
	local i
	ssh_files
	start /dev/null "$bin/rtr-serve" -E --max-age 0 -l ssh://127.0.0.1:0 --ssh-host-key "$work/ssh-host" \
		--ssh-authorized-keys "$work/ssh-router.pub" "$work/ssh-table.vrp"
	await_port rtr-serve
	await_serial rtr-serve
	say "rtr-serve, $ssh_routers routers over SSH"
	for ((i = 0; i < slow; i++)); do ssh_load rtr-serve "$pid"; done
	stop "$pid"
	[ -x "$stayrtr" ] || return 0
	port=$((20000 + RANDOM % 12000))
	start /dev/null "$stayrtr" -cache "$work/ssh-table.json" -checktime=false -bind "" -metrics.addr "" -ssh.bind "127.0.0.1:$port" \
		-ssh.key "$work/ssh-host" -ssh.method.key -ssh.auth.key.file "$work/ssh-router.pub"
	keep_log stayrtr
	while ! ssh_dump >/dev/null 2>&1; do sleep 1; done
	say "StayRTR, $ssh_routers routers over SSH, at most $limit s"
	ssh_load stayrtr "$pid"
	stop "$pid"
}

report_ssh() {
	local name
	echo "### $ssh_routers routers ask for the real table over SSH at once"
	echo
	echo "| server | time to the last | lowest to highest | CPU of the server | memory |"
	echo "| --- | --- | --- | --- | --- |"
	for name in rtr-serve stayrtr; do
		[ "$(of $name ssh "$ssh_routers" seconds count)" -gt 0 ] || continue
		echo "| $name | $([ "$(of $name ssh "$ssh_routers" whole min)" = 1 ] || echo 'not done after ')$(seconds "$(of $name ssh "$ssh_routers" seconds)") |" \
			"$(spread $name ssh "$ssh_routers") | $(seconds "$(of $name ssh "$ssh_routers" server_cpu)") |" \
			"$(mib "$(of $name ssh "$ssh_routers" peak_kib max)") |"
	done
	echo
}

ssh_targets() {
	local a
	a=$(calc "$(of stayrtr ssh "$ssh_routers" seconds) / $(of rtr-serve ssh "$ssh_routers" seconds)" '%.1f')
	target "$ssh_routers routers have the table over SSH in a fifth of StayRTR's time" "$a >= 5" "a ${a}th"
	a=$(calc "$(of stayrtr ssh "$ssh_routers" server_cpu) / $(of rtr-serve ssh "$ssh_routers" server_cpu)" '%.1f')
	target "which costs a fifth of its CPU" "$a >= 5" "a ${a}th"
}
