# SPDX-License-Identifier: ISC
# What every tool must have: a page, a place in the documents, completions, and the same options in all of them.
load lib

tools=$(sed -n 's/^TOOLS = //p' "$ROOT/Makefile")

# Long options from each place, one a line, sorted.
from_help() { "$1" -h | grep -oE '^ .{2,4},? +--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u; }
from_page() {
	mandoc -T ascii "$ROOT/man/$1.1" | sed -E 's/.\x08//g' | grep -E '^ {3,8}-' | grep -oE -e '--[a-z-]+' | sort -u
}
from_bash() {
	bash --norc -c 'source "$1"; COMP_WORDS=("$2" --) COMP_CWORD=1; _vrptools; printf "%s\n" "${COMPREPLY[@]}"' \
		- "$ROOT/completions/vrptools.bash" "$1" | sort -u
}
from_fish() {
	fish --no-config -c "source $ROOT/completions/vrptools.fish; complete -C '$1 --'" | cut -f 1 | sort -u
}
# What the completion asks _arguments for when zsh runs it for this tool.
from_zsh() {
	zsh -fc '_arguments() { print -rl -- "$@" }; service=$2; source $1' - "$ROOT/completions/_vrptools" "$1" |
		grep -oE -e '--[a-z-]+' | sort -u
}

@test "every tool is built, says its version, and explains itself" {
	version=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
	for tool in $tools; do
		run -0 "$tool" -V
		[ "$output" = "$tool $version" ]
		run -0 "$tool" --version
		[ "$output" = "$tool $version" ]
		run -0 --separate-stderr "$tool" -h
		[[ $output = "usage: $tool "* ]]
		[ -z "$stderr" ]
	done
}

@test "a bad option of any tool is a usage error that names it" {
	for tool in $tools; do
		run -2 --separate-stderr "$tool" --no-such-option
		[ -z "$output" ]
		[[ $stderr = *no-such-option* ]]
		[[ $stderr = *"$tool -h"* ]]
	done
}

@test "a full disk is not a success for any tool's help" {
	[ -e /dev/full ] || skip "no /dev/full"
	for tool in $tools; do
		run -2 bash -c '"$0" -h >/dev/full' "$tool"
		[[ $output = *"No space left"* ]]
	done
}

@test "every tool stands in README, NEWS and vrp(7), and has a page and a test file" {
	for tool in $tools; do
		echo "$tool"
		grep -qE "^\| \[\`$tool\`\]\(man/$tool\.1\) \|" "$ROOT/README.md"
		grep -qF "\`$tool\`" "$ROOT/NEWS.md"
		grep -qE "^\.It Xr $tool 1|^\.Xr $tool 1" "$ROOT/man/vrp.7"
		grep -q "^\.Dt ${tool^^} 1" "$ROOT/man/$tool.1"
		compgen -G "$ROOT/t/[0-9]*-$tool*.bats" >/dev/null
	done
}

@test "every page has the sections of the house" {
	for tool in $tools; do
		for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			echo "$tool: $section"
			grep -qx "\.Sh $section" "$ROOT/man/$tool.1"
		done
	done
}

@test "-h, the page, and the completions of bash, zsh and fish know the same long options" {
	for tool in $tools; do
		from_help "$tool" >help
		[ "$(wc -l <help)" -gt 2 ]
		for place in page bash zsh fish; do
			echo "$tool: $place"
			"from_$place" "$tool" >"$place"
			same help "$place"
		done
	done
}

@test "bash, zsh and fish find nothing wrong in their completions" {
	bash -n "$ROOT/completions/vrptools.bash"
	zsh -n "$ROOT/completions/_vrptools"
	fish --no-config -n "$ROOT/completions/vrptools.fish"
	for tool in $tools; do
		head -n 1 "$ROOT/completions/_vrptools" | grep -qw -e "$tool"
		bash --norc -c "source '$ROOT/completions/vrptools.bash'; complete -p $tool"
	done
}

@test "the project's text files end in a newline and have no blanks at line ends" {
	cd "$ROOT"
	[ -e .git ] || skip "not a clone"
	for file in $(git ls-files -- '*.[ch]' '*.bats' '*.bash' '*.sh' '*.md' '*.[157]' Makefile); do
		[ -s "$file" ] || continue
		if grep -nE '[ 	]+$' "$file" || [ -n "$(tail -c 1 "$file")" ]; then
			echo "in $file"
			false
		fi
	done
}
