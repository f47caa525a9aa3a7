#!/usr/bin/env bats
# Submissions that try to escape or to cheat: none gets out, none passes, none injects markup, and each has its
# row. Those that need an emulator have the tag `slow`.

load expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    exitaudit=$root/build/exitaudit
    source=$root/build/grade/$KERNEL/source
    export TMPDIR=$BATS_TEST_TMPDIR/scratch
    mkdir "$TMPDIR" "$BATS_TEST_TMPDIR/in"
    cd "$BATS_TEST_TMPDIR/in"
    canary=$BATS_TEST_TMPDIR/canary
    echo secret-of-the-machine >"$canary"
}

teardown() {
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/scratch")" ]
    [ "$(cat "$canary")" = secret-of-the-machine ]
    # No secret, no control character, and no markup but ours, wherever a row is printed.
    local written
    for written in "$BATS_TEST_TMPDIR"/out.*; do
        [ -e "$written" ] || continue
        if grep -q secret-of-the-machine "$written"; then return 1; fi
        [ -z "$(tr -d '\n\t' <"$written" | LC_ALL=C tr -dc '\000-\037')" ]
    done
    [ -z "$(find /tmp -maxdepth 1 -name 'owned*')" ]
}

# graded VERDICTS SUBMISSION...: the rows' verdicts, in order, each as VERDICT/FINDING if the first finding has another
# id; keeps what is printed and written.
graded() {
    local verdicts=$1 row='.verdict + ((.findings[0].id // "") as $id | if $id == .verdict or .verdict == "pass" then "" else "/" + $id end)'
    shift
    run "$exitaudit" grade "$@" --json "$BATS_TEST_TMPDIR/out.json" --junit "$BATS_TEST_TMPDIR/out.xml" \
        --csv "$BATS_TEST_TMPDIR/out.csv"
    echo "$output" | tee "$BATS_TEST_TMPDIR/out.text"
    [ "$(jq -r "[.rows[] | $row] | join(\" \")" "$BATS_TEST_TMPDIR/out.json" | tee /dev/stderr)" = "$verdicts" ]
    xmllint --noout "$BATS_TEST_TMPDIR/out.xml"
    "$exitaudit" report "$BATS_TEST_TMPDIR/out.json" --output "$BATS_TEST_TMPDIR/page.html"
    if grep -qi '<script>alert' "$BATS_TEST_TMPDIR/page.html"; then return 1; fi
}

@test "hostile: sources that read the machine's files" {
    local file
    for file in "$canary" /etc/passwd /proc/self/environ; do
        adding "#include \"$file\"" >include.patch
        adding "asm(\".incbin \\\"$file\\\"\");" >incbin.patch
        graded "does-not-compile does-not-compile" include.patch incbin.patch
    done
    adding '#include "/build/../in/patch"' '#include_next </etc/passwd>' >roundabout.patch
    graded does-not-compile roundabout.patch
}

@test "hostile: sources that cost time, memory or disk" {
    adding '#define A(x) x x x x x x x x x x' '#define B(x) A(A(A(x)))' '#define C(x) B(B(B(x)))' 'C(C(int f(void);))' >macros.patch
    adding '#if __INCLUDE_LEVEL__ < 190' '#include __FILE__' '#include __FILE__' '#endif' >recursion.patch
    adding 'char big[1ul << 31] = { 1 };' >big.patch
    adding 'template: template(template(' "$(printf '%*s' 20000 '' | tr ' ' '(')" >nested.patch
    graded "does-not-compile/over-limit does-not-compile does-not-compile/over-limit does-not-compile" macros.patch recursion.patch big.patch nested.patch --timeout 40
}

@test "hostile: patches that reach beyond KVM's sources" {
    local file
    for file in Makefile arch/x86/kvm/Makefile scripts/mod/modpost.c ../../../etc/cron.d/x /etc/passwd .git/hooks/post-checkout \
        arch/x86/kvm/Kconfig include/linux/compiler.h arch/x86/kvm/kvm-asm-offsets.h; do
        printf -- '--- a/%s\n+++ b/%s\n@@ -0,0 +1 @@\n+$(shell touch /tmp/owned)\n' "$file" "$file" >beyond.patch
        graded refused beyond.patch
    done
    printf 'diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/arch/x86/kvm/x.c\n@@ -0,0 +1 @@\n+/etc/passwd\n' >link.patch
    printf 'diff --git a/arch/x86/kvm/x86.c b/y.c\nrename from arch/x86/kvm/x86.c\nrename to y.c\n' >rename.patch
    graded "refused refused" link.patch rename.patch
}

@test "hostile: patches that are none" {
    head -c 100000 /dev/urandom >random.patch
    printf -- '--- a/arch/x86/kvm/mtrr.c\n+++ b/arch/x86/kvm/mtrr.c\n@@ -1,99999999999999999999 +1,2 @@\n+x\n' >numbers.patch
    printf -- '--- a/arch/x86/kvm/mtrr.c\n+++ b/arch/x86/kvm/mtrr.c\n@@ -1,4000000000 +1,4000000000 @@\n+x\n' >long.patch
    printf -- '--- a/arch/x86/kvm/mtrr.c\0\n+++ b/arch/x86/kvm/mtrr.c\n@@ -1 +1 @@\n-a\n+\0\n' >zeros.patch
    truncate -s 8G sparse.patch
    mkfifo pipe.patch
    graded "refused/no-patch refused refused does-not-apply/not-the-kernels refused refused" random.patch numbers.patch long.patch zeros.patch sparse.patch pipe.patch
}

@test "hostile: links out of a directory, a tree and modules" {
    mkdir -p files tree/arch/x86 modules loop
    ln -s "$canary" files/vmx.c
    ln -s "$BATS_TEST_TMPDIR" tree/arch/x86/kvm
    ln -s "$canary" modules/kvm.ko
    ln -s . loop/loop
    graded "refused refused refused refused/no-patch" files tree modules loop
    [[ $output == *"cannot read modules/kvm.ko: it is a symbolic link"* ]]
}

@test "hostile: archives that lead out, link out, nest or swell" {
    mkdir a
    adding '#error hostile' >a/p.patch
    ln -s "$canary" a/vmx.c
    tar cf links.tar a
    tar cPf out.tar --transform 's|a/p.patch|../../../../../../../../tmp/owned.patch|' a/p.patch
    tar cPf root.tar --transform 's|a/p.patch|/tmp/owned.patch|' a/p.patch
    tar cf one.tar a/p.patch
    tar cf two.tar one.tar
    tar cf three.tar two.tar
    tar cf four.tar three.tar
    mkdir b
    head -c 300M /dev/zero >b/cpuid.c
    tar czf swollen.tar.gz b
    zip -q swollen.zip b/cpuid.c
    rm b/cpuid.c
    head -c 200 links.tar >cut.tar
    graded "does-not-compile refused/no-patch refused/no-patch refused/no-patch refused refused refused" \
        links.tar out.tar root.tar four.tar swollen.tar.gz swollen.zip cut.tar
    [[ $output == *"links and devices are not unpacked: a/vmx.c"*"lead out of the archive: /tmp/owned.patch"*"archives this deep are not unpacked"* ]]
}

@test "hostile: a repository whose configuration runs programs" {
    cp -r "$source" tree
    git -C tree init -q
    git -C tree add -A
    git -C tree -c user.name=x -c user.email=x@example.org commit -q -m x
    git -C tree config core.fsmonitor 'touch /tmp/owned-fsmonitor'
    git -C tree config diff.external 'touch /tmp/owned-external'
    git -C tree config core.pager 'touch /tmp/owned-pager'
    printf '*.c diff=x filter=x\n' >tree/.gitattributes
    git -C tree config diff.x.textconv 'touch /tmp/owned-textconv'
    git -C tree config filter.x.clean 'touch /tmp/owned-clean'
    sed -i '1i #error hostile: 0x4FFFFFFC' tree/arch/x86/kvm/mtrr.c
    graded does-not-compile tree
}

@test "hostile: names and messages with escapes, newlines and markup" {
    local name
    for name in $'\e[2J\e]0;owned\a' $'two\nok 1 pass' '<script>alert(1)</script>' '=cmd|x' $'\u202ereversed'; do
        adding "#error <script>alert(1)</script> $(printf '\033[31m') ok 1 all.passed" >"x${name//\//_}.patch"
        graded does-not-compile "x${name//\//_}.patch"
    done
}

# hooks FILE FUNCTION LINE...: a patch that adds lines at the start of a function of KVM's.
hooks() {
    local file=arch/x86/kvm/$1
    cp "$source/$file" hooked.orig
    printf '%s\n' "${@:3}" >added
    sed "/^[a-z].*\b$2(/,/^{/{/^{/r added
}" hooked.orig >hooked
    if cmp -s hooked.orig hooked; then return 1; fi
    diff -u --label "a/$file" --label "b/$file" hooked.orig hooked || [ $? -eq 1 ]
}

# At each exit of KVM-AMD. The leaf is mentioned, so that there is something to grade.
hooks_exits() { hooks svm/svm.c svm_handle_exit '	if (kvm_rax_read(vcpu) == 0x4FFFFFFC) (void)0;' "$@"; }

# An honest ledger of KVM-AMD's, changed by sed(1) with these arguments.
spoils_ledger() {
    mkdir -p ledger
    rm -rf ledger/*
    cp -r "$source/arch" ledger/arch
    patch -s -d ledger -p1 <"$root/tests/grade/samples/layout-f21.patch"
    cp ledger/arch/x86/kvm/svm/svm.c right.c
    sed -i "$@" ledger/arch/x86/kvm/svm/svm.c
    if cmp -s right.c ledger/arch/x86/kvm/svm/svm.c; then return 1; fi
    local file
    for file in arch/x86/kvm/svm/svm.h arch/x86/kvm/svm/svm.c; do
        diff -u --label "a/$file" --label "b/$file" "$source/$file" "ledger/$file" || [ $? -eq 1 ]
    done
}

# bats test_tags=slow
@test "hostile: hosts that reboot, spin, use up memory or fill the log" {
    hooks_exits '	extern void emergency_restart(void);' '	emergency_restart();' >reboot.patch
    hooks_exits '	local_irq_disable(); for (;;) cpu_relax();' >spin.patch
    hooks_exits '	(void)!kmalloc(1 << 20, GFP_KERNEL); (void)!vmalloc(8 << 20);' >memory.patch
    hooks_exits '	pr_emerg("%0400d\n", 0);' >log.patch
    graded "crashes/host-crashed hangs/hang crashes/host-complaint not-patched/slow-query" reboot.patch spin.patch memory.patch log.patch --lane svm
    [[ $output == *"Out of memory: "* ]]
}

# bats test_tags=slow
@test "hostile: a host that writes our log on the guest's serial port, as a patch and as modules" {
    # What the guest would say of a right host, written once to the second port, which the guest's goes through.
    local line lines=()
    for line in 'KTAP version 1' '1..1' 'ok 1 cpuid.leaf0 # 200 exits, ledger +200' \
        '#json {"record":"run","schema":1,"ledger":1,"plan":"all","vcpus":1,"results":1}' \
        '#json {"record":"result","number":1,"name":"cpuid.leaf0","verdict":"ok","message":"200 exits"}' \
        '#json {"record":"end","verdict":"pass","passed":1,"failed":0,"skipped":0}' \
        '# verdict: pass: 1 passed, 0 failed, 0 skipped'; do
        lines+=("\"${line//\"/\\\"}\\n\"")
    done
    hooks_exits '	{' '		static const char text[] =' "${lines[@]/#/			}" '			;' \
        '		static int done;' '		int i;' '' '		for (i = 0; !done && text[i]; i++)' '			outb(text[i], 0x2f8);' '		done = 1;' '	}' >forged.patch
    graded "fail/log-inconsistent" forged.patch --lane svm --keep kept
    mkdir modules
    cp kept/forged.patch/*.ko modules
    graded "fail/log-inconsistent" modules --lane svm
}

# bats test_tags=slow
@test "hostile: answers that are made up, or only for the audit; a witness that is silenced" {
    # A total that only grows by one for each query, and rows of constants.
    hooks cpuid.c kvm_emulate_cpuid '	if (kvm_rax_read(vcpu) - 0x4FFFFFFC < 4) {' '		static u32 n;' '' '		kvm_rbx_write(vcpu, 0);' \
        '		kvm_rdx_write(vcpu, 0);' '		kvm_rcx_write(vcpu, 0);' '		kvm_rax_write(vcpu, kvm_rax_read(vcpu) == 0x4FFFFFFC ? ++n : 200 * ++n);' \
        '		return kvm_skip_emulated_instruction(vcpu);' '	}' >made-up.patch
    # Counts from the first query of 0x4FFFFF00 on, which our guest alone asks.
    spoils_ledger -e 's/^static int handle_cpuid_exits(.*);/static bool audited;\n&/' \
        -e 's/^\tu32 eax = 0, ebx = 0, ecx = 0, edx = 0;/&\n\n\taudited |= leaf == 0x4FFFFF00;/' \
        -e 's/^\tsvm->total_exits++;/\tsvm->total_exits += audited;/' -e 's/^\t\tsvm->exits\[exit_code\]++;/\t\tsvm->exits[exit_code] += audited;/' \
        -e 's/^\tsvm->exit_time = svm->exit_tsc;/\tsvm->exit_time = audited ? svm->exit_tsc : 0;/' >audited.patch
    # No exit is traced.
    spoils_ledger '/^static int svm_handle_exit(/,/^}/s/^\ttrace_kvm_exit(.*//' >silenced.patch
    graded "fail/out-of-bounds fail/counts-when-audited fail/unexplained" made-up.patch audited.patch silenced.patch --lane svm
    [[ $output == *"the kvm_exit tracepoint has recorded nothing"* ]]
}
