# SPDX-License-Identifier: ISC
# bash completion of the vrptools.

_vrptools()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options operands=
	# Of every tool that takes a cache.
	local access="--tls-ca --tls-name --tls-cert --tls-key --tls-insecure
		--ssh-known-hosts --ssh-host-key --ssh-key --ssh-password-file --tcp-keys"

	case ${COMP_WORDS[0]##*/} in
	vrp-fetch)
		options="-E --ignore-expiry -o --output -q --quiet -r --refresh --full --max-age --strict --timeout
			--max-size --cacert --user-agent --verify"
		operands=files
		;;
	vrp-slurm)
		options="-c --check -f --file -q --quiet -w --watch"
		operands=files
		;;
	vrp-diff)
		options="-a --annotations -o --output -q --quiet --stat --top --json"
		operands=files
		;;
	vrp-merge)
		options="-n --quorum -f --follow -o --output -q --quiet --wait"
		operands=files
		;;
	vrp-format)
		options="-o --format -O --output -T --table -q --quiet"
		operands=files
		case $prev in
		-o | --format)
			mapfile -t COMPREPLY < <(compgen -W "json csv csvcompat openbgpd openbgpd-aspa bird bird1 bird1v4 bird1v6 rpsl
				slurm jsonl summary" -- "$cur")
			return
			;;
		-T | --table)
			COMPREPLY=()
			return
			;;
		esac
		;;
	vrp-validate)
		options="-t --table -a --as -b --brief -q --quiet -s --summary -u --unique --aspa --rs-client --json --rov --only
			--watch $access"
		operands=files
		case $prev in
		-t | --table | --watch)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
			;;
		--aspa)
			mapfile -t COMPREPLY < <(compgen -W "upstream downstream" -- "$cur")
			return
			;;
		--only)
			mapfile -t COMPREPLY < <(compgen -W "valid invalid not-found aspa-valid aspa-unknown aspa-invalid" -- "$cur")
			return
			;;
		-a | --as)
			COMPREPLY=()
			return
			;;
		esac
		;;
	vrp-sign)
		options="-k --key -V --verify -p --public -s --signature -q --quiet --json --strict-time --valid --max-age --skew
			--state --max-size"
		operands=files
		# Which takes no file elsewhere.
		case $prev in
		-k | --key | -p | --public | -s | --signature | --state) prev=--file ;;
		--verify) prev= ;;
		esac
		;;
	vrpfs)
		options="-b --background -f --foreground -o --options -E --ignore-expiry --refresh --max-age --strict --timeout
			--max-size --cacert --user-agent --exit-on-eof -v --verbose -q --quiet $access"
		operands=files
		;;
	rtr-serve)
		options="-l --listen -E --ignore-expiry --max-age --max-shrink --refresh --retry --expire --max-version
			--max-clients --max-clients-per-address --access --tcp-keys --tls-cert --tls-key --tls-client-ca
			--ssh-host-key --ssh-authorized-keys --ssh-passwords --handshake-timeout --max-handshakes
			--history --notify-interval --query-timeout --stall-timeout --exit-on-eof --shutdown --verify
			--http --client-metrics --user --chroot --state --stdio-connect -v --verbose -q --quiet"
		operands=files
		# Which is a file here, and not a hash.
		[ "$prev" != --ssh-host-key ] || prev=--ssh-key
		;;
	rtr-dump)
		options="-f --follow -p --preference --rtr-version --serial --session -o --output -t --timeout --pdus
			--refresh --retry --expire --status -v --verbose -q --quiet $access"
		operands=hosts
		# Which takes no file here.
		[ "$prev" != -f ] || prev=
		;;
	rtr-mon)
		options="-1 --once -r --refresh -t --timeout -E --ignore-expiry --max-age --strict --max-size --cacert --user-agent
			-g --grace --visibility --http --on-change --hook-timeout -v --verbose -q --quiet $access"
		# NAME=FILE: bash has made words of it, of which "=" is one.
		case $prev in
		=) cur=${cur#=} ;;
		--on-change) prev=--http ;;
		esac
		[ "$cur" != = ] || cur=
		operands=files
		;;
	esac
	options+=" -h --help -V --version"

	COMPREPLY=()
	case $prev in
	-f | --file | -o | -O | --output | --cacert | --tls-ca | --tls-cert | --tls-key | --ssh-known-hosts | --ssh-key | \
		--ssh-password-file | --access | --tcp-keys | --tls-client-ca | --ssh-authorized-keys | --ssh-passwords | --verify)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--max-version | --rtr-version)
		mapfile -t COMPREPLY < <(compgen -W "0 1 2" -- "$cur")
		return
		;;
	-n | --quorum)
		mapfile -t COMPREPLY < <(compgen -W "1 2 3 all" -- "$cur")
		return
		;;
	--chroot | --state)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	--shutdown)
		mapfile -t COMPREPLY < <(compgen -W "keep flush" -- "$cur")
		return
		;;
	-l | --listen | -t | --timeout | --max-age | --max-size | --valid | --skew | --max-shrink | --max-clients | --user-agent | \
		-r | --refresh | --retry | --expire | --history | --notify-interval | --query-timeout | --stall-timeout | \
		--serial | --session | --top | --wait | -p | --preference | --tls-name | --ssh-host-key | \
		--max-clients-per-address | --handshake-timeout | --max-handshakes | --stdio-connect | \
		-g | --grace | --visibility | --http | --hook-timeout)
		return
		;;
	esac
	if [[ $cur = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
	elif [ "$operands" = files ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	elif [ "$operands" = hosts ]; then
		mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur")
	fi
}

complete -F _vrptools vrp-fetch vrp-slurm vrp-diff vrp-merge vrp-format vrp-validate vrp-sign rtr-serve rtr-dump rtr-mon vrpfs
