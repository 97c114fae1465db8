# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# vrpfs: what is in the tree, against the tools' own answers; what walks over it; what it refuses.

load lib
load fs

# The records of a table or file, without frames.
records() { grep -v '^[%~]' "$@"; }

@test "/vrps is the table, and each file of an AS, a prefix and a trust anchor what grep finds in it" {
	table table
	mount_fs m table
	same <(records m/vrps) <(records table)
	[ "$(head -n 1 m/vrps)" = '%snapshot time=2026-11-24T00:00:00Z source=table' ]

	# Each line stands in the file that it names, and nothing is missing.
	grep -r '' m/asn --include vrps | sed -E 's,^m/asn/(AS[0-9]+)/vrps:,\1 ,' >by-as
	run ! awk '$1 != $4 { print; bad = 1 } END { exit !bad }' by-as
	same <(cut -d ' ' -f 2- by-as | sort) <(records table | grep -E '^[0-9a-f:.]+/' | sort)
	same <(ls m/asn) <(records table | awk '/^(aspa|router-key) / { print $2; next } { print $3 }' | sort -u)

	grep -r '' m/prefix | sed -E 's,^m/prefix/([^:]*[0-9a-f:.]*::?[^/]*|[^/]*)/([0-9]+):,\1/\2 ,' >by-prefix
	run ! awk '$1 != $2 { print; bad = 1 } END { exit !bad }' by-prefix
	[ "$(wc -l <by-prefix)" -eq "$(records table | grep -cE '^[0-9a-f:.]+/')" ]

	for ta in m/ta/*; do
		same "$ta/vrps" <(records table | grep -E '^[0-9a-f:.]+/' | grep " ${ta##*/} ")
	done
	[ "$(ls m/ta)" = "$(printf 'afrinic\napnic\narin\nripe')" ]
	same m/asn/AS64501/router-keys <(grep '^router-key' table)
	same m/asn/AS64502/aspa <(grep '^aspa AS64502 ' table)
	[ ! -e m/asn/AS64502/router-keys ]
	[ ! -e m/asn/AS4200000001/aspa ]
	same m/ta/ripe/aspa <(grep '^aspa .* ripe ' table)
}

@test "/export is byte for byte what vrp-format writes" {
	table table
	mount_fs m table
	cat >names <<-END
		json rpki.json
		csv rpki.csv
		csvcompat rpki-compat.csv
		openbgpd openbgpd.conf
		openbgpd-aspa openbgpd-aspa.conf
		bird bird.conf
		bird1 bird1.conf
		bird1v4 bird1-ipv4.conf
		bird1v6 bird1-ipv6.conf
		rpsl routes.rpsl
		slurm slurm.json
		jsonl rpki.jsonl
		summary summary.txt
	END
	same <(cut -d ' ' -f 2 names | sort) <(ls m/export)
	while read -r dialect file; do
		vrp-format -q -o "$dialect" m/vrps >want
		# The time at which vrp-format wrote it, or the version came.
		same <(sed '/^define force_roa_table_update/d' "m/export/$file") <(sed '/^define force_roa_table_update/d' want)
	done <names
}

@test "/route says what vrp-validate says, /covering which VRPs cover" {
	table table
	mount_fs m table
	records table | awk '/^[0-9a-f:.]*\// && NR % 12 == 0 { print $1, $3; print $1, "AS7"
		sub(/\/.*/, /:/ ? "/128" : "/32", $1); print $1, $3 }
		END { print "203.0.113.0/24 AS1"; print "::/0 AS2"; print "0.0.0.0/0 AS0" }' >routes
	vrp-validate -t table routes >want || :
	sed 's,^,m/route/,; s, ,/,' routes | xargs cat >got
	[ "$(wc -l <got)" -gt 100 ]
	same got want

	/usr/bin/python3 - <<-'END'
		import ipaddress
		lines = [l for l in open('table') if l[0] in '0123456789abcdef' and '/' in l.split()[0]]
		table = [(ipaddress.ip_network(l.split()[0]), l) for l in lines]
		for route in sorted(set(l.split()[0] for l in open('routes'))):
		    net = ipaddress.ip_network(route)
		    want = {l for p, l in table if p.version == net.version and net.subnet_of(p)}
		    try:
		        got = open('m/covering/' + route).readlines()
		    except FileNotFoundError:
		        got = []
		    assert set(got) == want and len(got) == len(want), (route, got, want)
	END
}

@test "sizes are exact: wc, cp, tail, stat, mmap and reads at any place" {
	table table
	mount_fs m table
	cp m/vrps m/export/rpki.json .
	cmp vrps m/vrps
	cmp rpki.json m/export/rpki.json
	same <(tail -n 5 m/vrps) <(tail -n 5 vrps)
	same <(tail -c 1000 m/vrps) <(tail -c 1000 vrps)
	/usr/bin/python3 - <<-'END'
		import mmap, os, random
		for top, dirs, files in os.walk('m'):
		    for name in (os.path.join(top, f) for f in files):
		        size, data = os.stat(name).st_size, open(name, 'rb').read()
		        assert size == len(data), (name, size, len(data))
		for name in 'vrps', 'export/rpki.json':
		    want = open('m/' + name, 'rb').read()
		    assert len(want) == os.stat('m/' + name).st_size
		    fd = os.open('m/' + name, os.O_RDONLY)
		    m = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
		    assert m[:] == want
		    for i in range(300):
		        at = random.randrange(len(want) + 10)
		        n = random.choice((1, 10, 5000, 200000))
		        assert os.pread(fd, n, at) == want[at:at + n]
		    d = os.open('m/' + name, os.O_RDONLY | os.O_DIRECT)
		    assert os.read(d, len(want) + 1) == want
	END
}

@test "what walks over trees finds its way: grep, find, rsync, tar, diff, du, ls" {
	table table
	mount_fs m table
	tar -C m -cf - . | tar -C "$(mkdir t && echo t)" -xf -
	diff -r m t
	[ "$(grep -rl 'AS64501 ' m/asn | wc -l)" -ge 2 ]
	timeout "$WAIT" grep -rc AS64501 m >/dev/null
	du -s m >/dev/null
	df m | tail -n 1 | grep -q 100%
	[ "$(ls -i m/asn | sort -n | cut -d A -f 1 | uniq -d | wc -l)" -eq 0 ]
	same <(ls m/asn) <(ls -f m/asn | grep AS | sort)
	if command -v rsync >/dev/null; then
		rsync -a m/ r
		[ -z "$(rsync -ani m/ r)" ]
	fi
	# Times are those of the data, and inode numbers stay.
	ls -liR --time-style=full-iso m | grep -v events >before
	ls -liR --time-style=full-iso m | grep -v events >after
	same before after
	# A second mount of the same table has the same files.
	mount_fs m2 table
	diff -r -x status -x bird.conf m m2
}

@test "nothing can be written" {
	table table
	mount_fs m table
	for try in 'touch m/new' 'mkdir m/new' 'mkdir m/asn/AS99' 'rm m/vrps' 'rmdir m/asn' 'mv m/vrps m/new' 'mv table m/' \
		'ln table m/new' 'ln -s x m/new' 'chmod 644 m/vrps' 'chown 1 m/vrps' 'truncate -s 0 m/vrps' 'touch m/vrps' \
		': >m/vrps' ': >>m/status' ': >m/new' 'cp table m/vrps'; do
		echo "$try"
		run ! timeout 20 sh -c "$try"
		[[ $output = *"Read-only file system"* || $output = *"cannot create"* || $output = *"Invalid cross-device"* ]]
	done
	/usr/bin/python3 - <<-'END'
		import errno, os
		def fails(code, call, *args):
		    try:
		        call(*args)
		    except OSError as e:
		        assert e.errno == code, (args, e)
		    else:
		        raise Exception(args)
		fails(errno.EROFS, os.open, 'm/vrps', os.O_RDWR)
		fails(errno.EROFS, os.open, 'm/vrps', os.O_WRONLY | os.O_TRUNC)
		fails(errno.EROFS, os.setxattr, 'm/vrps', 'user.x', b'1')
		fails(errno.EROFS, os.mknod, 'm/x')
		for i in range(3):
		    fails(errno.ENOTSUP, os.getxattr, 'm/vrps', 'user.x')
		fails(errno.EISDIR, os.read, os.open('m/asn', os.O_RDONLY), 1)
		assert os.access('m/vrps', os.R_OK) and not os.access('m/vrps', os.W_OK)
	END
}

@test "a wrong path does not exist, a malformed one is an invalid argument" {
	table table
	mount_fs m table
	/usr/bin/python3 - <<-'END'
		import errno, os
		wrong = {
		    errno.ENOENT: ['x', 'asn/AS1', 'asn/AS64500/x', 'prefix/203.0.113.0', 'prefix/203.0.113.0/24', 'ta/nobody',
		                   'export/x', 'deltas/7', '.git', 'asn/.hidden', 'route/.x', 'covering/.x', 'ta/\u00e9',
		                   'covering/203.0.113.0/24x/y'][:-1],
		    errno.EINVAL: ['asn/as1', 'asn/AS01', 'asn/AS4294967296', 'asn/1', 'asn/AS-1', 'asn/AS', 'asn/AS1x',
		                   'route/1.2.3', 'route/1.2.3.4.5', 'route/1.1.1.1/24', 'route/1.1.1.0/33', 'route/1.1.1.0/024',
		                   'route/1.1.1.0/24/13335', 'route/2001:DB8::/32', 'covering/::1/32', 'covering/2001:db8:0::',
		                   'covering/x', 'covering/1.1.1.0/', 'deltas/x', 'deltas/01'],
		    errno.ENOTDIR: ['vrps/x', 'status/x'],
		    errno.ENAMETOOLONG: ['x' * 256, 'asn/' + 'A' * 300],
		}
		wrong[errno.EINVAL].remove('covering/1.1.1.0/')
		for code, paths in wrong.items():
		    for path in paths:
		        try:
		            os.stat('m/' + path)
		        except OSError as e:
		            assert e.errno == code, (path, e, errno.errorcode[code])
		        else:
		            raise Exception(path + ' is there')
	END
}

@test "the examples of the page" {
	table table
	mkdir mnt
	vrpfs --max-age 0 table mnt
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh/p' "$ROOT/man/vrpfs.1" | sed -n '/^\.Bd/,/^\.Ed/p' | grep '/mnt' |
		sed -e 's,/mnt,mnt,g' -e 's,\\e,\\,g' >examples
	grep -E '^(cat|ls|grep|find)' examples >safe
	[ "$(wc -l <safe)" -ge 4 ]
	touch -d 2020-01-01 stamp
	while read -r line; do
		echo "$line"
		run -0 sh -c "$line"
		[ -n "$output" ]
	done <safe
	fusermount3 -u mnt
	wait_for not has_mount mnt
}
