# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Certificates for tests, in the directory that is current.
#
#   authority NAME                    NAME.pem and NAME.key
#   certificate NAME CA SAN [DAYS]    NAME.pem and NAME.key, certified by CA for SAN ("DNS:a.example,IP:192.0.2.1", or none),
#                                     good for a day, or until DAYS ago when that is negative

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" && chmod 600 "$1"; }

authority() {
	new_key "$1.key"
	openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 30 -out "$1.pem"
}

certificate() {
	local name=$1 ca=$2 san=$3 days=${4:-1} conf=$1.cnf

	cat >"$conf" <<-END
		[ca]
		default_ca = here
		[here]
		database = $name.index
		serial = $name.serial
		new_certs_dir = .
		default_md = sha256
		policy = any
		x509_extensions = ext
		[any]
		commonName = supplied
		[ext]
		basicConstraints = CA:FALSE
		${san:+subjectAltName = $san}
	END
	: >"$name.index"
	printf '%04X\n' $((RANDOM + 4096)) >"$name.serial"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -subj "/CN=$name" -out "$name.csr" 2>/dev/null
	chmod 600 "$name.key"
	openssl ca -batch -notext -config "$conf" -cert "$ca.pem" -keyfile "$ca.key" -in "$name.csr" -out "$name.pem" \
		-startdate "$(date -u -d "-10 days" +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "$days days" +%Y%m%d%H%M%SZ)" 2>/dev/null
}
