# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2046,SC2086,SC2154
# libvrp for others: what is installed, what it exports, and that programs build on it and run.
load lib

PREFIX=/opt/vrp

# A copy, as in 9000-install.bats, installed once for all tests.
setup_file() {
	mkdir "$BATS_FILE_TMPDIR/src"
	tar -C "$ROOT" -c --exclude=./build-* --exclude=./build/peers --exclude=./build/check --exclude=./.git . |
		tar -C "$BATS_FILE_TMPDIR/src" -x
	make -s -C "$BATS_FILE_TMPDIR/src" DESTDIR="$BATS_FILE_TMPDIR/dest" PREFIX=$PREFIX install
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	dest=$BATS_FILE_TMPDIR/dest
	tree=$dest$PREFIX
	export PKG_CONFIG_PATH=$tree/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dest LD_LIBRARY_PATH=$tree/lib
}

# The functions that the installed headers declare.
declared() {
	gcc -E -P -I "$tree/include" -include vrp/vrp.h -x c /dev/null | grep -v '^#' | tr -d '\n' | tr ';' '\n' |
		grep -v typedef | grep -oE '\bvrp_[a-z0-9_]+\(' | tr -d '(' | sort
}

# An example of the sources, built with the installed tree alone.
build_example() {
	local name=$1
	shift
	gcc -std=c11 -Wall -Wextra -Werror -o "$name" "$ROOT/contrib/examples/$name.c" "$@"
}

@test "the shared library exports what the headers declare, as VRP_1, and nothing else" {
	declared >want
	[ "$(wc -l <want)" -gt 50 ]
	sed 's/$/@@VRP_1/' want >want.versioned
	nm -D --defined-only --with-symbol-versions "$tree/lib/libvrp.so.1" | awk '$2 == "T" { print $3 }' | sort >got
	same want.versioned got
	# Beside functions there is the version node, and no object at all.
	run -0 bash -c 'nm -D --defined-only "$1" | grep -v " T "' - "$tree/lib/libvrp.so.1"
	[[ $output =~ ^[0-9a-f]+\ A\ VRP_1(@@VRP_1)?$ ]]
}

@test "the static library defines the same, and nothing else" {
	declared >want
	nm -g --defined-only "$tree/lib/libvrp.a" | awk 'NF == 3 { print $3 }' | sort >got
	same want got
}

# Prototypes without blanks: of the headers, and of the page's SYNOPSIS.
header_prototypes() {
	gcc -E -P -I "$tree/include" -include vrp/vrp.h -x c /dev/null | grep -v '^#' | tr -d '\n' | tr ';' '\n' |
		grep -v typedef | grep -E 'vrp_[a-z0-9_]+\(' | tr -d '\t ' | sort
}
page_prototypes() {
	awk '/^\.Sh/ { within = /SYNOPSIS/ }
		!within { next }
		/^\.Ft/ { text = substr($0, 5) }
		/^\.Fn/ { split($0, word, " "); args = $0; sub(/^\.Fn [^ ]* ?/, "", args); gsub(/" "/, ",", args)
			print text word[2] "(" args ")" }
		/^\.Fo/ { text = text $2 "("; comma = "" }
		/^\.Fa/ { text = text comma substr($0, 5); comma = "," }
		/^\.Fc/ { print text ")" }' "$ROOT/man/vrp.3" | tr -d '" \t' | sort
}

@test "the page has every prototype, and explains every function" {
	sed 's/VRP_PREFIX_TEXT/44/; s/VRP_SKI_LEN/20/' <(page_prototypes) >got
	header_prototypes >want
	[ "$(wc -l <want)" -gt 50 ]
	same want got
	declared >want
	sed '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/d' "$ROOT/man/vrp.3" | grep -E '^\.(Fn|It Fn)' | grep -oE 'vrp_[a-z0-9_]+' |
		sort -u >explained
	# Names that go by their likes.
	printf '%s\n' vrp_table_{add,remove}_{router_key,aspa} vrp_table_free vrp_client_free >>explained
	sort -u explained >got
	same want got
}

@test "the shared library has its name and needs the C library alone" {
	readelf -d "$tree/lib/libvrp.so.1" >dynamic
	grep -q 'SONAME.*\[libvrp\.so\.1\]' dynamic
	[ "$(readlink "$tree/lib/libvrp.so")" = libvrp.so.1 ]
	run -0 bash -c "sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p' dynamic | grep -vE '^(libc|ld-linux.*|libpthread)\.so'; true"
	[ -z "$output" ]
}

@test "the library leaves alone what its program may do" {
	nm -D --undefined-only "$tree/lib/libvrp.so.1" >called
	run -1 grep -wE 'prctl|syscall|setrlimit|chroot|setres[ug]id|setgroups|pledge|unveil' called
}

@test "every header stands alone, in C and C++, and touches nothing that is not its own" {
	for header in "$tree"/include/vrp/*.h; do
		name=vrp/${header##*/}
		for std in c99 c11 gnu17; do
			gcc -std=$std -pedantic -Wall -Wextra -Werror -I "$tree/include" -include "$name" -x c -fsyntax-only /dev/null
		done
	done
	# Standard headers and each other, and no macros but their own.
	run -0 bash -c "grep -hE '^#include' '$tree'/include/vrp/*.h | sort -u"
	[ "$output" = $'#include "client.h"\n#include "table.h"\n#include "types.h"\n#include "view.h"\n#include <stddef.h>\n#include <stdint.h>' ]
	gcc -E -dM -I "$tree/include" -include vrp/vrp.h -x c /dev/null | cut -d ' ' -f 2 | cut -d '(' -f 1 | sort >with
	gcc -E -dM -include stddef.h -include stdint.h -x c /dev/null | cut -d ' ' -f 2 | cut -d '(' -f 1 | sort >without
	run -0 bash -c 'comm -23 with without | grep -v "^VRP_"; true'
	[ -z "$output" ]
	# What is banned within the project is not taken from others.
	echo 'int f(const char *s) { return atoi(s); }' |
		gcc -std=c11 -Wall -Werror -include stdlib.h -I "$tree/include" -include vrp/vrp.h -x c -fsyntax-only -
}

@test "headers and examples are C++, too" {
	command -v g++ >/dev/null || skip "no g++"
	for header in "$tree"/include/vrp/*.h; do
		g++ -std=c++11 -pedantic -Wall -Wextra -Werror -I "$tree/include" -include "$header" -x c++ -fsyntax-only /dev/null
	done
	for example in "$ROOT"/contrib/examples/*.c; do
		g++ -std=c++17 -Wall -Werror -I "$tree/include" -x c++ -fsyntax-only "$example"
	done
	# They are linked by their C names.
	echo '#include <vrp/vrp.h>
	int main() { return vrp_version()[0] == 0; }' >main.cc
	g++ -o main main.cc $(pkg-config --cflags --libs vrp)
	./main
}

@test "pkg-config knows it, and all say the same version" {
	version=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
	[ "$(pkg-config --modversion vrp)" = "$version" ]
	[ "$(pkg-config --cflags vrp)" = "-I$tree/include" ] || [ "$(pkg-config --cflags vrp)" = "-I$tree/include " ]
	[[ $(pkg-config --libs vrp) = "-L$tree/lib -lvrp"* ]]
	[[ $(pkg-config --libs --static vrp) = *-pthread* ]]
	printf '%s\n' '#include <stdio.h>' '#include <vrp/vrp.h>' \
		'int main(void) { return printf("%s %d.%d.%d\n", vrp_version(), VRP_VERSION_MAJOR, VRP_VERSION_MINOR, VRP_VERSION_PATCH) < 0; }' >version.c
	gcc -o version version.c $(pkg-config --cflags --libs vrp)
	run -0 ./version
	[ "$output" = "$version $version" ]
}

# Routes against a file and a live cache; $@ is how the example runs.
check_validate() {
	printf '192.0.2.0/24 24 AS64496 - -\n192.0.2.0/24 26 AS64497 - -\n2001:db8::/32 48 AS64496 - -\n' >table
	serve cache table <&-
	for source in ./table "tcp://127.0.0.1:$PORT"; do
		run -1 --separate-stderr "$@" "$source" 192.0.2.0/24 64496 192.0.2.0/25 64496 198.51.100.0/24 1
		[ "$output" = $'192.0.2.0/24 AS64496 valid\n\t192.0.2.0/24-24 AS64496\n\t192.0.2.0/24-26 AS64497, another AS
192.0.2.0/25 AS64496 invalid\n\t192.0.2.0/24-24 AS64496, too long\n\t192.0.2.0/24-26 AS64497, another AS
198.51.100.0/24 AS1 not-found' ]
		run -0 "$@" "$source" 2001:db8::/48 64496
		run -2 --separate-stderr "$@" "$source" 2001:db8::/129 64496
		[ -z "$output" ]
	done
}

@test "the example validate.c with the shared library" {
	build_example validate $(pkg-config --cflags --libs vrp)
	run -0 readelf -d validate
	[[ $output = *"NEEDED"*"[libvrp.so.1]"* ]]
	check_validate ./validate
	run -2 ./validate ./nothing 192.0.2.0/24 1
	[ "$output" = "validate: ./nothing: No such file or directory" ]
	run -2 ./validate tcp:// 192.0.2.0/24 1
	run -2 ./validate
}

@test "the example validate.c with the static library" {
	build_example validate -I "$tree/include" "$tree/lib/libvrp.a" -pthread
	run -0 readelf -d validate
	[[ $output != *libvrp* ]]
	check_validate env -u LD_LIBRARY_PATH ./validate
}

@test "the example follow.c sees a live cache change, and fails over to another" {
	build_example follow $(pkg-config --cflags --libs vrp)
	serve first
	one=$PORT
	feed first <<-'END'
		%snapshot
		192.0.2.0/24 24 AS64496 - -
		aspa AS64496 AS64497,AS64498 - -
		~end
	END
	wait_log first 'serial 1:'
	printf '198.51.100.0/24 24 AS64499 - -\n' >table
	serve second table
	start follow ./follow "tcp://127.0.0.1:$one" "tcp://127.0.0.1:$PORT"
	wait_for grep -q '^# 1 VRPs: 1 added, 0 removed' follow.out
	feed first <<-'END'
		%delta
		+192.0.2.0/24 25 AS64496 - -
		-192.0.2.0/24 24 AS64496 - -
		~end
	END
	wait_for grep -q '^# 1 VRPs: 1 added, 1 removed' follow.out
	stop first KILL || :
	wait_for grep -q 'AS64499' follow.out
	stop follow
	[ $? -eq 0 ]
	grep -v '^#' follow.out >got
	cat >want <<-'END'
		+192.0.2.0/24 24 AS64496
		+aspa AS64496 AS64497,AS64498
		+192.0.2.0/24 25 AS64496
		-192.0.2.0/24 24 AS64496
		+198.51.100.0/24 24 AS64499
		-192.0.2.0/24 25 AS64496
		-aspa AS64496 AS64497,AS64498
	END
	same want got
	grep -q "tcp://127.0.0.1:$one: ERROR_TRANSPORT" follow.err
}
