#!/usr/bin/env bats
# Embedded hosts on the CPUs that Bochs emulates, right and wrong.
# Needs what `make check` builds before.

load expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    build=$root/build
    exitaudit=$build/exitaudit
    vmx=("$exitaudit" run --lane vmx --kernel "$KERNEL")
    export TMPDIR=$BATS_TEST_TMPDIR
}

patience=60 # of wait_for, in seconds

# The emulator that the process $1 runs; not the one that it asks for its CPU models before.
emulator_of() { pgrep -P "$1" -f 'bochs-bin.* -f '; }

# Ends when this process is gone, or dead and not yet waited for.
gone() { ! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null; }

# A Bochs that answers $1 when asked for its CPU models.
stand_in_bochs() {
    mkdir "$TMPDIR/bin"
    printf '#!/bin/sh\necho "%s"\n' "$1" >"$TMPDIR/bin/bochs"
    chmod +x "$TMPDIR/bin/bochs"
}

start_hanging_run() {
    cd "$TMPDIR" || return
    cp "$build/tests/stand-in/hang.elf" .
    "${vmx[@]}" --boot kernel --guest hang.elf "$@" >out 2>&1 3>&- &
    pid=$!
    wait_for emulator_of "$pid"
    emulator=$(emulator_of "$pid")
}

@test "vmx: everything passes, with VMX's exit numbers" {
    expect 0 "on GenuineIntel" "${vmx[@]}" all count=20 hlt.timer:count=7
    [[ $output == *"vmx exit numbers"*"hlt.timer # 7 exits, ledger +7"*" 0 failed, "*" skipped (vmx lane, Linux $KERNEL."* ]]
    # What is skipped is what Bochs's Haswell, the microvm and a single vCPU have not, and what the host does not keep.
    [ -z "$(grep '# SKIP' <<<"$output" | grep -v -e 'this vCPU has no ' -e 'needs vcpus=2 or more' -e 'this machine has no ROM' \
        -e 'time.histogram # SKIP this host keeps no histograms' \
        -e "ledger.nested # SKIP on Intel a nested guest's CPUID")" ]
    [[ $output == *"hlt.timer                   0xc "* ]]
    [[ $output == *"nested.rdmsr # 40 exits, ledger +40"*"ledger.conservation # "*" exits, with 20 that KVM has no handler for"* ]]
}

# bats test_tags=slow
@test "vmx: counting behind the retpoline shortcut fails and is named" {
    expect 1 "the counter sits behind the retpoline shortcut" "${vmx[@]}" --mutant retpoline-shortcut
    [[ $output == *"0x20"*"0xc"*"exits read 0 while others are counted"* || $output == *"0xc"*"0x20"*"exits read 0 while others are counted"* ]]
    [[ $output == *"not ok"*"hlt.timer # expected ledger +100, seen +0"* ]]
}

@test "vmx: a statistic that omits what the fastpath re-enters is found by the host's instruments alone" {
    expect 1 "fail: host.stats.exits: KVM's statistic exits differs from kvm_exit at 1 of 2 triggers: it omits exits after which KVM's fastpath" \
        "${vmx[@]}" --mutant exits-before-6.4 --witness-only cpuid.leaf0:count=50 msr.write-tsc-deadline:count=50
    [[ $output == *"ok host.tracepoint # kvm_exit agrees with the catalogue at 2 triggers"* ]]
    [[ $output == *"# msr.write-tsc-deadline        kvm_exit +50, exits +0"* ]]
}

@test "vmx: counting where the exit handler starts loses fastpath exits, and is named" {
    expect 1 "MSR_WRITE (0x20) exits that KVM handles in its fastpath are lost" \
        "${vmx[@]}" --mutant exit-handler-start 'msr.*:count=50' 'io.out8:count=50'
    [[ $output == *"not ok"*"msr.write-tsc-deadline # expected ledger +50, seen +0"* ]]
    [[ $output == *"not ok host.tracepoint"*"# 0x20 "* ]]
}

# bats test_tags=slow
@test "vmx: a noisy VM beside the guest shows in its own ledger alone" {
    expect 0 "ok host.isolation" "${vmx[@]}" --noise --timeout 300 'io.*:count=50' hlt.timer:count=7 nmi.window
}

# bats test_tags=slow
@test "vmx: a ledger that all VMs share fails beside a noisy VM, and is named" {
    expect 1 "not ok host.isolation" "${vmx[@]}" --noise --timeout 300 --mutant host-wide 'io.*:count=50'
}

# bats test_tags=slow
@test "vmx: Linux 6.12, which complains about Bochs's CPU before KVM is loaded" {
    [ -e "$build/embedded-host/6.12/vmlinux" ] || skip "no other kernel's host is built"
    expect 0 "0 failed, 1 skipped (vmx lane, Linux 6.12" "$exitaudit" run --lane vmx --kernel 6.12 io.out8:count=7 'msr.*:count=50'
}

# bats test_tags=slow
@test "vmx: a host of an older edition of the manual is audited by its own rules" {
    expect 0 "an edition of Intel's manual that ends with exit reason 70" "${vmx[@]}" --mutant edition-70 'ledger.*'
}

# bats test_tags=slow
@test "vmx: shadow paging instead of EPT" {
    expect 0 "io.out8 # 7 exits, ledger +7" "${vmx[@]}" --no-ept --timeout 300 io.out8:count=7 hlt.timer:count=100 'nested.*' 'ledger.*'
    [[ $output == *"nested.rdmsr # 200 exits, ledger +200"* ]]
}

# bats test_tags=slow
@test "svm-bochs: KVM-AMD on another emulator's SVM" {
    expect 0 "svm exit numbers" "$exitaudit" run --lane svm-bochs io.out8:count=7 hlt.timer:count=7 'nested.*' 'ledger.*'
    [[ $output == *"on AuthenticAMD"*"ok host.tracepoint"*"ok host.stats"*"0 failed, 0 skipped (svm-bochs lane"* ]]
}

# bats test_tags=slow
@test "vmx: a guest that hangs is ended, and nothing stays behind" {
    start_hanging_run --timeout 40
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 3 ]
    grep 'no end within 40 s' out
    gone "$emulator"
    [ "$(ls)" = "hang.elf
out" ]
}

@test "vmx: SIGTERM and SIGKILL end the emulator, and nothing stays behind" {
    for signal in TERM KILL; do
        start_hanging_run
        kill -"$signal" "$pid"
        wait "$pid" || true
        wait_for gone "$emulator"
        [ "$(ls)" = "hang.elf
out" ]
    done
}

@test "no Bochs in PATH" {
    mkdir "$TMPDIR/bin"
    ln -s "$(type -P qemu-system-x86_64)" "$TMPDIR/bin/"
    PATH=$TMPDIR/bin expect 3 "apt-get install bochs" "${vmx[@]}"
    [ "${#lines[@]}" -eq 1 ]
}

@test "a Bochs without VT-x" {
    stand_in_bochs 'pentium'
    PATH=$TMPDIR/bin:$PATH expect 3 "it needs Bochs 2.7" "${vmx[@]}"
    [ "${#lines[@]}" -eq 1 ]
}

@test "a Bochs that fails" {
    stand_in_bochs 'corei7_haswell_4770'
    PATH=$TMPDIR/bin:$PATH expect 3 "Bochs" "${vmx[@]}"
}

@test "--no-ept on another lane is a usage error" {
    expect 2 "use --lane vmx" "$exitaudit" run --lane svm --no-ept
}

@test "vmx: Linux boots, and the host's instruments agree" {
    expect 0 "pass: booting and all phases took" "$exitaudit" boot --lane vmx --kernel "$KERNEL" --json "$TMPDIR/json"
    [[ $output == *"ok host.tracepoint # "*" exits agree"* && $output != *"could not:"* ]]
    jq -e '([.phases[].exits[].count] | add) == .totals.count' "$TMPDIR/json"
}
