#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# rtr-serve's page at /, in a real browser.

setup_file() {
	load lib
	if ! "$ROOT/t/peer" --have chromium || ! "$ROOT/t/peer" --have chromedriver; then
		return
	fi
	cd "$BATS_FILE_TMPDIR"
	mkdir browser
	export BROWSER=$PWD/browser
	start browser python3 "$ROOT/t/browser.py" "$BROWSER"
	wait_for begun
}

begun() { [ -e "$BROWSER/ready" ] || ! alive browser; }

setup() {
	load lib
	cd "$BATS_TEST_TMPDIR"
	need_peer chromium
	need_peer chromedriver
	export PORT URL FEED SERVER
}

teardown_file() {
	load lib
	stop_all
}

# The lines on standard input as the table of serial $1.
table() {
	{ echo %snapshot; cat; echo ~end; } | feed cache
	wait_log cache "serial $1:"
}

# rtr-serve with a small table, and where its page is.
serve_page() {
	serve cache --http 127.0.0.1:0 "$@"
	FEED=$RUN/cache.in
	SERVER=$(pid_of cache)
	URL=http://127.0.0.1:$(sed -nE 's/.*http on .*:([0-9]+)$/\1/p' "$RUN/cache.err")/
	table 1 <<-'END'
		192.0.2.0/24 24 64496 ripe
		198.51.100.0/24 24 64496 apnic
		2001:db8::/32 48 64497 ripe
		aspa 64500 64501 ripe
	END
}

page() { python3 "$ROOT/t/page.py" "$1"; }

@test "the page loads, asks for itself alone, and the console has nothing to say" {
	serve_page
	page loads
}

@test "what is put into the page is not run, shown or fetched" {
	serve_page
	page policy
}

@test "numbers are those of /status" {
	serve_page
	page numbers
}

@test "an open page hears of a change, and of a router that lags" {
	serve_page
	page lag
}

@test "the box answers without loading the page again" {
	serve_page
	page validates
}

@test "the box answers where scripts are off" {
	serve_page
	page scriptless
}

@test "in the light and in the dark every text can be read" {
	serve_page
	page dark
}

@test "nothing overflows on narrow screens and with large letters" {
	serve_page
	page narrow
}

@test "a screen reader finds headings, landmarks, tables and names" {
	serve_page
	page accessible
}

@test "all of it can be reached by keyboard" {
	serve_page
	page keyboard
}

@test "names and errors from outside are text" {
	serve_page
	# <script>window.bad=1</script>, "><b>'&, letters of many kinds, an override, letters from right to left
	table 2 <<-'END'
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

@test "of many routers some are listed" {
	serve_page --max-clients-per-address 300
	page many
}

@test "a page that hears nothing says so" {
	serve_page
	page lost
}
