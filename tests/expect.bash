# Shared by the bats files.
# shellcheck shell=bash disable=SC2154 # run sets output and status

# expect CODE TEXT COMMAND...: the command's exit code, and a text in its output.
expect() {
    local code=$1 text=$2
    shift 2
    run "$@"
    echo "$output"
    [ "$status" -eq "$code" ]
    [[ $output == *"$text"* ]]
}
