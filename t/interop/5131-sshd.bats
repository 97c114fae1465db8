# SPDX-License-Identifier: ISC
# OpenSSH's server in front of rtr-serve: its subsystem rpki-rtr is
# `rtr-serve --stdio-connect`, with rtr-dump, BIRD and OpenSSH's client as routers.
#
# sshd wants root, a user of its own and a directory in /run, and gets them in a
# mount namespace.
load ../lib
load routers

setup_file() {
	need_peer sshd
	[ "$(id -u)" -eq 0 ] || skip "sshd is run by root"
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	cd "$RUN" || return
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f mine
	{
		echo %snapshot
		seq 0 4999 | awk '{ printf "20.%d.%d.0/24 24 AS64496 - -\n", $1 / 256, $1 % 256 }'
		echo ~end
	} >table
	vrps <table >want
	start_fed cache rtr-serve -v --notify-interval 1 --retry 1 -l "unix:$RUN/rtr.sock"
	wait_log cache 'listening on'
	feed cache <table
	wait_log cache 'serial 1:'
	SSH=$(free_port)
	export SSH
	cat >passwd <<-END
		root:*:0:0::/:/bin/sh
		sshd:*:65533:65533::/run/sshd:/usr/sbin/nologin
		router:*:0:0::/:/bin/sh
	END
	cat >sshd_config <<-END
		ListenAddress 127.0.0.1:$SSH
		HostKey $RUN/host
		PidFile none
		UsePAM no
		PermitRootLogin prohibit-password
		StrictModes no
		PasswordAuthentication no
		AuthorizedKeysFile $RUN/mine.pub
		Subsystem rpki-rtr $VRP_BIN/rtr-serve --stdio-connect unix:$RUN/rtr.sock
	END
	cat >sshd.sh <<-'END'
		set -e
		mount --make-rprivate /
		mount -t tmpfs none /run
		mkdir /run/sshd
		mount --bind "$1/passwd" /etc/passwd
		exec "$2" "$3" -D -e -f "$1/sshd_config"
	END
	# sshd starts itself anew and wants its own whole name for that.
	start sshd unshare -m sh sshd.sh "$RUN" "$ROOT/t/peer" sshd
	wait_log sshd 'Server listening'
	echo "[127.0.0.1]:$SSH $(cut -d ' ' -f 1,2 host.pub)" >known_hosts
}

@test "rtr-dump loads and follows through sshd" {
	rtr-dump -q --ssh-known-hosts known_hosts --ssh-key mine "ssh://router@127.0.0.1:$SSH" | vrps >got
	same want got
	start follow rtr-dump -f --ssh-known-hosts known_hosts --ssh-key mine "ssh://router@127.0.0.1:$SSH"
	wait_for grep -q '^~end' "$RUN/follow.out"
	printf '%%delta\n+192.0.2.0/24 24 AS64496 - -\n~end\n' | feed cache
	wait_for grep -q '^+192.0.2.0/24' "$RUN/follow.out"
	printf '%%delta\n-192.0.2.0/24 24 AS64496 - -\n~end\n' | feed cache
	wait_for grep -q '^-192.0.2.0/24' "$RUN/follow.out"
	stop follow
	wait_log cache 'disconnected: closed by router'
}

@test "OpenSSH's client at both ends" {
	printf '\x01\x02\0\0\0\0\0\x08' | ssh -F none -o UserKnownHostsFile=known_hosts -i mine -p "$SSH" -s \
		router@127.0.0.1 rpki-rtr >got
	[ "$(wc -c <got)" -eq 100032 ]
}
