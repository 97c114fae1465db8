# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# rtr-serve against a model of it: random feeds, routers and kills, and after every step each router's table is one
# that was committed and a delta leads to it from every serial that is kept.  t/model/model.h says how; a failure prints
# the seed and the shortest list of steps that fails, and a command that repeats it.

load lib

model() { "$VRP_TOOLS/rtr-model" --server "$VRP_BIN/rtr-serve" "$@"; }

# The sanitized program takes three times as long.
steps() { case $VRP_BIN in *asan*) echo $(($1 / 3)) ;; *) echo "$1" ;; esac; }

@test "walks that nobody has gone before" {
	model --steps "$(steps 300)"
}

@test "a few that are always the same: with and without --state, FILE, old versions, a guard" {
	for seed in 1 2 3; do
		model --seed $seed --steps "$(steps 120)"
	done
}

@test "the model sees what is not as it was asked for" {
	for lie in --history=2 -E --max-version=1 --refresh=501; do
		printf '#!/bin/sh\nexec rtr-serve %s "$@" %s\n' "$lie" "$lie" >liar
		chmod +x liar
		run -1 "$VRP_TOOLS/rtr-model" --server "$PWD/liar" --seed 4 --steps 120 --as-is
		[[ $output == *FAILED:* ]]
	done
}
