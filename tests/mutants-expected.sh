# shellcheck shell=bash disable=SC2154
# What the hosts of host-kvm-patch/mutants are and must be found to be. Sourced by tests/mutants, which sets
# patches, kernel, and mutant and lane for what is asked about.

# is_combination NAME: of mutants that exist
is_combination() {
	local parts part
	IFS=+ read -ra parts <<<"$1"
	((${#parts[@]} > 1)) || return 1
	for part in "${parts[@]}"; do [[ -r $patches/$part.patch ]] || return 1; done
}

combinations() { sed '/^[[:blank:]]/d; s/ *#.*//; /^$/d' "$patches/combinations"; }

# known NAME|GLOB: the mutants, or the listed combinations, that it may mean
known() {
	if is_combination "$1"; then
		echo "$1"
	elif [[ $1 = *+* ]]; then
		combinations
	else
		basename -s .patch "$patches"/*.patch
	fi
}

parts() { tr + ' ' <<<"$mutant"; }

# value_of NAME LANE: in a header on standard input; NAME-LANE goes before NAME.
value_of() {
	awk -v name="$1:" -v special="$1-$2:" '
		$1 == name && !found || $1 == special {
			found = $1 == special
			sub(/^[ \t]*[^ \t]+[ \t]*/, "")
			value = $0
		}
		END { if (value != "") print value }'
}

# header PART NAME LANE: of a mutant's header
header() { sed '/^$/q' "$patches/$1.patch" | value_of "$2" "$3"; }

# own_field NAME LANE: what the list of combinations says of this one
own_field() {
	awk -v mutant="$mutant" '/^[^ \t#]/ { ours = $1 == mutant; next } ours' "$patches/combinations" |
		value_of "$1" "$2"
}

# Each word once, and of `none` and `pass` beside others nothing.
merge_words() { tr ' ' '\n' | awk 'NF && $0 != "none" && $0 != "pass" && !seen[$0]++' | paste -sd' '; }

# Each option once, with its value.
merge_options() { sed 's/ *--/\n--/g; s/ *$//' | awk 'NF && !seen[$0]++' | paste -sd' '; }

# merged NAME LANE: what the headers of all parts say. A part without a plan of its own needs the whole one.
merged() {
	local part value values=()
	for part in $(parts); do
		value=$(header "$part" "$1" "$2")
		[[ $value || $1 != Plan ]] || return 0
		values+=("$value")
	done
	if [[ $1 = Run ]]; then
		merge_options <<<"${values[*]}"
	else
		value=$(merge_words <<<"${values[*]}")
		[[ $value || $1 != Expected-finding ]] || value=none
		echo "$value"
	fi
}

# field NAME LANE
field() {
	local value=''
	if [[ $mutant != *+* ]]; then
		header "$mutant" "$1" "$2"
	else
		value=$(own_field "$1" "$2")
		if [[ $value ]]; then echo "$value"; else merged "$1" "$2"; fi
	fi
}

# applies LANE: does the mutant, or each of its parts, exist there and on this kernel?
applies() {
	local part vendors kernels
	vendors=$(own_field Vendors "$1")
	[[ " ${vendors:-$1} " == *" $1 "* ]] || return 1
	for part in $(parts); do
		kernels=$(header "$part" Kernels "$1")
		[[ " $(header "$part" Vendors "$1") " == *" $1 "* && " ${kernels:-$kernel} " == *" $kernel "* ]] || return 1
	done
}

# "9" of "Class: 9, EDX wrong by a digit", "-" of "Class: none ..."; of several "4+16"
class() {
	local part
	for part in $(parts); do header "$part" Class ""; done |
		sed -E 's/^([0-9][0-9+]*).*/\1/; s/^none.*/-/' | paste -sd+
}

# amiss TEXT: one more difference from what is expected
amiss() { differences+=("$*"); }

# matches GLOB WORD...: is the glob that of one of the words?
matches() {
	local glob=$1 word
	shift
	for word; do
		# shellcheck disable=SC2053
		[[ $word != $glob ]] || return 0
	done
	return 1
}

# compare_ids WHAT EXPECTED FOUND...: ID or, where the results cannot tell two causes apart, ID/ID
# shellcheck disable=SC2086 # words are wanted
compare_ids() {
	local what=$1 expected=$2 id
	shift 2
	[[ $expected != none ]] || expected=
	for id; do
		matches "$id" $expected || matches "${id%/*}" $expected || matches "${id#*/}" $expected ||
			amiss "$what $id is not expected"
	done
	for id in $expected; do
		matches "$id" "${@%/*}" "${@#*/}" || amiss "no $what $id"
	done
}

# read_result JSON: sets failed, findings and notes
read_result() {
	mapfile -t failed < <(jq -r '(.results + .host)[] | select(.verdict == "not ok").name' "$1")
	mapfile -t findings < <(jq -r '.findings[] | [.id, .or // empty] | join("/")' "$1")
	mapfile -t notes < <(jq -r '.notes[].id' "$1")
}

# compare JSON: also sets differences
# shellcheck disable=SC2086 # words are wanted
compare() {
	local json=$1 expected verdict audits glob unexplained
	differences=()
	read_result "$json"
	unexplained=$(jq -r '.unexplained | join(" ")' "$json")

	expected=$(field Expected-finding "$lane")
	verdict=$(field Expected-verdict "$lane")
	[[ -n $verdict ]] || { [[ $expected = none ]] && verdict=pass || verdict=fail; }
	[[ $(jq -r .verdict "$json") = "$verdict" ]] ||
		amiss "$(jq -r '.message // .verdict' "$json"), where $verdict is expected"
	set -f
	compare_ids finding "$expected" "${findings[@]}"
	compare_ids note "$(field Expected-note "$lane")" "${notes[@]}"
	audits=$(field Expected-audit "$lane")
	for glob in ${audits/#none/}; do
		matches "$glob" "${failed[@]}" || amiss "$glob does not fail"
	done
	set +f
	[[ -z $unexplained ]] || amiss "no finding explains $unexplained"
}
