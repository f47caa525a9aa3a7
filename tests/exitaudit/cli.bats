#!/usr/bin/env bats
# exitaudit's command line: exit codes, messages, and that nothing stays behind.
# Needs build/exitaudit and the stand-in guests; EXITAUDIT and STAND_IN override them.

load ../expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    exitaudit=${EXITAUDIT:-$root/build/exitaudit}
    stand_in=${STAND_IN:-$root/build/tests/stand-in}
    scratch=$BATS_TEST_TMPDIR/scratch
    mkdir "$scratch"
    export TMPDIR=$scratch
}

# A guest image under a name of this test's own, by which its QEMU can be found.
guest() {
    cp "$stand_in/$1.elf" "$BATS_TEST_TMPDIR/$1.elf"
    echo "$BATS_TEST_TMPDIR/$1.elf"
}

emulators() { pgrep -f -- "-kernel $BATS_TEST_TMPDIR/" || true; }

patience=30 # of wait_for, in seconds

no_emulators() { [ -z "$(emulators)" ]; }

start_hanging_run() {
    rm -f "$BATS_TEST_TMPDIR/out" # an earlier run's must not be taken for this one's
    "$exitaudit" run --lane tcg --guest "$(guest hang)" --json "$scratch/out.json" "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    wait_for grep -q '^ok 1' "$BATS_TEST_TMPDIR/out"
    [ -n "$(emulators)" ]
}

@test "--witness-only refuses several vCPUs, a busy host, and a lane without KVM" {
    expect 2 "--witness-only fires on one vCPU: leave --vcpus out" "$exitaudit" run --witness-only --vcpus 2
    expect 2 "--witness-only needs the host for itself: leave --noise out" "$exitaudit" run --witness-only --noise
    expect 2 "--witness-only needs a KVM, which the tcg lane lacks" "$exitaudit" run --lane tcg --witness-only
    expect 2 "excludes" "$exitaudit" run --witness-only --costs
}

@test "--help names the subcommands and the exit codes, on one screen" {
    expect 0 "Exit codes:" "$exitaudit" --help
    [ "${#lines[@]}" -le 24 ]
}

@test "--version" { expect 0 "exitaudit " "$exitaudit" --version; }

@test "no subcommand is a usage error" { expect 2 "see exitaudit --help" "$exitaudit"; }

@test "a wrong option names the help of its command" {
    expect 2 "see exitaudit run --help" "$exitaudit" run --lame
    expect 2 "see exitaudit host top --help" "$exitaudit" host top --lame
}

@test "output that cannot be written is an error, however short" {
    expect 3 "No space left on device" bash -c '"$0" completion fish 2>&1 >/dev/full' "$exitaudit"
    expect 3 "No space left on device" bash -c '"$0" list io.out8 2>&1 >/dev/full' "$exitaudit"
}

@test "an unknown option is a usage error" { expect 2 "--nope" "$exitaudit" run --nope; }

@test "an unknown lane is a usage error that names the lanes" {
    expect 2 "auto, svm, vmx, svm-bochs, svm-icount, native or tcg" "$exitaudit" run --lane nope
}

@test "patches are graded on emulated machines only" {
    expect 2 "--lane is auto, svm, vmx, svm-bochs or svm-icount" "$exitaudit" grade --lane native "$root/README.md"
}

@test "a kernel for a lane without an embedded host is a usage error" {
    expect 2 "--lane svm" "$exitaudit" run --lane tcg --kernel 6.1
    expect 2 "--histograms" "$exitaudit" run --lane tcg --histograms
    expect 2 "excludes" "$exitaudit" run --no-ledger --histograms
}

@test "a timeout of nothing is a usage error" { expect 2 "--timeout" "$exitaudit" run --timeout 0; }

@test "a CD in a microvm is a usage error" {
    expect 2 "no CD drive" "$exitaudit" run --boot iso --machine microvm
}

@test "more vCPUs than the guest can start is a usage error" {
    expect 2 "--vcpus" "$exitaudit" run --vcpus 65
    expect 2 "whole number from 1 to 64" "$exitaudit" run vcpus=65
}

@test "an unknown plan word is a usage error before anything boots" {
    expect 2 "did you mean" "$exitaudit" run --lane tcg io.out9
    [[ $output != *KTAP* ]]
}

@test "a missing guest image" { expect 3 "is missing" "$exitaudit" run --lane tcg --guest /nonexistent; }

@test "outputs that cannot be written are told of before the run" {
    expect 2 "cannot write /nonexistent/a: /nonexistent is no directory" "$exitaudit" run --lane tcg --json /nonexistent/a
    expect 2 "cannot write /nonexistent/a" "$exitaudit" run --lane tcg --log /nonexistent/a
    expect 2 "cannot write /nonexistent/a" "$exitaudit" boot --junit /nonexistent/a
}
@test "a missing build directory" { expect 3 "is not a directory" "$exitaudit" run --lane tcg --build /nonexistent; }

@test "an embedded host that is not built" {
    expect 3 "make embedded-host KERNEL=0.1" "$exitaudit" run --lane svm --kernel 0.1
}

@test "no QEMU in PATH" {
    PATH=/nonexistent expect 3 "apt-get install qemu-system-x86" "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf"
}

@test "a QEMU that fails" {
    printf '#!/bin/sh\necho no such luck >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/qemu-system-x86_64"
    chmod +x "$BATS_TEST_TMPDIR/qemu-system-x86_64"
    PATH=$BATS_TEST_TMPDIR:$PATH expect 3 "no such luck" "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf"
}

@test "--perf without perf in PATH, and without a KVM" {
    PATH=/nonexistent expect 3 "perf is not in PATH: apt-get install linux-perf" "$exitaudit" run --lane native --perf --guest "$stand_in/pass.elf"
    expect 2 "which the tcg lane lacks" "$exitaudit" run --lane tcg --perf
}

@test "a passing guest" { expect 0 "exitaudit: pass: 1 passed, 0 failed, 1 skipped (tcg lane" \
    "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf"; }

@test "a passing guest, each way of booting" {
    expect 0 "pass: 1 passed" "$exitaudit" run --lane tcg --boot kernel --guest "$stand_in/pass.elf"
    expect 0 "pass: 1 passed" "$exitaudit" run --lane tcg --boot pvh --guest "$stand_in/pass-pvh.elf"
}

@test "a failing guest: its failures and their diagnosis" {
    expect 1 "failed: hlt.timer: expected ledger +100, seen +0; counted in another" \
        "$exitaudit" run --lane tcg --guest "$stand_in/fail.elf"
}

@test "an unpatched host" { expect 4 "not patched: no leaf answers" \
    "$exitaudit" run --lane tcg --guest "$stand_in/unpatched.elf"; }

@test "a guest that ends itself has no verdict where nobody saw it" {
    expect 3 "fatal.triple-fault ends the guest" "$exitaudit" run --lane tcg --guest "$stand_in/oneshot.elf" --log "$scratch/log"
    expect 3 "fatal.triple-fault ends the guest" "$exitaudit" judge "$scratch/log"
}

@test "a guest that dies half-way" { expect 3 "triple fault" "$exitaudit" run --lane tcg --guest "$stand_in/cut.elf"; }

@test "a guest whose log and exit status disagree" {
    expect 3 "log inconsistent" "$exitaudit" run --lane tcg --guest "$stand_in/liar.elf"
}

@test "JSON lines are shown only when asked for" {
    run "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf"
    [[ $output != *'#json'* ]]
    expect 0 '#json {"record":"end"' "$exitaudit" run --verbose --lane tcg --guest "$stand_in/pass.elf"
}

@test "--json and --log write whole files and nothing else" {
    run "$exitaudit" run --lane tcg --guest "$stand_in/fail.elf" --json "$scratch/a.json" --log "$scratch/a.log"
    [ "$status" -eq 1 ]
    [ "$(ls "$scratch")" = "a.json
a.log" ]
    grep -q '"exit_code": 1' "$scratch/a.json"
    expect 1 "fail: 1 passed, 1 failed" "$exitaudit" judge "$scratch/a.log"
}

@test "a budget: with a mistake it ends before the run; a limit without a figure is not kept" {
    budget() { printf '{"schema": 1, "kind": "budget", "limits": [%s]}' "$1" >"$scratch/budget.json"; }
    budget '{"exit": "cpiud", "count": 1}'
    expect 2 "limit 1: no exit is called 'cpiud'; did you mean cpuid?" "$exitaudit" run --lane tcg --budget "$scratch/budget.json"
    expect 2 "no exit is called 'cpiud'" "$exitaudit" boot --lane svm --budget "$scratch/budget.json"
    expect 3 "nosuch" "$exitaudit" run --dry-run --lane tcg --budget "$scratch/nosuch"
    budget '{"exit": "hlt", "instructions": 1}'
    expect 2 "exit hlt: instructions are counted on lane svm-icount alone" "$exitaudit" run --dry-run --lane svm --budget "$scratch/budget.json"
    expect 0 "" "$exitaudit" run --dry-run --exact --budget "$scratch/budget.json"
    budget '{"phase": "idle", "count": 1}'
    expect 2 "phase idle: a run has no phases" "$exitaudit" run --dry-run --lane tcg --budget "$scratch/budget.json"
    budget '{"exit": "hlt", "count": 1}'
    expect 1 "fail: budget: 1 of 1 limit is not kept: exit hlt" "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf" \
        --budget "$scratch/budget.json" --junit "$scratch/results.xml"
    grep -q 'name="budget"' "$scratch/results.xml"
}

@test "a full disk" {
    expect 3 "No space left" "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf" --json /dev/full
    run sh -c "'$exitaudit' run --lane tcg --guest '$stand_in/pass.elf' >/dev/full"
    [ "$status" -eq 3 ]
}

@test "judge reads a file and standard input" {
    "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf" --log "$scratch/log" >/dev/null 2>&1
    expect 0 "pass: 1 passed" "$exitaudit" judge "$scratch/log"
    expect 0 "pass: 1 passed" sh -c "'$exitaudit' judge - <'$scratch/log'"
    expect 0 "pass: 1 passed" sh -c "cat '$scratch/log' | '$exitaudit' judge -"
}

@test "judge says that a log was cut off" {
    "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf" --log "$scratch/log" >/dev/null 2>&1
    head -n 4 "$scratch/log" >"$scratch/cut"
    expect 3 "cut off" "$exitaudit" judge "$scratch/cut"
    [ "${#lines[@]}" -eq 1 ]
}

@test "judge of an empty log" { expect 3 "no KTAP header" "$exitaudit" judge /dev/null; }

@test "an unknown way to boot is a usage error that names the ways" {
    expect 2 "pvh,kernel,iso" "$exitaudit" run --boot floppy
    [ "${#lines[@]}" -eq 1 ]
}

@test "--dry-run checks lane and plan, and boots nothing" {
    expect 0 "" "$exitaudit" run --dry-run --lane tcg 'io.*'
    expect 2 "did you mean io.out8" "$exitaudit" run --dry-run --lane tcg io.out9
    expect 2 "costs are of triggers" "$exitaudit" run --dry-run --lane svm --costs 'ledger.*'
    expect 2 "--witness-only fires triggers" "$exitaudit" run --dry-run --lane svm --witness-only 'ledger.*'
    expect 2 "did you mean io.out8" "$exitaudit" run --dry-run --lane svm --witness-only io.out9
    # What the user names must be there.
    expect 2 "--prepare" "$exitaudit" run --dry-run --lane svm --prepare "$scratch/nosuch"
    expect 2 "--modules" "$exitaudit" run --dry-run --lane svm --modules "$scratch/nosuch"
}

@test "a guest in a folder with a space, by Multiboot 1" {
    mkdir "$BATS_TEST_TMPDIR/a b"
    cp "$root/build/unikernel.elf" "$BATS_TEST_TMPDIR/a b/"
    expect 4 "# plan: io.out8" "$exitaudit" run --lane tcg --boot kernel --guest "$BATS_TEST_TMPDIR/a b/unikernel.elf" io.out8
}

@test "judge of a missing file" { expect 3 "cannot read" "$exitaudit" judge /nonexistent; }

@test "a hanging guest is ended by the timeout and leaves nothing" {
    expect 3 "no end within 2 s, amid io.out8: " "$exitaudit" run --lane tcg --timeout 2 --guest "$(guest hang)" cpuid.leaf0 io.out8
    no_emulators
    [ -z "$(ls "$scratch")" ]
}

@test "a silent guest: progress on standard error" {
    expect 3 "exitaudit: tcg lane: guest runs (" "$exitaudit" run --lane tcg --timeout 4 --guest "$(guest silent)"
    no_emulators
}

@test "a guest that is long at one trigger: progress on the terminal" {
    expect 3 "guest runs, io.out8, 2 of 2 (" \
        script -qec "$exitaudit run --lane tcg --timeout 5 --guest $(guest hang) cpuid.leaf0 io.out8" /dev/null
    no_emulators
}

@test "SIGTERM, SIGINT and SIGHUP end the emulator and leave no temporary file" {
    for signal in 15 2 1; do
        start_hanging_run
        kill -"$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq $((128 + signal)) ]
        wait_for no_emulators
        [ "$(ls "$scratch")" = out.json ]
    done
}

@test "a signal decides the exit code also if nobody reads standard error" {
    # As of `exitaudit run 2>&1 | tee log` at Ctrl-C.
    for action in default ignore; do
        rm -f "$BATS_TEST_TMPDIR/out"
        env --$action-signal=PIPE "$exitaudit" run --lane tcg --guest "$(guest hang)" --json "$scratch/$action.json" \
            >"$BATS_TEST_TMPDIR/out" 2> >(exec true) 3>&- &
        pid=$!
        wait_for grep -q '^ok 1' "$BATS_TEST_TMPDIR/out"
        kill -INT "$pid"
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq 130 ]
        [ -s "$scratch/$action.json" ]
        wait_for no_emulators
    done
}

@test "SIGKILL of exitaudit ends the emulator too" {
    start_hanging_run
    kill -KILL "$pid"
    wait "$pid" || true
    wait_for no_emulators
    [ -z "$(ls "$scratch")" ]
}

# The embedded host, with the stand-in in it.

@test "boot: what contradicts itself is a usage error" {
    expect 2 "no exits to count" "$exitaudit" boot --lane tcg
    expect 2 "--machine pc" "$exitaudit" boot --devices emulated
    expect 2 "--interval" "$exitaudit" boot --interval 0
    expect 2 "unknown lane" "$exitaudit" boot --lane nope
    expect 2 "--memory" "$exitaudit" boot --memory 0
}

@test "boot: more memory than an embedded host can spare is a usage error" {
    expect 2 "at most 256 for the guest" "$exitaudit" boot --lane svm --memory 257
    expect 2 "at most 256 for the guest" "$exitaudit" boot --lane vmx --memory 4096
}

@test "boot: this machine's own KVM, where it is not patched, is not waited for" {
    [ -w /dev/kvm ] || skip "no /dev/kvm"
    [ ! -e /sys/module/kvm/parameters/exit_ledger ] || skip "this machine's KVM is patched"
    expect 4 "exitaudit: not patched: this machine's KVM is not patched" "$exitaudit" boot --lane native --json "$scratch/a.json"
    [ "$(jq -r .verdict "$scratch/a.json")" = not-patched ]
}

@test "boot: only our own guest is made to read" {
    expect 2 "--read needs our own guest" "$exitaudit" boot --read --initrd /nonexistent
}

@test "boot: a kernel of the user's that is not there" {
    expect 3 "check --kernel-image" "$exitaudit" boot --lane svm --kernel-image /nonexistent
}

@test "the sampler passes on what its command says, when, and how it ended" {
    expect 3 "@line" "$root/build/exit-sampler" 100 0 -- sh -c 'echo "#phase a"; echo b; exit 3'
    [[ ${lines[0]} == "@line "*" #phase a" ]]
    [[ ${lines[1]} == "@line "*" b" ]]
    [[ ${lines[2]} == "@end "*" 3 0" ]]
}

@test "the sampler ends its command after the limit" {
    expect 143 " 143 0" "$root/build/exit-sampler" 50 200 -- sleep 60
}

@test "svm lane: the guest's verdict comes out of the embedded host" {
    expect 1 "fail: 1 passed, 1 failed, 0 skipped (svm lane, Linux $KERNEL." \
        "$exitaudit" run --lane svm --guest "$stand_in/fail.elf"
}

@test "svm lane: KVM modules that the kernel refuses" {
    mkdir "$BATS_TEST_TMPDIR/modules"
    echo junk >"$BATS_TEST_TMPDIR/modules/kvm.ko"
    expect 3 "kvm modules refused" "$exitaudit" run --lane svm --modules "$BATS_TEST_TMPDIR/modules" \
        --guest "$stand_in/pass.elf"
}

@test "svm lane: SIGTERM while the host boots leaves nothing" {
    "$exitaudit" run --lane svm --guest "$stand_in/hang.elf" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    wait_for pgrep -P "$pid" -f -- -initrd # not the QEMU that is asked for its version before
    emulator=$(pgrep -P "$pid" -f -- -initrd)
    kill "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
    [ ! -e "/proc/$emulator" ]
    [ -z "$(ls "$scratch")" ]
}

@test "svm lane: an unknown mutant is a usage error" {
    expect 2 "unknown mutant 'nope'" "$exitaudit" run --lane svm --mutant nope
}

@test "an unknown subcommand is named" {
    expect 2 "no subcommand 'foo': there are run, boot, grade" "$exitaudit" foo
    [ "${#lines[@]}" -eq 1 ]
}

@test "list shows each trigger with its exits, in detail when asked" {
    expect 0 "io.out8" "$exitaudit" list
    [[ ${lines[-1]} =~ ^[0-9]+\ triggers ]]
    expect 0 "vmx: SDM vol. 3" "$exitaudit" list -v io.out8
    [ "$("$exitaudit" list --json 'io.*' | jq -r '.triggers[] | select(.name == "io.out8") | .svm.exit')" = 123 ]
    [ "$("$exitaudit" list --json | jq -r '.untriggered.vmx[0].what')" = "INIT signal" ]
}

@test "list refuses what is no name" {
    expect 2 "did you mean io.out8" "$exitaudit" list io.out9
    expect 2 "only names" "$exitaudit" list count=3
    expect 0 "fatal.triple-fault" "$exitaudit" list 'fatal.*'
}

@test "generated pages of docs are what list makes" {
    local page
    for page in catalogue findings; do
        # shellcheck disable=SC2046 # a word, or none
        diff "$root/docs/$page.md" <("$exitaudit" list $([ $page = catalogue ] || echo --causes) --markdown) || {
            echo "run make docs"
            false
        }
    done
}

@test "list --causes says what findings mean" {
    expect 0 "lost-fastpath" "$exitaudit" list --causes 'lost-*'
    expect 0 '"id": "host-wide"' "$exitaudit" list --causes --json host-wide
    expect 2 "no cause is named 'frob'" "$exitaudit" list --causes frob
}

@test "exitaudit runs without any library" {
    run ldd "$exitaudit"
    [[ $output == *"not a dynamic executable"* || $output == *"statically linked"* ]]
    expect 0 "exitaudit " env -i "$exitaudit" --version
}

# Inside a guest. Here that is this machine, whatever it may be.

# needs_no_ledger: sets what `read` and `top` must say here, and their exit code.
needs_no_ledger() {
    "$exitaudit" read >/dev/null 2>&1 && skip "this machine's own host is patched"
    code=3 says="exitaudit: not in a virtual machine: CPUID names no hypervisor"
    if grep -qw hypervisor /proc/cpuinfo; then
        code=4 says="exitaudit: not patched: the leaves answer"
    fi
}

@test "read and top say that there is no ledger, as an ordinary user too" {
    needs_no_ledger
    expect "$code" "$says" "$exitaudit" read
    [ "${#lines[@]}" -eq 1 ]
    expect "$code" "$says" "$exitaudit" read --all --layout F21 --sdm 70
    expect "$code" "$says" "$exitaudit" read hlt 10 0x7b 35
    expect "$code" "$says" "$exitaudit" top --batch -n 1
    expect "$code" "$says" script -qec "$exitaudit top" /dev/null
    # By its descriptor, because that user may have no way to its folder.
    [ "$(id -u)" -ne 0 ] || expect "$code" "$says" setpriv --reuid 65534 --clear-groups /proc/self/fd/9 read 9<"$exitaudit"
}

@test "read works as the only program of a guest, without /proc" {
    needs_no_ledger
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(unshare -r)
    mkdir "$scratch/root"
    cp "$exitaudit" "$scratch/root/"
    expect "$code" "$says" "${as_root[@]}" chroot "$scratch/root" /exitaudit read
}

@test "read --json where there is no ledger is a document" {
    needs_no_ledger
    [ "$("$exitaudit" read --json 2>/dev/null | jq -c '[.schema, .record, .patched]')" = '[1,"ledger",false]' ]
}

@test "read and top refuse what is no exit, layout, edition, interval or key" {
    expect 2 "did you mean hlt?" "$exitaudit" read htl
    expect 2 "no exit is called 'nothing-like-it'" "$exitaudit" read nothing-like-it
    [[ $output != *"did you mean"* ]]
    [ "${#lines[@]}" -eq 1 ]
    expect 2 "is no exit number" "$exitaudit" read 0x100000000
    expect 2 "is no exit number" "$exitaudit" read 12a
    expect 2 "excludes" "$exitaudit" read --all hlt
    expect 2 "excludes" "$exitaudit" read --csv --json
    expect 2 "/nonexistent is no directory" "$exitaudit" read --openmetrics /nonexistent/f
    expect 2 "/nonexistent is no directory" "$exitaudit" top --openmetrics /nonexistent/f
    expect 2 "--histogram requires --openmetrics" "$exitaudit" top --histogram
    expect 2 "standard output is /dev/stdout" "$exitaudit" top --openmetrics -
    expect 2 "F22, F21, S21, F20 and S20 are known" "$exitaudit" read --layout F19
    expect 2 "--sdm" "$exitaudit" top --sdm 86
    expect 2 "--interval" "$exitaudit" top -d 0
    expect 2 "--sort" "$exitaudit" top -s nope
    expect 2 "--iterations" "$exitaudit" top -n 0
}

@test "--junit writes what continuous integration reads" {
    expect 1 "fail: 1 passed" "$exitaudit" run --lane tcg --guest "$stand_in/fail.elf" --junit "$scratch/a.xml" --log "$scratch/log"
    [ "$(xmllint --xpath 'concat(//testsuite/@tests, " ", //testsuite/@failures, " ", //testsuite/@errors)' "$scratch/a.xml")" = "2 1 0" ]
    [ "$(xmllint --xpath 'string(//failure/../@name)' "$scratch/a.xml")" = hlt.timer ]
    expect 1 "fail: 1 passed" "$exitaudit" judge --junit "$scratch/b.xml" "$scratch/log"
    [ "$(xmllint --xpath 'string(//testsuite/@name)' "$scratch/b.xml")" = "exitaudit log" ]
}

@test "--json tells of the environment" {
    expect 0 "pass" "$exitaudit" run --lane tcg --guest "$stand_in/pass.elf" --json "$scratch/a.json"
    [ "$(jq -r '.kind, .environment.emulator, .environment.host.command_line' "$scratch/a.json")" = "run
null
$(head -n1 /proc/cmdline)" ]
}

@test "report makes one page of documents" {
    expect 0 "" "$exitaudit" report "$root"/tests/report/{run,boot,grade}.json -o "$scratch/page.html"
    [ "$(head -n1 "$scratch/page.html")" = "<!DOCTYPE html>" ]
    expect 0 "" sh -c "'$exitaudit' report - -o '$scratch/page.html' <'$root/tests/report/run.json'"
}

@test "report and compare refuse what is no document" {
    expect 3 "cannot read" "$exitaudit" report /nonexistent -o "$scratch/page.html"
    expect 3 "is no document" "$exitaudit" report "$root/README.md" -o "$scratch/page.html"
    echo '{"schema": 2, "kind": "run"}' >"$BATS_TEST_TMPDIR/newer.json"
    expect 3 "has schema 2" "$exitaudit" compare "$BATS_TEST_TMPDIR/newer.json" "$root/tests/report/run.json"
    expect 3 "of kind grade" "$exitaudit" compare "$root/tests/report/run.json" "$root/tests/report/grade.json"
    expect 2 "--output" "$exitaudit" report "$root/tests/report/run.json"
    [ -z "$(ls "$scratch")" ]
}

@test "compare marks changes, and fails past --max-regression" {
    before=$root/tests/report/run.json after=$BATS_TEST_TMPDIR/after.json
    jq '(.results[] | select(.name == "io.out8") | .guest_cycles) |= map_values(. * 1.2 | floor)' "$before" >"$after"
    expect 0 "3 triggers: 0 slower, 0 faster" "$exitaudit" compare "$before" "$before" --max-regression 0
    expect 0 "3 triggers: 1 slower, 0 faster" "$exitaudit" compare "$before" "$after" --json "$scratch/c.json"
    [ "$(jq -c '[.triggers[] | select(.significant) | .name]' "$scratch/c.json")" = '["io.out8"]' ]
    expect 0 "slower" "$exitaudit" compare "$before" "$after" --max-regression 25
    expect 1 "io.out8 became slower by 20.0 %" "$exitaudit" compare "$before" "$after" --max-regression=10
    expect 0 "1 faster" "$exitaudit" compare "$after" "$before" --max-regression=10
    jq '.lane = "svm"' "$before" >"$after"
    expect 3 "the two cannot be compared: different lane" "$exitaudit" compare "$before" "$after"
    jq '.run.costs = 1' "$before" >"$after"
    expect 3 "cannot be compared: an audit before, run --costs after" "$exitaudit" compare "$before" "$after"
    jq '.environment.emulator = "QEMU 7.2"' "$before" >"$after"
    expect 0 "follows the machine's time" "$exitaudit" compare "$after" "$after"
    expect 3 "run both with --exact, or on lane vmx" "$exitaudit" compare "$after" "$after" --max-regression=10
}

@test "compare stands boots side by side, and judges none" {
    boot=$root/tests/report/boot.json other=$BATS_TEST_TMPDIR/twice.json
    jq '.lane = "svm" | .totals.exits[].count *= 2' "$boot" >"$other"
    expect 0 "lane                          vmx                  svm" "$exitaudit" compare "$boot" "$other" --json "$scratch/c.json"
    [[ $output == *"all exits "*" x2.00"* ]]
    [ "$(jq -r '.boots | join(" ")' "$scratch/c.json")" = "boot twice" ]
    expect 0 "x1.00" "$exitaudit" compare "$boot" "$other" "$boot"
    expect 2 "--max-regression" "$exitaudit" compare "$boot" "$other" --max-regression 5
    expect 3 "kinds cannot be mixed" "$exitaudit" compare "$boot" "$root/tests/report/run.json"
    expect 3 "kinds cannot be mixed" "$exitaudit" compare "$root/tests/report/run.json" "$boot"
    expect 3 "kinds cannot be mixed" "$exitaudit" compare "$boot" "$boot" "$root/tests/report/run.json"
    expect 3 "report takes documents of kind run, grade and boot" "$exitaudit" report "$scratch/c.json" -o "$scratch/page.html"
    expect 2 "only of exitaudit boot" "$exitaudit" compare "$root"/tests/report/{run,run,run}.json
}

# The rubric of the document is the one that grade uses.
@test "grade --print-rubric prints a rubric that --rubric takes, as docs/grade.md shows it" {
    expect 0 '"kind": "rubric"' "$exitaudit" grade --print-rubric
    diff <("$exitaudit" grade --print-rubric) <(sed -n '/^```json$/,/^```$/{/^```/d;p}' "$root/docs/grade.md")
    "$exitaudit" grade --print-rubric >"$scratch/rubric.json"
    expect 0 "mean 66.2" "$exitaudit" grade --summary "$root"/tests/grade/documents/*.json --rubric "$scratch/rubric.json"
}

@test "a rubric with an unknown finding is a usage error" {
    "$exitaudit" grade --print-rubric | sed s/lost-exits/lost-exists/ >"$scratch/rubric.json"
    expect 2 "item counts: no finding is called 'lost-exists'; did you mean lost-exits?" "$exitaudit" grade "$root/README.md" --rubric "$scratch/rubric.json"
    expect 2 "PATCH is required" "$exitaudit" grade
}

@test "grade --summary puts several grades together" {
    first=$root/tests/grade/documents/first.json second=$root/tests/grade/documents/second.json
    expect 0 "5 submissions: 1 could-not-grade, 1 does-not-compile, 2 fail, 1 pass" "$exitaudit" grade --summary "$first" "$second" --json "$scratch/all.json"
    [[ $output == *"score of 4: mean 66.2, median 82.5, of 100 points"* ]]
    [[ $output == *"lost-exits                          2   50 %"* ]]
    [[ $output == *"100 %  alice.patch and bob.patch" ]]
    [ "$(jq -c '[.kind, .exit_code, (.rows | length), [.rows[].points.score | numbers + 0]]' "$scratch/all.json")" = '["grade",3,5,[80,85,100,0]]' ]
    [ "$(jq -c '.rows[4].points.score' "$scratch/all.json")" = null ]
    expect 0 "" "$exitaudit" report "$scratch/all.json" -o "$scratch/page.html"
    expect 0 "3 submissions" "$exitaudit" grade --summary "$first" "$first"
    expect 2 "is of kind run" "$exitaudit" grade --summary "$root/tests/report/run.json"
    expect 2 "--lane" "$exitaudit" grade --summary "$first" --lane svm
    expect 3 "cannot read" "$exitaudit" grade --summary /nonexistent
}

@test "grade -j takes a number or none, and --resume a document to resume" {
    expect 2 "--resume requires --json" "$exitaudit" grade --resume "$root/README.md"
    expect 2 "--jobs" "$exitaudit" grade -j1001 "$root/README.md"
    expect 2 "nosuch.patch is missing" "$exitaudit" grade -j nosuch.patch
    expect 2 "nosuch.patch is missing" "$exitaudit" grade -j 2 nosuch.patch
    expect 2 "--jobs" "$exitaudit" grade --summary -j2 "$root/tests/grade/documents/first.json"
}

@test "points are written for grade books, Gradescope and Classroom" {
    cd "$root/tests/grade/documents"
    expect 0 "" "$exitaudit" grade --summary first.json second.json --csv "$scratch/book.csv"
    [ "$(grep -c $'\r$' "$scratch/book.csv")" -eq 6 ]
    [ "$(cut -d, -f1-3 "$scratch/book.csv")" = "name,verdict,score
alice.patch,fail,80
bob.patch,fail,85
'=carol.patch,pass,100
dave.patch,does-not-compile,0
erin.patch,could-not-grade," ]
    grep -qF '""really"" (does-not-compile). It does not compile, so it was not audited."' "$scratch/book.csv"
    jq '.rows |= .[:1]' first.json >"$scratch/one.json"
    expect 0 "" "$exitaudit" grade --summary "$scratch/one.json" --gradescope "$scratch" --classroom "$scratch/classroom.json"
    [ "$(jq -c '[.score + 0, (.tests | length), ([.tests[].score] | add), ([.tests[].max_score] | add)]' "$scratch/results.json")" = '[80,8,80,100]' ]
    [ "$(jq -c '[.version, .status, .max_score + 0, ([.tests[].score] | add)]' "$scratch/classroom.json")" = '[1,"fail",100,80]' ]
    expect 2 "--gradescope is for one submission, and here are 3" "$exitaudit" grade --summary first.json --gradescope "$scratch"
    expect 2 "/nonexistent is no directory" "$exitaudit" grade --summary first.json --csv /nonexistent/book.csv
}
