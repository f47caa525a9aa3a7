# For the scripts that build something: says what takes long, and how long.
# Sourced by bash scripts that have a say().
# shellcheck shell=bash

# step TEXT COMMAND...: says TEXT, runs COMMAND (which may be a function that ends the
# script, and for which `set -e` is off), says TEXT again every 10 s meanwhile, and at the end how long it took.
step() {
	local text=$1 start=$SECONDS status=0
	shift
	say "$text"
	tick "$text" &
	step_ticker=$!
	"$@" || status=$?
	end_step
	((status == 0)) || return "$status"
	((SECONDS - start < 3)) || say "$text: done after $((SECONDS - start)) s"
}

# Ends by itself if the script is killed. The pause is read's, without a process of its own.
tick() {
	local start=$SECONDS script=$$
	exec {step_pause}<> <(:)
	while read -rt 10 -u "$step_pause" || kill -0 "$script" 2>/dev/null; do
		say "$1: $((SECONDS - start)) s so far"
	done
}

# Also for the script's EXIT trap.
step_ticker=''
end_step() {
	[[ ! $step_ticker ]] || kill "$step_ticker" 2>/dev/null || true
	step_ticker=''
}
