# SPDX-License-Identifier: ISC
# What make install puts where, and that make uninstall takes all of it away.
load lib

tools=$(sed -n 's/^TOOLS = //p' "$ROOT/Makefile")

# A copy, so that the build of the tree under test is left alone; its objects are as good as new ones.
setup_file() {
	mkdir "$BATS_FILE_TMPDIR/src"
	tar -C "$ROOT" -c --exclude=./build-* --exclude=./build/peers --exclude=./build/check --exclude=./.git . |
		tar -C "$BATS_FILE_TMPDIR/src" -x
}

make_src() { make -s -C "$BATS_FILE_TMPDIR/src" DESTDIR="$PWD/dest" "$@"; }

installed() { (cd dest && find . ! -type d) | sort; }

@test "make install puts programs, the library, pages and completions in their places" {
	make_src PREFIX=/usr install
	for tool in $tools; do
		[ -x "dest/usr/bin/$tool" ]
		run -0 "dest/usr/bin/$tool" -V
		[ -s "dest/usr/share/man/man1/$tool.1" ]
		[ -s "dest/usr/share/bash-completion/completions/$tool" ]
		[ -s "dest/usr/share/fish/vendor_completions.d/$tool.fish" ]
	done
	[ -s dest/usr/share/zsh/site-functions/_vrptools ]
	[ -s dest/usr/share/man/man5/vrp.5 ]
	[ -s dest/usr/share/man/man7/vrp.7 ]
	[ -s dest/usr/share/man/man3/vrp.3 ]
	[ -x dest/usr/lib/libvrp.so.1 ]
	[ -s dest/usr/lib/libvrp.so ]
	[ -s dest/usr/lib/libvrp.a ]
	[ -s dest/usr/lib/pkgconfig/vrp.pc ]
	[ -s dest/usr/include/vrp/vrp.h ]
	[ -s dest/usr/share/vrptools/prometheus/vrptools.rules.yml ]
	[ -s dest/usr/share/vrptools/grafana/vrptools.json ]
	installed >first

	# Once more changes nothing.
	make_src PREFIX=/usr install
	installed >second
	same first second

	make_src PREFIX=/usr uninstall
	installed >left
	same /dev/null left
	[ ! -e dest/usr/share/vrptools ]
}

@test "make install goes to /usr/local unless told otherwise" {
	make_src install
	for tool in $tools; do
		[ -x "dest/usr/local/bin/$tool" ]
	done
	make_src uninstall
	installed >left
	same /dev/null left
}

@test "LIBDIR and INCLUDEDIR may be elsewhere, as on Debian" {
	make_src PREFIX=/usr LIBDIR=/usr/lib/triplet INCLUDEDIR=/elsewhere install
	[ -x dest/usr/lib/triplet/libvrp.so.1 ]
	[ -s dest/elsewhere/vrp/vrp.h ]
	grep -qxF 'libdir=${prefix}/lib/triplet' dest/usr/lib/triplet/pkgconfig/vrp.pc
	grep -qxF 'includedir=/elsewhere' dest/usr/lib/triplet/pkgconfig/vrp.pc
	make_src PREFIX=/usr LIBDIR=/usr/lib/triplet INCLUDEDIR=/elsewhere uninstall
	installed >left
	same /dev/null left
	[ ! -e dest/elsewhere/vrp ]
}

@test "the shells find the installed completions by themselves" {
	make_src PREFIX=/usr install
	for tool in $tools; do
		XDG_DATA_DIRS=$PWD/dest/usr/share HOME=$PWD fish -c "complete -C '$tool --vers'" >found
		grep -q '^--version' found
	done
	zsh -fc 'fpath=($1 $fpath); autoload -Uz compinit; compinit -D -u; shift
		for tool; do [[ $_comps[$tool] = _vrptools ]] || exit 1; done' \
		- "$PWD/dest/usr/share/zsh/site-functions" $tools
}

@test "an installed program does not need its sources" {
	make_src install
	run -0 env -i PATH=/usr/bin:/bin dest/usr/local/bin/vrp-fetch -q --max-age 0 - <<<'{"roas": [{"asn": 64496, "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "test"}]}'
	[[ $output = *"192.0.2.0/24 24 AS64496 test -"* ]]
}

@test "what is in git builds, from nothing and without a word" {
	[ -e "$ROOT/.git" ] || skip "not a clone"
	mkdir clone
	git -C "$ROOT" archive HEAD | tar -C clone -x
	run -0 --separate-stderr make -s -C clone -j2 CFLAGS=-O0
	[ -z "$stderr" ]
	for tool in $tools; do
		[ -x "clone/build/bin/$tool" ]
	done
}
