# SPDX-License-Identifier: ISC
# The Python module: its wheel is built, installed apart and tested from there, against live caches.
load lib

PYTHON=${PYTHON:-/usr/bin/python3}

setup_file() {
	local wheel

	"$PYTHON" -c 'import cffi, setuptools, wheel' 2>/dev/null || skip "no python3-cffi, -setuptools and -wheel for $PYTHON"
	make -s -C "$ROOT" PYTHON="$PYTHON" python
	set -- "$ROOT"/build/python/dist/*.whl
	[ $# -eq 1 ]
	wheel=$1
	"$PYTHON" -m pip install -q --no-index --no-deps --no-cache-dir --disable-pip-version-check \
		--root-user-action=ignore --target "$BATS_FILE_TMPDIR/site" "$wheel"
	# What was freed reads as rubbish, so that a record that outlives its memory is found.
	export PYTHONPATH=$BATS_FILE_TMPDIR/site PYTHONDONTWRITEBYTECODE=1 PYTHONMALLOC=debug MALLOC_PERTURB_=221
}

# One file of unittests; warnings, such as of a file that was not closed, are errors.
unittests() {
	cd "$ROOT/t/python" || return
	run -0 timeout 240 "$PYTHON" -X faulthandler -W error -m unittest "test_$1"
	[[ $output =~ Ran\ [1-9][0-9]*\ test ]]
	[[ $output != *skipped* ]]
}

@test "values: names, texts, types and errors are those of rtrlib-python" { unittests values; }
@test "PfxTable: the table of tests that the binding has" { unittests pfx_table; }
@test "RTRManager: usage examples, questions, time-outs, forks and exits" { unittests manager; }
@test "callbacks: either arity, exceptions, stops from within" { unittests callbacks; }
@test "several caches, router keys and ASPAs" { unittests caches; }
@test "bulk validation agrees with validation one by one" { unittests bulk; }
@test "threads: readers of a table that changes, managers that come and go" { unittests stress; }
@test "tools: rtrclient.py and cli-validator.py" { unittests tools; }
@test "what the README shows is so" { unittests readme; }

@test "the wheel is for every Python from 3.9 on, shows no symbol of libvrp and needs libc alone" {
	[[ "$(ls "$ROOT/build/python/dist")" == rtrlib-*-cp39-abi3-*.whl ]]
	so=$PYTHONPATH/rtrlib/_vrp.abi3.so
	nm -D --defined-only "$so" | awk '{ print $3 }' >symbols
	grep -x PyInit__vrp symbols
	[ "$(grep -vc '^_cffi_pypyinit\|^PyInit__vrp$' symbols)" -eq 0 ]
	objdump -p "$so" | awk '$1 == "NEEDED" { print $2 }' >needed
	[ "$(grep -vc '^libc\.so' needed)" -eq 0 ]
	run -0 cat "$PYTHONPATH"/rtrlib-*.dist-info/METADATA
	[[ $output == *"Requires-Python: >=3.9"* && $output == *"Requires-Dist: cffi"* ]]
}

@test "validate() and validate_many() say of real data what vrp-validate says" {
	[ -x "$VRP_BIN/vrp-validate" ] || skip "no vrp-validate"
	snapshot_json snapshot.json
	vrp-fetch -q -E --max-age 0 -o table snapshot.json
	# Routes around the table's own: its prefixes, longer ones and shorter ones, with right origins and wrong ones.
	awk '$1 ~ /\// { split($1, p, "/"); as = substr($3, 3); n++
		if (n % 7 == 0) print $1, "AS" as
		if (n % 7 == 1 && p[2] < 32) print p[1], p[2] + 1, as
		if (n % 7 == 2) printf "%s AS%d\n", $1, as + 1
		if (n % 7 == 3 && p[2] > 9) print p[1], p[2] - 9, as }' table >routes
	[ "$(wc -l <routes)" -gt 100000 ]
	vrp-validate -b -t table routes | awk '{ print $3 }' >expected
	[ "$(sort -u expected | wc -l)" -eq 3 ]
	serve cache -E --max-age 0 table
	wait_log cache 'serial 1:'
	"$PYTHON" - "$PORT" routes >found <<-'END'
		import sys
		from rtrlib import PfxvState, RTRManager
		names = {state.value: state.name.replace("_", "-") for state in PfxvState}
		with RTRManager("127.0.0.1", sys.argv[1]) as mgr, open(sys.argv[2], "rb") as routes:
		    text = routes.read()
		    states = mgr.validate_many(text)
		    for state in states:
		        print(names[state])
		    for line, state in list(zip(text.decode().splitlines(), states))[::50]:
		        prefix, *length, origin = line.split()
		        prefix, length = (prefix, length[0]) if length else prefix.split("/")
		        result = mgr.validate(int(origin.lstrip("AS")), prefix, int(length))
		        assert result.state.value == state, line
	END
	same expected found
}
