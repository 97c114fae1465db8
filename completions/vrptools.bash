# SPDX-License-Identifier: ISC
# bash completion of the vrptools.

_vrptools()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options operands=

	case ${COMP_WORDS[0]##*/} in
	vrp-fetch)
		options="-E --ignore-expiry -o --output -q --quiet -r --refresh --full --max-age --strict --timeout
			--max-size --cacert --user-agent"
		operands=files
		;;
	vrp-slurm)
		options=""
		operands=files
		;;
	vrp-diff)
		options=""
		operands=files
		;;
	vrp-merge)
		options=""
		operands=files
		;;
	vrp-format)
		options=""
		operands=files
		;;
	rtr-serve)
		options="-l --listen -E --ignore-expiry --max-age --max-shrink --refresh --retry --expire --max-version
			--max-clients --history --notify-interval --query-timeout --stall-timeout --exit-on-eof --shutdown
			-v --verbose -q --quiet"
		operands=files
		;;
	rtr-dump)
		options="--rtr-version --serial --session -o --output -t --timeout --pdus -v --verbose -q --quiet"
		operands=hosts
		;;
	esac
	options+=" -h --help -V --version"

	COMPREPLY=()
	case $prev in
	-o | --output | --cacert)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--max-version | --rtr-version)
		mapfile -t COMPREPLY < <(compgen -W "0 1 2" -- "$cur")
		return
		;;
	--shutdown)
		mapfile -t COMPREPLY < <(compgen -W "keep flush" -- "$cur")
		return
		;;
	-l | --listen | -t | --timeout | --max-age | --max-size | --max-shrink | --max-clients | --user-agent | \
		-r | --refresh | --retry | --expire | --history | --notify-interval | --query-timeout | --stall-timeout | \
		--serial | --session)
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

complete -F _vrptools vrp-fetch vrp-slurm vrp-diff vrp-merge vrp-format rtr-serve rtr-dump
