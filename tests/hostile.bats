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
        ! grep -q secret-of-the-machine "$written"
        [ -z "$(tr -d '\n\t' <"$written" | LC_ALL=C tr -dc '\000-\037')" ]
    done
    ! ls /tmp/owned* 2>/dev/null
}

# graded VERDICTS SUBMISSION...: the rows' verdicts, in order; keeps what is printed and written.
graded() {
    local verdicts=$1
    shift
    run "$exitaudit" grade "$@" --json "$BATS_TEST_TMPDIR/out.json" --junit "$BATS_TEST_TMPDIR/out.xml" \
        --csv "$BATS_TEST_TMPDIR/out.csv"
    echo "$output" | tee "$BATS_TEST_TMPDIR/out.text"
    [ "$(jq -r '[.rows[].verdict] | join(" ")' "$BATS_TEST_TMPDIR/out.json")" = "$verdicts" ]
    xmllint --noout "$BATS_TEST_TMPDIR/out.xml"
    "$exitaudit" report "$BATS_TEST_TMPDIR/out.json" --output "$BATS_TEST_TMPDIR/page.html"
    ! grep -qi '<script>alert' "$BATS_TEST_TMPDIR/page.html"
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
    graded "does-not-compile does-not-compile does-not-compile does-not-compile" macros.patch recursion.patch big.patch nested.patch --timeout 40
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
    graded "refused refused refused does-not-apply refused could-not-grade" random.patch numbers.patch long.patch zeros.patch sparse.patch pipe.patch
}

@test "hostile: links out of a directory, a tree and modules" {
    mkdir -p files tree/arch/x86 modules loop
    ln -s "$canary" files/vmx.c
    ln -s "$BATS_TEST_TMPDIR" tree/arch/x86/kvm
    ln -s "$canary" modules/kvm.ko
    ln -s . loop/loop
    run "$exitaudit" grade files tree modules loop --json "$BATS_TEST_TMPDIR/out.json"
    echo "$output" | tee "$BATS_TEST_TMPDIR/out.text"
    [ "$(jq '[.rows[] | select(.verdict == "pass" or .verdict == "fail")] | length' "$BATS_TEST_TMPDIR/out.json")" = 0 ]
    [ "$(jq '.rows | length' "$BATS_TEST_TMPDIR/out.json")" = 4 ]
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
    head -c 300M /dev/zero >a/zeros.c
    tar czf swollen.tar.gz a/zeros.c
    rm a/zeros.c
    head -c 200 links.tar >cut.tar
    run "$exitaudit" grade links.tar out.tar root.tar four.tar swollen.tar.gz cut.tar --json "$BATS_TEST_TMPDIR/out.json"
    echo "$output" | tee "$BATS_TEST_TMPDIR/out.text"
    [ "$(jq '[.rows[] | select(.verdict == "pass" or .verdict == "fail")] | length' "$BATS_TEST_TMPDIR/out.json")" = 0 ]
    [ "$(jq '.rows | length' "$BATS_TEST_TMPDIR/out.json")" = 6 ]
}

@test "hostile: a repository whose configuration runs programs" {
    cp -r "$source" tree
    git -C tree init -q
    git -C tree -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m x
    git -C tree config core.fsmonitor 'touch /tmp/owned-fsmonitor'
    git -C tree config diff.external 'touch /tmp/owned-external'
    git -C tree config core.pager 'touch /tmp/owned-pager'
    printf '*.c diff=x filter=x\n' >tree/.gitattributes
    git -C tree config diff.x.textconv 'touch /tmp/owned-textconv'
    git -C tree config filter.x.clean 'touch /tmp/owned-clean'
    sed -i '1i #error hostile' tree/arch/x86/kvm/mtrr.c
    run "$exitaudit" grade tree --json "$BATS_TEST_TMPDIR/out.json"
    echo "$output" | tee "$BATS_TEST_TMPDIR/out.text"
    [ "$(jq '[.rows[] | select(.verdict == "pass" or .verdict == "fail")] | length' "$BATS_TEST_TMPDIR/out.json")" = 0 ]
}

@test "hostile: names and messages with escapes, newlines and markup" {
    local name
    for name in $'\e[2J\e]0;owned\a' $'two\nok 1 pass' '<script>alert(1)</script>' '=cmd|x' $'\u202ereversed'; do
        adding "#error <script>alert(1)</script> $(printf '\033[31m') ok 1 all.passed" >"x${name//\//_}.patch"
        graded does-not-compile "x${name//\//_}.patch"
    done
}

# hooks FUNCTION LINE...: a patch that adds lines at the start of a function that runs at each exit of KVM-AMD.
hooks() {
    cp "$source/arch/x86/kvm/svm/svm.c" svm.c
    cp svm.c svm.orig
    printf '%s\n' "${@:2}" >added
    sed -i "/^static .*$1(/,/^{/{/^{/r added
}" svm.c
    diff -u --label a/arch/x86/kvm/svm/svm.c --label b/arch/x86/kvm/svm/svm.c svm.orig svm.c || true
}

# The leaf is mentioned, so that there is something to grade.
query='	if (kvm_rax_read(vcpu) == 0x4FFFFFFC) (void)0;'

# bats test_tags=slow
@test "hostile: hosts that reboot, spin, or use up memory" {
    hooks svm_handle_exit "$query" '	extern void emergency_restart(void);' '	emergency_restart();' >reboot.patch
    hooks svm_handle_exit "$query" '	local_irq_disable(); for (;;) cpu_relax();' >spin.patch
    hooks svm_handle_exit "$query" '	(void)!kmalloc(1 << 20, GFP_KERNEL); (void)!vmalloc(8 << 20);' >memory.patch
    run "$exitaudit" grade reboot.patch spin.patch memory.patch --lane svm --json "$BATS_TEST_TMPDIR/out.json"
    echo "$output" | tee "$BATS_TEST_TMPDIR/out.text"
    [ "$(jq -r '[.rows[].verdict] | join(" ")' "$BATS_TEST_TMPDIR/out.json")" = "crashes hangs crashes" ]
    [[ $output == *"Out of memory: "* ]]
}

# bats test_tags=slow
@test "hostile: a host that writes our log on the guest's serial port" {
    # What the guest would say of a right host, written once to the second port, which the guest's goes through.
    local line lines=()
    for line in 'KTAP version 1' '1..1' 'ok 1 cpuid.leaf0 # 200 exits, ledger +200' \
        '#json {"record":"run","schema":1,"ledger":1,"plan":"all","vcpus":1,"results":1}' \
        '#json {"record":"result","number":1,"name":"cpuid.leaf0","verdict":"ok","message":"200 exits"}' \
        '#json {"record":"end","verdict":"pass","passed":1,"failed":0,"skipped":0}' \
        '# verdict: pass: 1 passed, 0 failed, 0 skipped'; do
        lines+=("\"${line//\"/\\\"}\\n\"")
    done
    hooks svm_handle_exit "$query" '	{' '		static const char text[] =' "${lines[@]/#/			}" '			;' \
        '		static int done;' '		int i;' '' '		for (i = 0; !done && text[i]; i++)' '			outb(text[i], 0x2f8);' '		done = 1;' '	}' >forged.patch
    run "$exitaudit" grade forged.patch --lane svm --json "$BATS_TEST_TMPDIR/out.json"
    echo "$output" | tee "$BATS_TEST_TMPDIR/out.text"
    [ "$(jq '[.rows[] | select(.verdict == "pass")] | length' "$BATS_TEST_TMPDIR/out.json")" = 0 ]
}

# bats test_tags=slow
@test "hostile: answers that are made up, and a witness that is silenced" {
    # A total that only grows by one for each query, and rows of constants.
    hooks cpuid_interception '	if (kvm_rax_read(vcpu) - 0x4FFFFFFC < 4) {' '		static u32 n;' '' '		kvm_rbx_write(vcpu, 0);' \
        '		kvm_rdx_write(vcpu, 0);' '		kvm_rcx_write(vcpu, 0);' '		kvm_rax_write(vcpu, kvm_rax_read(vcpu) == 0x4FFFFFFC ? ++n : 200 * ++n);' \
        '		return kvm_skip_emulated_instruction(vcpu);' '	}' >made-up.patch
    "$exitaudit" grade made-up.patch --lane svm --dry-run >/dev/null
    cp "$root/tests/grade/samples/layout-f21.patch" .
    run "$exitaudit" grade made-up.patch --lane svm --json "$BATS_TEST_TMPDIR/out.json"
    echo "$output" | tee "$BATS_TEST_TMPDIR/out.text"
    [ "$(jq '[.rows[] | select(.verdict == "pass")] | length' "$BATS_TEST_TMPDIR/out.json")" = 0 ]
    # An honest ledger, on a host that traces no exit.
    sed -e 's|^ \ttrace_kvm_exit(vcpu, KVM_ISA_SVM);|-&|; s|^- |-|' layout-f21.patch >silenced.patch
    grep -q '^-.*trace_kvm_exit' silenced.patch || skip "the sample has no such line near its own"
    run "$exitaudit" grade silenced.patch --lane svm --json "$BATS_TEST_TMPDIR/out.json"
    [ "$(jq '[.rows[] | select(.verdict == "pass")] | length' "$BATS_TEST_TMPDIR/out.json")" = 0 ]
}
