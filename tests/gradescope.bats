#!/usr/bin/env bats
# The autograder for Gradescope, as its container would call it, without one.

load expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    cd "$BATS_TEST_TMPDIR"
    export TMPDIR=$BATS_TEST_TMPDIR/scratch AUTOGRADER=$BATS_TEST_TMPDIR
    mkdir scratch submission source
    cp "$root"/run/gradescope/run_autograder source/
}

# Nothing of the sandbox is left.
teardown() { [ -z "$(ls -A "$BATS_TEST_TMPDIR/scratch")" ]; }

# An exitaudit that prints how it is called and ends with this status.
stub() {
    mkdir -p source/exit-audit/build
    printf '#!/bin/sh\necho "$@"\nexit %s\n' "$1" >source/exit-audit/build/exitaudit
    chmod +x source/exit-audit/build/exitaudit
    printf '%s\n' --timeout 130 --plan 'io.* hlt.timer' >source/options
}

@test "the autograder: one file is the submission, of several the directory; results come in any case" {
    stub 3
    expect 0 "" source/run_autograder
    [[ $(jq -r .output results/results.json) == *"nothing was handed in."* ]]
    touch submission/a.patch
    expect 0 "grade $PWD/submission/a.patch --gradescope $PWD/results --timeout 130 --plan io.* hlt.timer" source/run_autograder
    [[ $(jq -r .output results/results.json) == *"could not grade this submission: exit status 3;"* ]]
    touch submission/b.patch
    expect 0 "grade $PWD/submission --gradescope" source/run_autograder
    stub 124
    expect 0 "" source/run_autograder
    [[ $(jq -r .output results/results.json) == *"it took more than 570 s"* ]]
}

@test "packing: what is wrong is said before anything is packed" {
    expect 2 "cannot read nosuch.json" "$root/run/gradescope/build" --kernel "$KERNEL" --output x.zip --rubric nosuch.json
    expect 3 "use make gradescope" "$root/run/gradescope/build" --kernel 0.1 --output x.zip
    expect 2 "none of grade's: --assignmnt 3" "$root/run/gradescope/build" --kernel "$KERNEL" --output x.zip --assignmnt 3
    expect 2 "takes no PATCH" "$root/run/gradescope/build" --kernel "$KERNEL" --output x.zip --plan 'io.*' 'hlt.*'
    [ ! -e x.zip ]
}

# bats test_tags=slow
@test "the packed autograder grades where it is unpacked, without namespaces and without a compiler of the machine's" {
    make -s -C "$root" gradescope KERNEL="$KERNEL" ARGS='--assignment 3'
    rm -r source
    mkdir source
    unzip -q "$root/build/gradescope.zip" -d source
    tar -C source --zstd -xf source/exit-audit.tar.zst
    cp "$root/tests/grade/samples/does-not-compile.patch" submission/
    mkdir bin
    ln -s /usr/sbin/* /usr/bin/* bin/ 2>/dev/null || true
    rm -f bin/{bwrap,gcc,cc,ld,make,spatch}
    PATH=$PWD/bin expect 0 "compiled in an emulated machine" bash source/run_autograder
    jq -e '.score == 0 and (.output | test("does-not-compile"))' results/results.json
}
