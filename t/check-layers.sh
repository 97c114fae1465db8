#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The layers of lib/ hold: L0 to L5 come from the Makefile through the
# environment, lowest first, and the archive says what the library calls.
set -u
cd "$(dirname "$0")/.." || exit 2
build=${BUILD:-build}

# Whose concern each third-party library is.
declare -A concern=(
	[curl]="lib/fetch.c"
	[fuse3]="fs/ops.c fs/ops.h fs/followers.c fs/followers.h fs/session.c fs/session.h"
	[event2]="lib/httpd.c lib/httpd_conn.c lib/httpd_request.c lib/listener.c lib/rtr_conn.c lib/rtr_server.c lib/tls_filter.c lib/tls_gate.c cmd/rtr-serve.c"
	[zlib]="lib/documents.c"
	[jansson]=""
	[openssl]="lib/sig_key.c lib/tls.c lib/tls_filter.c lib/tls_gate.c lib/transport_tls.c"
	[libssh]="lib/transport_ssh.c lib/ssh_identity.c lib/ssh_realm.c lib/ssh_peer.c lib/ssh_relay.c lib/ssh_peer_internal.h"
)

# What only lib/cli.c may call, being the face of the tools.  A child of lib/sandbox.c's ends by itself.
speaks='printf|vprintf|puts|putchar|putc|fputs|perror|err|errx|warn|warnx|stdout|stderr|exit|_exit|quick_exit|abort|__assert_fail'
speaks+='|__printf_chk|__vprintf_chk'

declare -A layer
for number in 0 1 2 3 4 5; do
	names=L$number
	for name in ${!names-}; do
		layer[$name]=$number
	done
done
if [ -z "${L0-}" ]; then
	echo "check-layers.sh: run it with make check-layers" >&2
	exit 2
fi

# A header without a .c stands where its users can reach it: at the lowest layer that has what it includes.
layer_of() {
	local name=$1 top=0 below

	if [ -z "${layer[$name]-}" ] && [ ! -e "lib/$name.c" ]; then
		for below in $(included "lib/$name.h"); do
			[ "$below" = "$name" ] && continue
			layer_of "$below"
			[ "${layer[$below]:-0}" -gt "$top" ] && top=${layer[$below]}
		done
		layer[$name]=$top
	fi
}

included() { sed -nE 's/^#[ \t]*include "([^"]*)\.h".*/\1/p' "$1" | sed 's|.*/||'; }

report() {
	n=$((${n-0} + 1))
	if [ -z "$2" ]; then
		echo "ok $n $1"
	else
		echo "not ok $n $1"
		sed 's/^/# /' <<<"${2%$'\n'}"
	fi
}

log=
for file in lib/*.c; do
	name=$(basename "$file" .c)
	[ -n "${layer[$name]-}" ] || log+="$file is in none of L0 to L5 of the Makefile"$'\n'
done
report "every file of lib/ has a layer" "$log"

log=
for file in lib/*.[ch]; do
	name=$(basename "${file%.[ch]}")
	layer_of "$name"
	for other in $(included "$file"); do
		layer_of "$other"
		if [ ! -e "lib/$other.h" ]; then
			log+="$file includes $other.h, which is not in lib/"$'\n'
		elif [ "${layer[$other]:-0}" -gt "${layer[$name]:-0}" ]; then
			log+="$file (L${layer[$name]:-0}) includes $other.h (L${layer[$other]})"$'\n'
		fi
	done
done
report "nothing in lib/ includes a higher layer" "$log"

log=$(grep -nE '^#[ \t]*include "[^"]*(cmd|fs|t)/' lib/*.[ch])
report "nothing in lib/ includes cmd/ or fs/" "$log"

for library in $(printf '%s\n' "${!concern[@]}" | sort); do
	log=
	for file in $(grep -lE "^#[ \t]*include <$library[./]" lib/*.[ch] cmd/*.[ch] fs/*.[ch] 2>/dev/null); do
		case " ${concern[$library]} " in
		*" $file "*) ;;
		*) log+="$file includes $library"$'\n' ;;
		esac
	done
	report "$library stays in ${concern[$library]:-no file of lib/ or cmd/}" "$log"
done

log=
if [ ! -e "$build/libvrp.a" ]; then
	log="there is no $build/libvrp.a"
else
	log=$(nm -A --undefined-only "$build/libvrp.a" | grep -wE "U ($speaks)$" | grep -vE ':cli\.o:|:(sandbox|hook)\.o: +U _exit$')
fi
report "nothing in lib/ but cli.c prints, exits or aborts" "$log"

# The tree of the file system is a library like lib/, and FUSE's files are around it.
log=
if [ ! -e "$build/libvrpfs.a" ]; then
	log="there is no $build/libvrpfs.a"
else
	log=$(nm -A --undefined-only "$build/libvrpfs.a" | grep -E " U (($speaks)$|fuse_)")
fi
report "the tree in fs/ prints nothing, never exits and calls no FUSE" "$log"

# Constants that hold addresses are in .data.rel.ro; what can be written to is in these.
log=$(objdump -t "$build/libvrp.a" "$build/libvrpfs.a" | awk '/:  *file format/ { object = $1 } / O \.(data|bss|tdata|tbss)\t/ { print object, $NF }')
report "lib/ and the tree in fs/ have no variables" "$log"
echo "1..$n"
