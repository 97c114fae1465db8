# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154
#
# A web server for the tests of vrp-fetch: a real nginx from build/peers.  After
# `load lib`, `load http` gives:
#
#   make_certificates     ca.pem, a server certificate of its making for 127.0.0.1, and other.pem of a stranger
#   start_nginx           serve $RUN/www over $HTTP and $TLS, two ports, as nginx_conf has it; sets $url to the former
#   ours.log asked.log    what nginx says of each request: agent and compression; the conditions that came with it
#   answer FORMAT ARG...  a server that gives one answer, whatever it is, and ends the connection; sets $url to it

# A private authority and a server certificate of its making.
# Made once for a file of tests, which all get a copy.
make_certificates() {
	local made=$BATS_FILE_TMPDIR/certificates

	[ -e "$made/other.pem" ] || { mkdir -p "$made" && (cd "$made" && create_certificates); }
	cp "$made"/* .
}

create_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
		-keyout ca.key -out ca.pem
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout server.key -out server.csr
	printf 'subjectAltName=IP:127.0.0.1\n' >san
	openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=stranger \
		-keyout other.key -out other.pem
}

# The locations below /live do what files beside the feeds tell them to.
nginx_conf() {
	cat <<-END
		daemon off;
		master_process off;
		pid $1/nginx.up;
		error_log stderr notice;
		events { worker_connections 64; }
		http {
			client_body_temp_path $1/t1;
			proxy_temp_path $1/t2;
			fastcgi_temp_path $1/t3;
			uwsgi_temp_path $1/t4;
			scgi_temp_path $1/t5;
			log_format ours '\$uri \$status \$sent_http_content_encoding \$http_user_agent \$http_authorization';
			access_log $1/ours.log ours;
			log_format asked escape=none '\$uri \$status \$http_if_none_match \$http_if_modified_since';
			access_log $1/asked.log asked;
			default_type application/json;
			server {
				listen 127.0.0.1:$2;
				listen 127.0.0.1:$3 ssl;
				ssl_certificate $1/server.pem;
				ssl_certificate_key $1/server.key;
				root $1/www;
				location /gzip/ { alias $1/www/; gzip on; gzip_types *; gzip_min_length 1; }
				location /bomb { gzip_static always; gunzip off; }
				location /old { return 301 /feed; }
				location /moved { return 302 http://127.0.0.1:$2/old; }
				location /loop { return 302 /loop; }
				location /file { return 302 file:///etc/passwd; }
				location /downgrade { return 302 http://127.0.0.1:$2/feed; }
				location /missing { return 404; }
				location /broken { return 500; }
				location /nothing { return 204; }
				location /later { return 503 "not yet"; }
				location /slow { alias $1/www/feed; limit_rate 100; }
				location /live/ {
					alias $1/www/;
					if (-f $1/www/503) { return 503; }
					if (-f $1/www/elsewhere) { return 302 http://127.0.0.1:${4:-1}/; }
					if (-f $1/www/slow) { set \$limit_rate 50; }
				}
				location /busy/ {
					alias $1/www/;
					if (-f $1/www/429) { add_header Retry-After 3600 always; return 429; }
				}
				location /undated/ { alias $1/www/; etag off; }
				location /either {
					if (-f $1/www/second) { return 302 /two; }
					return 302 /one;
				}
				location /never-modified { return 304; }
			}
		}
	END
}

# It writes its pid when it listens on both, and ends when it can't.
nginx_decided() { [ -s "$RUN/nginx.up" ] || not alive nginx; }

# With the port of the server elsewhere that /live/ may lead to.
start_nginx() {
	local tries

	mkdir -p "$RUN/www"
	# Somebody else may take a free port before nginx does.
	for ((tries = 0; tries < 5; tries++)); do
		HTTP=$(free_port)
		TLS=$(free_port)
		url=http://127.0.0.1:$HTTP
		nginx_conf "$RUN" "$HTTP" "$TLS" "${1-}" >nginx.conf
		start nginx "$ROOT/t/peer" nginx -p "$RUN" -c "$RUN/nginx.conf"
		wait_for nginx_decided
		[ ! -s "$RUN/nginx.up" ] || return 0
	done
	return 1
}

answer() {
	printf "$@" >answer
	start breaking "$VRP_TOOLS/rtr-poke" -l accept file answer shut eof
	wait_log breaking 'listening on'
	url=http://127.0.0.1:$(port_of breaking)
}
