# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
# StayRTR's server and rtr-dump over TLS; StayRTR's rtrdump and rtr-serve.
load ../lib
load ../certs
load routers

setup_file() {
	cd "$RUN" || return
	need_peer stayrtr
	authority ca
	certificate cache ca DNS:localhost,IP:127.0.0.1
	make_feed
	# StayRTR drops what has expired, and sends ASPAs as an old draft has them.
	sed -E 's/, "expires": [0-9]+//' feed.json | jq 'del(.provider_authorizations)' >no-aspas.json
}

teardown() {
	show_logs
	stop_all
}

@test "rtr-dump gets the real snapshot out of StayRTR over TLS, and knows it by its certificate" {
	port=$(free_port)
	start stayrtr "$ROOT/t/peer" stayrtr -cache "$RUN/no-aspas.json" -checktime=false -bind "" \
		-tls.bind "127.0.0.1:$port" -tls.cert cache.pem -tls.key cache.key -metrics.addr ""
	# It says nothing of its TLS socket.
	wait_for bash -c ": <>/dev/tcp/127.0.0.1/$port"
	rtr-dump --tls-ca ca.pem "tls://localhost:$port" >dump.vrp
	same want0 <(vrps <dump.vrp)
	run -2 rtr-dump "tls://127.0.0.1:$port"
	[[ $output = *"an authority that is not known here"* ]]
}

@test "StayRTR's rtrdump gets the real snapshot out of rtr-serve over TLS" {
	need_peer rtrdump
	start_fed cache rtr-serve -E --max-age 0 -l tls://127.0.0.1:0 --tls-cert cache.pem --tls-key cache.key
	wait_log cache 'listening on'
	feed cache <base.vrp
	wait_log cache 'serial 1:'
	SSL_CERT_FILE=ca.pem peer rtrdump -rtr.version 1 -type tls -tls.validate -connect "127.0.0.1:$(port_of cache)" \
		-file rtrdump.json
	vrp-fetch -q --max-age 0 rtrdump.json | vrps | same want0 -
	# It validates, too: this is what it says without the authority.
	run ! peer rtrdump -rtr.version 1 -type tls -tls.validate -connect "127.0.0.1:$(port_of cache)" -file nothing.json
	wait_log cache 'refused: refused by peer: bad certificate'
}
