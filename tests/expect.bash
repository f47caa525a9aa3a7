# Shared by the bats files.
# shellcheck shell=bash disable=SC2154 # run sets output and status, each file its patience

# The embedded host's Linux.
KERNEL=${KERNEL:-$("$(dirname "${BASH_SOURCE[0]}")/../host-kvm-patch/packages/kernels" --default)}

# expect CODE TEXT COMMAND...: the command's exit code, and a text in its output.
expect() {
    local code=$1 text=$2
    shift 2
    run "$@"
    echo "$output"
    [ "$status" -eq "$code" ]
    [[ $output == *"$text"* ]]
}

# wait_for COMMAND...: until it succeeds, for at most $patience seconds.
wait_for() {
    for _ in $(seq $((10 * patience))); do
        if "$@"; then return; fi
        sleep 0.1
    done
    return 1
}

# A patch that adds lines at the start of one of KVM's smaller files, and mentions a leaf, as all do that are graded.
adding() {
    cat <<END
--- a/arch/x86/kvm/mtrr.c
+++ b/arch/x86/kvm/mtrr.c
@@ -1,2 +1,$((3 + $#)) @@
$(printf '+%s\n' "$@")
+/* 0x4FFFFFFC */
 // SPDX-License-Identifier: GPL-2.0-only
 /*
END
}
