#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# rtr-serve's page at /, in a real browser.

load lib

setup_file() {
	if ! "$ROOT/t/peer" --have chromium || ! "$ROOT/t/peer" --have chromedriver; then
		return
	fi
	cd "$BATS_FILE_TMPDIR"
	mkdir browser
	export BROWSER=$PWD/browser URL PORT
	start browser python3 "$ROOT/t/browser.py" "$BROWSER"
	# For tests that change nothing.
	serve_page shared
	wait_for begun
}

begun() { [ -e "$BROWSER/ready" ] || ! alive browser; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	need_peer chromium
	need_peer chromedriver
}

# The browser ends a moment after its driver, and writes into its profile until then.
browsing() { pgrep -f -- "$BROWSER/" >/dev/null; }

teardown_file() {
	stop_all
	[ -z "${BROWSER-}" ] || wait_for not browsing
	[ -z "${BROWSER-}" ] || wait_for rm -rf "$BROWSER"
}

# The lines on standard input as the table of serial $2 of cache $1.
table() {
	{ echo %snapshot; cat; echo ~end; } | feed "$1"
	wait_log "$1" "serial $2:"
}

# rtr-serve with a small table, and where its page is.
serve_page() {
	serve "$1" --http 127.0.0.1:0 "${@:2}"
	URL=http://127.0.0.1:$(sed -nE 's/.*http on .*:([0-9]+)$/\1/p' "$RUN/$1.err")/
	table "$1" 1 <<-'END'
		192.0.2.0/24 24 64496 ripe
		198.51.100.0/24 24 64496 apnic
		2001:db8::/32 48 64497 ripe
		aspa 64500 64501 ripe
	END
}

# Each of these names a function of t/page.py.
page() { PORT=$PORT python3 "$ROOT/t/page.py" "$@"; }

@test "the page asks for itself alone, and what is put into it is not run, shown or fetched" {
	page loads policy
}

@test "the box answers without loading the page again, and where scripts are off" {
	page validates scriptless
}

@test "every text can be read in the light and in the dark, and nothing overflows on narrow screens" {
	page dark narrow
}

@test "a screen reader finds headings, landmarks, tables and names, and a keyboard reaches all" {
	page accessible keyboard
}

@test "numbers are those of /status, and an open page hears of a change and of a router that lags" {
	serve_page cache
	FEED=$RUN/cache.in page numbers lag
}

@test "names and errors from outside are text" {
	serve_page cache
	# <script>window.bad=1</script>, "><b>'&, letters of many kinds, an override, letters from right to left
	table cache 2 <<-'END'
		192.0.2.0/24 24 64496 %3Cscript%3Ewindow.bad=1%3C/script%3E
		192.0.3.0/24 24 64496 "><b>'&
		192.0.4.0/24 24 64496 Z%C3%BCrich%20%E6%9D%B1%E4%BA%AC
		192.0.5.0/24 24 64496 a%E2%80%AEb
		192.0.6.0/24 24 64496 %D7%A9%D7%9C%D7%95%D7%9D
	END
	printf '%s\n' %snapshot '10.0.0.0/8 8 <img/src=x/onerror=window.bad=1>' ~end | feed cache
	wait_log cache 'onerror'
	page hostile
}

@test "of many routers some are listed, an old version's page is loaded anew, and one that hears nothing more says so" {
	serve_page cache --max-clients-per-address 300
	SERVER=$(pid_of cache) page many upgraded lost
}
