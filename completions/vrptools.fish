# SPDX-License-Identifier: ISC
# fish completion of the vrptools.

for tool in vrp-fetch vrp-slurm vrp-diff vrp-merge vrp-format rtr-serve rtr-dump
	complete -c $tool -s h -l help -d 'show the help and exit'
	complete -c $tool -s V -l version -d 'show the version and exit'
end

complete -c vrp-fetch -s E -l ignore-expiry -d 'keep records that have expired'
complete -c vrp-fetch -s o -l output -r -F -d 'replace a file instead of writing to standard output'
complete -c vrp-fetch -s q -l quiet -d 'no summary and no progress'
complete -c vrp-fetch -s r -l refresh -x -d 'stay, and fetch again so often'
complete -c vrp-fetch -l full -d 'with -r, a whole snapshot at each change'
complete -c vrp-fetch -l max-age -x -d 'refuse a feed whose data is older'
complete -c vrp-fetch -l strict -d 'refuse a feed with a bad record'
complete -c vrp-fetch -l timeout -x -d 'give up on a download after so long'
complete -c vrp-fetch -l max-size -x -d 'refuse a larger feed'
complete -c vrp-fetch -l cacert -r -F -d 'trust these certificate authorities'
complete -c vrp-fetch -l user-agent -x -d 'what to tell servers'

# vrp-slurm

# vrp-diff

# vrp-merge

# vrp-format

complete -c rtr-serve -s l -l listen -x -d 'serve routers here'
complete -c rtr-serve -s E -l ignore-expiry -d 'serve records that have expired, too'
complete -c rtr-serve -l max-age -x -d 'withdraw a table whose data is older'
complete -c rtr-serve -l max-shrink -x -d 'hold back a table that loses more'
complete -c rtr-serve -l refresh -x -d 'when routers shall ask again'
complete -c rtr-serve -l retry -x -d 'when they shall after a failure'
complete -c rtr-serve -l expire -x -d 'how long they may use data without us'
complete -c rtr-serve -l max-version -x -a '0 1 2' -d 'highest protocol version to speak'
complete -c rtr-serve -l max-clients -x -d 'turn further routers away'
complete -c rtr-serve -l history -x -d 'keep at most so many changes'
complete -c rtr-serve -l notify-interval -x -d 'least time between two Notifies'
complete -c rtr-serve -l query-timeout -x -d 'for the first query and the rest of a PDU'
complete -c rtr-serve -l stall-timeout -x -d 'close a router that takes no data for so long'
complete -c rtr-serve -l exit-on-eof -d 'exit when the input ends'
complete -c rtr-serve -l shutdown -x -a 'keep flush' -d 'what becomes of the data of routers on SIGTERM'
complete -c rtr-serve -s v -l verbose -d 'log every answer, too'
complete -c rtr-serve -s q -l quiet -d 'log only warnings and errors'

complete -c rtr-dump -f -a '(__fish_print_hostnames)'
complete -c rtr-dump -l rtr-version -x -a '0 1 2' -d 'speak this protocol version only'
complete -c rtr-dump -l serial -x -d 'ask for what changed since this serial'
complete -c rtr-dump -l session -x -d 'the session of that serial'
complete -c rtr-dump -s o -l output -r -F -d 'replace a file instead of writing to standard output'
complete -c rtr-dump -s t -l timeout -x -d 'for connecting, and for silence of the cache'
complete -c rtr-dump -l pdus -d 'print every PDU instead of records'
complete -c rtr-dump -s v -l verbose -d 'report each step of the session'
complete -c rtr-dump -s q -l quiet -d 'no summary'
