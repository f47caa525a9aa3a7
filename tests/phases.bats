#!/usr/bin/env bats
# Where a run's CPU time goes (tests/bench/phases), with a script in the place of exitaudit.
# Needs nothing that is built.

load expect

setup() {
    mkdir -p "$BATS_TEST_TMPDIR"/{tests/bench,build}
    cp "$BATS_TEST_DIRNAME/bench/phases" "$BATS_TEST_TMPDIR/tests/bench/"
    phases=$BATS_TEST_TMPDIR/tests/bench/phases
}

# stand_in: standard input is what exitaudit does. `line TEXT` returns when its reader waits for the next one,
# `burn TICKS` takes so much CPU time, in clock ticks.
stand_in() {
    {
        cat <<'END'
#!/bin/bash
stat_of() { read -r line <"/proc/$1/stat"; read -ra stat <<<"${line##*) }"; }
line() {
    echo "$1"
    until stat_of "$PPID" && [[ ${stat[0]} == S ]]; do :; done
}
burn() {
    stat_of $$
    local end=$((stat[11] + stat[12] + $1))
    until stat_of $$ && ((stat[11] + stat[12] >= end)); do :; done
}
END
        cat
    } >"$BATS_TEST_TMPDIR/build/exitaudit"
    chmod +x "$BATS_TEST_TMPDIR/build/exitaudit"
}

# ticks NAME: of that phase.
ticks() { sed -n "s/^  $1  *\([0-9]*\)\.\([0-9]*\) s$/\1\2/p" <<<"$output" | sed 's/^0*//'; }

@test "each phase has its own CPU time, and all phases add up" {
    stand_in <<'END'
line 'embedded-host: kernel: starts'
line 'embedded-host: guest: starts on svm'
line 'KTAP version 1'
line '1..4'
burn 30
line 'ok 1 io.in8 # 200 exits'
line 'ok 2 ledger.layout # F22'
burn 20
line 'ok 3 ledger.sweep # 25000 queries'
line 'ok 4 time.hlt # as it should be'
line '# verdict: pass'
burn 10
END
    expect 0 "CPU time of exitaudit run --lane svm" "$phases" --lane svm
    [ "$(ticks triggers)" -ge 30 ]
    [ "$(ticks ledger.sweep)" -ge 20 ]
    [ "$(ticks 'report, and the end')" -ge 10 ]
    [ "$(ticks all)" -eq "$(sed -n '2,10s/.* \([0-9]*\)\.\([0-9]*\) s$/\1\2/p' <<<"$output" | awk '{ sum += $1 } END { print sum }')" ]
}

@test "a run that fails has its last lines, its exit code, and no table" {
    stand_in <<'END'
line 'KTAP version 1'
echo 'exitaudit: could not run: no end within 1 s' >&2
exit 3
END
    expect 3 "could not run: no end within 1 s" "$phases" --timeout 1
    [[ $output == *"phases: exitaudit run --timeout 1 ended with exit code 3"* && $output != *"CPU time of"* ]]
}
