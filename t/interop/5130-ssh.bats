# SPDX-License-Identifier: ISC
# RTR over SSH: BIRD, rtrlib's rtrclient and StayRTR's rtrdump as routers of
# rtr-serve, and rtr-dump as a router of StayRTR.
#
# FRR 8.4.4 of Debian 12 is not here: its bgpd comes through the key exchange
# with no server, OpenSSH's included, though rtrclient does with the same library.
load ../lib
load routers

setup_file() {
	cd "$RUN" || return
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f mine
	echo "router:$(openssl passwd -6 secret)" >users
	chmod 600 users
	echo secret >password
	chmod 600 password
	ssh-keygen -l -f host.pub | cut -d ' ' -f 2 >hash
	{
		echo %snapshot
		seq 0 999 | awk '{ printf "20.%d.%d.0/24 24 AS64496 - -\n", $1 / 256, $1 % 256 }'
		echo '2001:db8::/32 48 AS64496 - -'
		echo ~end
	} >table
	vrps <table >want
	start_fed cache rtr-serve -v --notify-interval 1 --retry 1 -l ssh://127.0.0.1:0 --ssh-host-key host \
		--ssh-authorized-keys mine.pub --ssh-passwords users
	wait_log cache 'listening on'
	PORT=$(port_of cache)
	export PORT
	feed cache <table
	wait_log cache 'serial 1:'
	echo "[127.0.0.1]:$PORT $(cut -d ' ' -f 1,2 host.pub)" >known_hosts
}

@test "BIRD comes in with its key and follows" {
	bird_start "transport ssh {
		bird private key \"$RUN/mine\";
		remote public key \"$RUN/known_hosts\";
		user \"router\";
	};"
	wait_holds bird want
	printf '%%delta\n+192.0.2.0/24 24 AS64496 - -\n~end\n' | feed cache
	{ cat want; echo 192.0.2.0/24 24 64496; } | sort >want2
	wait_holds bird want2
	logged cache '\(ssh, user router, key SHA256:'
	printf '%%delta\n-192.0.2.0/24 24 AS64496 - -\n~end\n' | feed cache
	wait_holds bird want
}

@test "rtrclient comes in with its key and with its password" {
	need_peer rtrclient
	table_of() { awk -F ', *' 'NF == 4 { print $1 "/" $2, $3, $4 }' "$1" | sort; }
	peer rtrclient -e -t csv ssh 127.0.0.1 "$PORT" router "$RUN/mine" "$RUN/known_hosts" >out.csv 2>log
	table_of out.csv >got
	same want got
	peer rtrclient -e -t csv ssh -w 127.0.0.1 "$PORT" router secret >out.csv 2>log
	table_of out.csv >got
	same want got
}

@test "StayRTR's rtrdump comes in with its key and with its password" {
	need_peer rtrdump
	peer rtrdump -rtr.version 1 -type ssh -connect "127.0.0.1:$PORT" -ssh.method key -ssh.auth.user router \
		-ssh.auth.key mine -ssh.validate -ssh.validate.key "$(cut -d : -f 2 hash)" -file key.json
	jq -r '.roas[] | "\(.prefix) \(.maxLength) \(.asn)"' key.json | sed 's/ AS/ /' | sort >got
	same want got
	RTR_SSH_PASSWORD=secret peer rtrdump -rtr.version 1 -type ssh -connect "127.0.0.1:$PORT" -ssh.method password \
		-ssh.auth.user router -file password.json
	jq -r '.roas[] | "\(.prefix) \(.maxLength) \(.asn)"' password.json | sed 's/ AS/ /' | sort >got
	same want got
}

@test "rtr-dump comes into StayRTR with its key and with its password" {
	need_peer stayrtr
	local port

	port=$(free_port)
	vrp-format -o json table >roas.json
	STAYRTR_SSH_PASSWORD=secret start stayrtr "$ROOT/t/peer" stayrtr -cache "$RUN/roas.json" -checktime=false -bind "" \
		-metrics.addr "" -ssh.bind "127.0.0.1:$port" -ssh.key "$RUN/mine" -ssh.method.key \
		-ssh.auth.key.file "$RUN/mine.pub" -ssh.method.password -ssh.auth.user router
	wait_log stayrtr 'Server started|Enabling ssh'
	local to=ssh://router@127.0.0.1:$port hash
	hash=$(ssh-keygen -l -f mine.pub | cut -d ' ' -f 2)
	answers() { rtr-dump -q --ssh-host-key "$hash" --ssh-key mine "$to" | vrps >got && [ -s got ]; }
	wait_for answers
	same want got
	rtr-dump -q --ssh-host-key "$hash" --ssh-password-file password "$to" | vrps >got
	same want got
}
