#!/usr/bin/env bats
# Hosts from a kernel source tree. The tree here is KVM's source and a Makefile that compiles nothing, but hands
# out the kernel and the modules that are built already.
# Needs build/exitaudit, the guest and the embedded host.

load expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    exitaudit=$root/build/exitaudit
    trees=$root/host-kvm-patch/trees
    tree=$BATS_TEST_TMPDIR/linux
    export EXITAUDIT_BUILD=$BATS_TEST_TMPDIR/build
    mkdir "$EXITAUDIT_BUILD"
    cp "$root"/build/{earlier-vm,unikernel-pvh.elf} "$EXITAUDIT_BUILD/"
    cp -a "$(echo "$root/build/host/$KERNEL/.work/packages"/*/source)" "$tree"
    : >"$tree/Kbuild"
    makefile "$KERNEL"
}

# makefile VERSION
makefile() {
    cat >"$tree/Makefile" <<END
VERSION = ${1%.*}
PATCHLEVEL = ${1#*.}
SUBLEVEL = 0
allnoconfig:
	mkdir -p \$(O)
	cp \$\$KCONFIG_ALLCONFIG \$(O)/.config
vmlinux:
	cp -u '$root/build/embedded-host/$KERNEL/vmlinux' \$(O)/
modules:
	printf '%s.o\n' kvm kvm-intel kvm-amd irqbypass >\$(O)/modules.order
	cp '$root/build/host/$KERNEL/modules'/*.ko \$(O)/
	cp \$\$(find '$root/build/host/$KERNEL/distribution/lib/modules' -name irqbypass.ko) \$(O)/
END
}

# break_svm: what the series changes there reads otherwise.
break_svm() { sed -i 's/trace_kvm_entry(/trace_kvm_the_entry(/' "$tree/arch/x86/kvm/svm/svm.c"; }

# Contents, times and permissions.
state() { tar -C "$tree" --sort=name -c . | sha256sum; }

run_tree() { "$exitaudit" run --tree "$tree" --timeout 300 "$@"; }

@test "a directory that is no kernel source tree is a usage error, before anything else" {
    expect 2 "/nonexistent is not a directory" "$exitaudit" run --dry-run --tree /nonexistent
    expect 2 "--tree names no directory" "$exitaudit" run --dry-run --tree '' --lane svm
    expect 2 "--tree names no directory" "$exitaudit" boot --tree=
    for file in Makefile Kbuild arch/x86/kvm/x86.c; do
        rm "$tree/$file"
        expect 2 "is no kernel source tree: it has no $file" "$exitaudit" run --dry-run --tree "$tree"
        expect 2 "is no kernel source tree: it has no $file" "$trees" "$tree"
    done
    expect 2 "no TREE" "$trees"
    expect 2 "unknown option '--nope'" "$trees" --nope "$tree"
}

@test "no host is made of another's copy" {
    mkdir -p "$EXITAUDIT_BUILD/trees/linux-1/.work"
    mv "$tree" "$EXITAUDIT_BUILD/trees/linux-1/.work/source"
    expect 2 "is a copy of ours" "$trees" --build "$EXITAUDIT_BUILD" --check "$EXITAUDIT_BUILD/trees/linux-1/.work/source"
}

@test "a tree excludes other ways to choose a host" {
    expect 2 "--kernel excludes --tree" "$exitaudit" run --tree "$tree" --kernel "$KERNEL"
    expect 2 "--tree excludes --mutant" "$exitaudit" run --tree "$tree" --mutant host-wide
    expect 2 "use --lane svm or vmx" "$exitaudit" run --tree "$tree" --lane tcg
}

@test "a tree is audited, and never written to" {
    chmod -R a-w "$tree"
    before=$(state)
    expect 0 "the series linux-$KERNEL applies" run_tree io.out8
    [[ $output == *"pass: "* ]]
    # Nothing has changed: nothing is copied.
    expect 0 "$EXITAUDIT_BUILD/trees/linux-" "$trees" --build "$EXITAUDIT_BUILD" "$tree"
    [ -z "$(cat "$EXITAUDIT_BUILD"/trees/linux-*/.work/changed)" ]
    after=$(state)
    chmod -R u+w "$tree"
    [ "$after" = "$before" ]
}

@test "the copy has the tree's changes and the series'" {
    run "$trees" --build "$EXITAUDIT_BUILD" "$tree"
    [ "$status" -eq 0 ]
    copy=${lines[-1]}/.work/source
    cmp "$copy/arch/x86/kvm/emulate.c" "$tree/arch/x86/kvm/emulate.c"
    grep -q kvm_exit_ledger_exit "$copy/arch/x86/kvm/svm/svm.c"
    echo '/* changed */' >>"$tree/arch/x86/kvm/emulate.c"
    echo '/* changed */' >>"$tree/arch/x86/kvm/svm/svm.c"
    rm "$tree/arch/x86/kvm/mtrr.c"
    run "$trees" --build "$EXITAUDIT_BUILD" "$tree"
    [ "$status" -eq 0 ]
    [[ $(tail -n1 "$copy/arch/x86/kvm/emulate.c") == *changed* ]]
    [[ $(tail -n1 "$copy/arch/x86/kvm/svm/svm.c") == *changed* ]]
    grep -q kvm_exit_ledger_exit "$copy/arch/x86/kvm/svm/svm.c"
    [ ! -e "$copy/arch/x86/kvm/mtrr.c" ]
    # With a ledger of its own, the tree is taken as it is.
    echo '/* 0x4FFFFFFC */' >>"$tree/arch/x86/kvm/svm/svm.c"
    expect 0 "which has a ledger" "$trees" --build "$EXITAUDIT_BUILD" "$tree"
    diff -rq --exclude=.gitignore "$copy/arch/x86/kvm" "$tree/arch/x86/kvm"
}

@test "sanitizers are named by --sanitize, and those that exclude each other are refused" {
    expect 2 "kasan and kcsan exclude each other" "$exitaudit" run --dry-run --tree "$tree" --sanitize kcsan,kasan
    expect 2 "unknown sanitizer 'asan': --sanitize takes kasan, kcsan, kmemleak, lockdep, ubsan" \
        "$exitaudit" run --dry-run --tree "$tree" --sanitize asan
    expect 2 "--sanitize requires --tree" "$exitaudit" run --dry-run --sanitize kasan
    expect 0 "" "$exitaudit" run --dry-run --tree "$tree" --sanitize kasan,ubsan,lockdep,kmemleak --lane vmx
    expect 2 "kasan and kcsan exclude each other" "$trees" --sanitize kcsan,kasan "$tree"
    expect 2 "unknown sanitizer 'asan': there are kasan kcsan kmemleak lockdep ubsan" "$trees" --sanitize asan "$tree"
}

@test "a host with sanitizers has a directory of its own, and its reports are judged" {
    expect 0 "compiling the kernel with lockdep,ubsan" run_tree --sanitize ubsan,lockdep io.out8
    [[ $output == *"ok host.sanitizers # no report about the ledger, and 0 others"* ]]
    host=$(echo "$EXITAUDIT_BUILD"/trees/linux-*/lockdep+ubsan)
    grep -qx CONFIG_PROVE_LOCKING=y "$host/objects/.config"
    grep -qx CONFIG_UBSAN_BOUNDS=y "$host/objects/.config"
    [ ! -e "$host/../embedded" ]
}

# write_patch: a plain diff that adds a line to mtrr.c, as a.patch
write_patch() {
    cd "$BATS_TEST_TMPDIR"
    mkdir old new
    cp -r "$tree/arch" old
    cp -r "$tree/arch" new
    sed -i '1a /* on top */' new/arch/x86/kvm/mtrr.c
    diff -ru old new >a.patch || [ $? -eq 1 ]
}

@test "a patch is applied to the copy, after the series" {
    write_patch
    for bug in "$root"/host-kvm-patch/mutants/sanitizers/*.patch "$BATS_TEST_TMPDIR/a.patch"; do
        run "$trees" --build "$EXITAUDIT_BUILD" --patch "$bug" "$tree"
        [ "$status" -eq 0 ]
    done
    grep -q 'on top' "${lines[-1]}/.work/source/arch/x86/kvm/mtrr.c"
    grep -q kvm_exit_ledger_exit "${lines[-1]}/.work/source/arch/x86/kvm/svm/svm.c"
    sed -i 's/^ .*/ nothing like it/' "$BATS_TEST_TMPDIR/a.patch"
    expect 5 "arch/x86/kvm/mtrr.c: hunk 1 of a.patch does not apply at line" \
        run_tree --patch "$BATS_TEST_TMPDIR/a.patch" io.out8
}

@test "a patch may remove and rename files" {
    write_patch
    rm new/arch/x86/kvm/mtrr.c
    diff -ruN old new >remove.patch || [ $? -eq 1 ]
    cat >rename.patch <<'END'
diff --git a/arch/x86/kvm/mtrr.c b/arch/x86/kvm/renamed.c
similarity index 100%
rename from arch/x86/kvm/mtrr.c
rename to arch/x86/kvm/renamed.c
END
    for patch in remove rename; do
        run "$trees" --build "$EXITAUDIT_BUILD" --patch $patch.patch "$tree"
        [ "$status" -eq 0 ]
        [ ! -e "${lines[-1]}/.work/source/arch/x86/kvm/mtrr.c" ]
    done
    cmp "${lines[-1]}/.work/source/arch/x86/kvm/renamed.c" "$tree/arch/x86/kvm/mtrr.c"
}

@test "a patch that cannot be read is refused" {
    expect 2 "File does not exist" run_tree --dry-run --patch /nonexistent/x.patch
    check_with() { "$trees" --build "$EXITAUDIT_BUILD" --check --patch "$1" "$tree"; }
    expect 2 "/nonexistent/x.patch is missing" check_with /nonexistent/x.patch
    write_patch
    : >empty.patch
    echo garbage >garbage.patch
    adding '/* documented */' | sed 's,arch/x86/kvm/mtrr.c,Documentation/mtrr.rst,' >documents.patch
    for patch in empty garbage documents; do
        expect 2 "$patch.patch changes no file that a host is compiled from" check_with $patch.patch
    done
    # What is left out hides nothing.
    sed 's/^@@.*/@@ -1,2 +1,99 @@/' a.patch >long.patch
    cat documents.patch long.patch >both.patch
    for patch in long both; do
        expect 5 "$patch.patch: patch says: " check_with $patch.patch
    done
    cat documents.patch a.patch >both.patch
    expect 0 "" check_with both.patch
    sed 's,mtrr,nosuch,' a.patch >nosuch.patch
    expect 5 "arch/x86/kvm/nosuch.c: is missing, so that no hunk of nosuch.patch applies" check_with nosuch.patch
}

@test "of a branch, grade takes what was changed since it left the default branch" {
    cp -r "$root/build/grade/$KERNEL/source" "$BATS_TEST_TMPDIR/repository"
    cd "$BATS_TEST_TMPDIR/repository"
    local git=(git -c user.name=bob -c user.email=bob@example.org)
    "${git[@]}" init -qb main
    "${git[@]}" add -A
    "${git[@]}" commit -qm import
    "${git[@]}" tag v6.1
    sed -i '1i /* by upstream */' arch/x86/kvm/mtrr.c
    "${git[@]}" commit -qam upstream
    "${git[@]}" checkout -qb exits
    sed -i '1i /* 0x4FFFFFFC */' arch/x86/kvm/cpuid.c
    "${git[@]}" commit -qam mine
    export EXITAUDIT_BUILD=$root/build
    expect 0 "+/* 0x4FFFFFFC */" "$exitaudit" grade --dry-run '.#exits'
    [[ $output != *"by upstream"* ]]
    # A default branch with a ledger is an earlier assignment: all since the release is handed in.
    "${git[@]}" branch -qf main exits
    sed -i '1i /* and this */' arch/x86/kvm/cpuid.c
    "${git[@]}" commit -qam more
    expect 0 "+/* and this */" "$exitaudit" grade --dry-run '.#exits'
    [[ $output == *"+/* 0x4FFFFFFC */"* && $output == *"by upstream"* ]]
}

# A repository whose Makefile compiles nothing, but hands out the kernel that is in it; and modules that are patched
# already if cpuid.c mentions a leaf; and fails where a source has an #error.
whole_repository() {
    cp -rL "$tree" "$BATS_TEST_TMPDIR/repository"
    cd "$BATS_TEST_TMPDIR/repository"
    mkdir built built/patched
    cp "$root/build/embedded-host/$KERNEL/vmlinux" built/kernel
    for part in kvm kvm-intel kvm-amd irqbypass; do
        cp "$(find "$root/build/host/$KERNEL/distribution/lib/modules" -name "$part.ko")" "built/$part"
    done
    for part in kvm kvm-intel kvm-amd; do cp "$root/build/host/$KERNEL/modules/$part.ko" "built/patched/$part"; done
    cat >Makefile <<END
VERSION = ${KERNEL%.*}
PATCHLEVEL = ${KERNEL#*.}
SUBLEVEL = 0
allnoconfig:
	mkdir -p \$(O)/include/config
	cp \$\$KCONFIG_ALLCONFIG \$(O)/.config
	echo $KERNEL.999-tree >\$(O)/include/config/kernel.release
vmlinux:
	cp built/kernel \$(O)/vmlinux
modules:
	@! grep -rn '^#error' \$(CURDIR)/arch/x86/kvm | sed 's/:#/: error: #/' | grep . >&2
	printf '%s.o\n' kvm kvm-intel kvm-amd irqbypass >\$(O)/modules.order
	for part in kvm kvm-intel kvm-amd; do \
		cp built/\$\$(! grep -q 0x4FFFFFFC arch/x86/kvm/cpuid.c || echo patched/)\$\$part \$(O)/\$\$part.ko; done
	cp built/irqbypass \$(O)/irqbypass.ko
END
    git init -qb main
    git config core.compression 0
    git config user.name bob
    git config user.email bob@example.org
    git add -Af
    git commit -qm import
    git tag v6.1
    git checkout -qb exits
    sed -i '1i /* 0x4FFFFFFC */' arch/x86/kvm/cpuid.c
    git commit -qam exits
    git checkout -qb broken
    sed -i '1i #error no such luck' arch/x86/kvm/mtrr.c
    echo '*.c export-ignore' >arch/.gitattributes
    git add -Af
    git commit -qm broken
    export EXITAUDIT_BUILD=$root/build
}

# What foreign-tree has made of the repository.
base_of_tree() { echo "$root/build/grade/$(printf %s "$PWD" | sha256sum | head -c6)-$(git rev-parse v6.1 | head -c12)"; }

teardown() { [[ ! -d $BATS_TEST_TMPDIR/repository ]] || (cd "$BATS_TEST_TMPDIR/repository" && rm -rf "$(base_of_tree)"); }

@test "grade compiles branches of a whole kernel into it, and audits them on it" {
    whole_repository
    one_run=(--plan io.out8 --timeout 300)
    expect 1 "arch/x86/kvm/mtrr.c:1: #error no such luck" \
        "$exitaudit" grade '.#exits' '.#broken' "${one_run[@]}" --json "$BATS_TEST_TMPDIR/j"
    [ "$(jq -r '.rows[].verdict' "$BATS_TEST_TMPDIR/j" | xargs)" = "pass does-not-compile" ]
    [ "$(grep -c "its own kernel is compiled and audited, Linux $KERNEL.999-tree, from " <<<"$output")" -eq 1 ]
    [ "$(grep -c '^foreign-tree: compiling Linux .* (once)$' <<<"$output")" -eq 1 ]
    expect 0 "2 of 2 rows are kept" "$exitaudit" grade '.#exits' '.#exits' "${one_run[@]}" --json "$BATS_TEST_TMPDIR/j" --resume
    [[ $output != *"foreign-tree: "* ]]
    # What is none of KVM's files counts, too.
    git checkout -q exits
    printf 'modules: late\nlate:\n\tfalse\n' >>Makefile
    git commit -qam late
    expect 1 "0 of 1 rows are kept" "$exitaudit" grade '.#exits' "${one_run[@]}" --json "$BATS_TEST_TMPDIR/j" --resume
    [[ $output == *"does-not-compile"* && $output != *"is compiled and audited"* ]]
    # Into another kernel, it is not the same submission.
    expect 1 "0 of 1 rows are kept" "$exitaudit" grade '.#exits' --kernel "$KERNEL" "${one_run[@]}" --json "$BATS_TEST_TMPDIR/j" --resume
    [[ $output != *"its own kernel"* ]]
}

@test "a dry run of a branch builds no host, nor does one that has changed nothing or has no ledger" {
    whole_repository
    git branch -q nothing main
    git checkout -q main -b other
    sed -i '1i /* changed */' arch/x86/kvm/mtrr.c
    git commit -qam other
    expect 1 "nothing was changed since" "$exitaudit" grade '.#nothing' '.#other'
    [[ $output == *no-ledger* ]]
    expect 0 "+/* 0x4FFFFFFC */" "$exitaudit" grade --dry-run '.#exits'
    [ ! -e "$(base_of_tree)" ]
}

@test "a branch whose beginning does not compile cannot be graded, the others are, and nothing half-made is left" {
    whole_repository
    git checkout -q main
    cat >>Makefile <<'END'
vmlinux: broken
broken:
	@printf 'x.c:1: error: \033[31mred\n'; false
END
    git commit -qam 'Break it'
    git tag -f v6.1
    git rebase -q main exits
    adding '#error in a patch' >"$BATS_TEST_TMPDIR/a.patch"
    expect 3 "x.c:1: error: [31mred" "$exitaudit" grade ".#exits" ".#exits" "$BATS_TEST_TMPDIR/a.patch"
    [[ $output != *$'\033'* ]]
    [[ $output == *", which does not compile: the lines above say why; --kernel VERSION takes Debian's kernel"* ]]
    [[ $output == *"#error in a patch"* ]]
    [ "$(grep -c '^foreign-tree: compiling Linux .* (once)$' <<<"$output")" -eq 1 ]
    [ "$(ls "$(base_of_tree)")" = $'lock\nlog' ]
}

@test "what a hostile kernel's build writes is taken for files, and it reaches nothing outside" {
    whole_repository
    git checkout -q main
    ln -s /etc/passwd arch/x86/kvm/leak.h
    cat >>Makefile <<END
vmlinux: attack
attack:
	! touch /checkout/x /in/exitaudit/x '$root/x' 2>/dev/null
	[ ! -e /etc/passwd ] && [ ! -e /in/tree ]
	mkdir -p /tree/locked && cp /bin/true /tree/ && chmod 4777 /tree/true && chmod 777 /tree && chmod 0 /tree/locked
	[ ! -d /out/source ] || ln -s /etc/passwd /out/source/leak
	! ln -s /etc/passwd /out/modules/leak 2>/dev/null
END
    git add -Af
    git commit -qam 'Attack'
    git tag -f v6.1
    git rebase -q main exits
    mkdir "$BATS_TEST_TMPDIR/tmp"
    TMPDIR=$BATS_TEST_TMPDIR/tmp expect 0 "" "$exitaudit" grade '.#exits' --lane svm --plan io.out8 --timeout 300 --keep "$BATS_TEST_TMPDIR/kept"
    [ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ]
    [ "$(stat -c %a "$(base_of_tree)")" = 700 ]
    [ -z "$(find "$(base_of_tree)" -perm /6000)" ]
    [ -f "$BATS_TEST_TMPDIR/kept/repository#exits/modules/kvm.ko" ]
    [ -z "$(find "$(base_of_tree)/source" -type l)" ]
    [ ! -e "$root/x" ]
}

@test "Ctrl-C ends the build of a branch's kernel with 130, and leaves no process and no gigabyte" {
    patience=180
    whole_repository
    git checkout -q main
    printf 'vmlinux: slow\nslow:\n\tsleep 61.7\n' >>Makefile
    git commit -qam slow
    git tag -f v6.1
    git rebase -q main exits
    env --default-signal=INT "$exitaudit" grade '.#exits' 3>&- &
    pid=$!
    wait_for pgrep -f 'sleep 61[.]7'
    kill -INT "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 130 ]
    gone() { ! pgrep -f 'sleep 61[.]7' >/dev/null; }
    wait_for gone
    [ ! -e "$(base_of_tree)/new" ]
}

@test "a branch's kernel is not built where the disk has no space for it, or has none any more" {
    whole_repository
    git checkout -q main
    printf 'vmlinux: slow\nslow:\n\tsleep 60\n' >>Makefile
    git commit -qam slow
    git tag -f v6.1
    git rebase -q main exits
    # From the second time on, there are 100 KiB.
    cat >"$BATS_TEST_TMPDIR/df" <<END
#!/bin/sh
[ -e '$BATS_TEST_TMPDIR/asked' ] || { touch '$BATS_TEST_TMPDIR/asked'; exec /usr/bin/df "\$@"; }
printf 'Avail\n100\n'
END
    chmod +x "$BATS_TEST_TMPDIR/df"
    export PATH=$BATS_TEST_TMPDIR:$PATH
    for said in "takes all the space of $(base_of_tree)/new: free some" "takes 4 GiB, which $(base_of_tree)/new has not: free some"; do
        expect 3 "$said" "$exitaudit" grade '.#exits'
        [[ $output == *could-not-grade* ]]
        [ ! -e "$(base_of_tree)/new" ]
    done
}

@test "Linux is booted on a host from a tree" {
    expect 2 "is no kernel source tree" "$exitaudit" boot --tree "$BATS_TEST_TMPDIR"
    expect 2 "--tree excludes --modules" "$exitaudit" boot --tree "$tree" --modules /nowhere
    ln -s "$root"/build/{embedded-host,linux-guest,exit-sampler} "$EXITAUDIT_BUILD/"
    expect 0 "the series linux-$KERNEL applies" "$exitaudit" boot --tree "$tree" --kernel "$KERNEL" --work 1
    [[ $output == *"pass"* ]]
}

@test "what does not apply is reported by file and hunk, with an exit code of its own" {
    break_svm
    before=$(state)
    expect 5 "arch/x86/kvm/svm/svm.c: hunk 2 of 0005-KVM-SVM-Record-VM-exits-in-the-exit-ledger.patch does not apply at line" run_tree
    [[ $output == *"no series applies to $tree (Linux $KERNEL): the nearest is linux-$KERNEL (rejected hunks: 1, files: 1; see "* ]]
    [ "$(state)" = "$before" ]
    rm "$tree/arch/x86/kvm/xen.c"
    expect 5 "arch/x86/kvm/xen.c: is missing, so that no hunk of " run_tree
    git -C "$tree" init -q
    git -C "$tree" -c user.name=a -c user.email=a@b commit -q --allow-empty -m a
    git -C "$tree" bisect start
    expect 125 "no series applies" run_tree
}

@test "the nearest series is tried first, then the others" {
    for version in 6.2 7.4; do
        makefile $version
        expect 0 "Linux $version, to which the series linux-$KERNEL applies" "$trees" --build "$EXITAUDIT_BUILD" --check "$tree"
    done
    break_svm
    nearest() {
        makefile "$1"
        expect 5 "the nearest is $2 " "$trees" --build "$EXITAUDIT_BUILD" --check "$tree"
    }
    nearest 4.19 linux-6.1
    nearest 6.6 linux-6.1
    nearest 6.7 linux-6.12
    nearest 6.17 linux-6.12
    nearest 6.19 linux-7.3
    nearest 8.0 linux-7.3
}

@test "a tree that does not compile ends with 125 and the compiler's errors" {
    sed -i 's/^vmlinux:.*/&\n\t@echo "x86.c:1: error: no such luck"; false/' "$tree/Makefile"
    expect 125 "x86.c:1: error: no such luck" run_tree
    [[ $output == *"the tree does not compile with the series linux-$KERNEL: see "* ]]
    sed -i 's/^allnoconfig:.*/&\n\t@echo "no Kconfig"; false/' "$tree/Makefile"
    rm -r "$EXITAUDIT_BUILD/trees"
    expect 125 "the tree cannot be configured" run_tree
}

@test "a bisect ends at a usage error, and skips what cannot be audited" {
    cd "$tree"
    git init -q
    local git=(git -c user.name=a -c user.email=a@b)
    "${git[@]}" add -Af
    for n in 0 1 2 3; do
        "${git[@]}" commit -q --allow-empty -m $n
        git tag c$n
    done
    # bisect WORD...: it must name no commit.
    bisect() {
        git bisect start c3 c0
        run git bisect run "$exitaudit" run "$@"
        echo "$output"
        [ "$status" -ne 0 ]
        [[ $output != *"first bad commit"* ]]
        git bisect reset
    }
    bisect --tree . --lane vmx msr.write-tsc-dedline
    bisect --tree . --sanitize kasan,kcsan
    bisect --lame --tree .
    bisect --tree '' io.out8
    bisect --tree /nonexistent io.out8
    bisect --tre . io.out8
    git bisect start c3 c0
    expect 128 "nosuch" "$exitaudit" run --tree "$tree" nosuch
    expect 125 "/nonexistent" "$exitaudit" run --tree . --build /nonexistent io.out8
}

@test "Ctrl-C ends the compilation with 130, also if nobody reads standard error" {
    patience=30
    sed -i "s|^vmlinux:.*|&\n\ttouch '$BATS_TEST_TMPDIR/compiling'; sleep 60|" "$tree/Makefile"
    for action in default ignore; do
        rm -f "$BATS_TEST_TMPDIR/compiling"
        # What reads lives until the compilation: the lines before it must not fail.
        env --$action-signal=PIPE "$exitaudit" run --tree "$tree" io.out8 3>&- \
            2> >(until [ -e "$BATS_TEST_TMPDIR/compiling" ]; do sleep 0.1; done) &
        pid=$!
        wait_for test -e "$BATS_TEST_TMPDIR/compiling"
        sleep 0.3
        kill -INT "$pid"
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq 130 ]
    done
}

# fake_sanitize COMMAND: tests/sanitize, with this as what its runs do
fake_sanitize() {
    mkdir -p "$BATS_TEST_TMPDIR/fake/tests" "$BATS_TEST_TMPDIR/fake/build"
    cp "$root/tests/sanitize" "$BATS_TEST_TMPDIR/fake/tests/"
    ln -sfn "$root/host-kvm-patch" "$BATS_TEST_TMPDIR/fake/host-kvm-patch"
    printf '#!/bin/bash\n[[ $2 = --dry-run ]] || { %s; }\n' "$1" >"$BATS_TEST_TMPDIR/fake/build/exitaudit"
    chmod +x "$BATS_TEST_TMPDIR/fake/build/exitaudit"
    # A session of its own has a process group of its own, and SIGINT as a terminal's commands have it.
    setsid --wait env --default-signal=INT "$BATS_TEST_TMPDIR/fake/tests/sanitize" "$tree" 2>&1
}

@test "make sanitize checks its arguments first, ends at Ctrl-C, and reports what could not run" {
    expect 2 "TREE is empty" make -C "$root" sanitize TREE=
    expect 2 "no Linux 9.9" make -C "$root" sanitize KERNEL=9.9
    [ ! -e "$root/build/sanitize/linux-9.9.new" ]
    expect 2 "/nonexistent is not a directory" "$root/tests/sanitize" /nonexistent
    expect 130 "1 of 7" fake_sanitize "trap 'exit 130' INT; kill -INT 0; sleep 1"
    [[ $output != *"2 of 7"* ]]
    expect 3 "7 of 7 not as expected" fake_sanitize "exit 3"
}

# unpack_linux: Debian's whole source of this version, as the tree; and a git repository that has it.
unpack_linux() {
    (cd "$BATS_TEST_TMPDIR" && apt-get download -qq "linux-source-$KERNEL")
    rm -rf "$tree" && mkdir "$tree"
    dpkg-deb --fsys-tarfile "$BATS_TEST_TMPDIR"/linux-source-*.deb | tar -xO "./usr/src/linux-source-$KERNEL.tar.xz" |
        tar -C "$tree" --strip-components=1 -xJ
    git -C "$tree" init -q
    git -C "$tree" config user.name a
    git -C "$tree" config user.email a@b
    git -C "$tree" config gc.auto 0
    commit base
}

# commit NAME: what has changed, as this tag. Debian's .gitignore ignores everything.
commit() { git -C "$tree" add -Af && git -C "$tree" commit -qm "$1" && git -C "$tree" tag "$1"; }

apply() { cat "$@" | patch -d "$tree" -p1 -s -f --fuzz=2 --no-backup-if-mismatch; }

# first_bad COMMAND...: the tag that a bisect by this command finds
first_bad() {
    git -C "$tree" bisect start last ledger >&2
    (cd "$tree" && git bisect run "$@") >&2
    git -C "$tree" tag --points-at refs/bisect/bad
    git -C "$tree" bisect reset >&2
}

# bats test_tags=slow
@test "git bisect finds the commits that lose fastpath exits and that make CPUID exits more expensive" {
    unpack_linux
    apply "$root/host-kvm-patch/linux-$KERNEL"/*.patch
    commit ledger
    sed -i '1a /* harmless */' "$tree/arch/x86/kvm/x86.c"
    commit harmless
    apply "$root/host-kvm-patch/mutants/after-fastpath.patch"
    commit lost-fastpath
    sed -i '1a #error no such luck' "$tree/arch/x86/kvm/cpuid.c"
    commit broken
    sed -i 2d "$tree/arch/x86/kvm/cpuid.c"
    commit mended
    sed -i '/^int kvm_emulate_cpuid/,/^}/s/cpuid_fault_enabled(vcpu)/({ int i; for (i = 0; i < 3000; i++) barrier(); 0; }) || &/' \
        "$tree/arch/x86/kvm/cpuid.c"
    commit slow-cpuid
    sed -i '1a /* harmless, too */' "$tree/arch/x86/kvm/x86.c"
    commit last
    before=$(git -C "$tree" status --porcelain)

    [ "$(first_bad "$exitaudit" run --tree . --lane vmx msr.write-tsc-deadline)" = lost-fastpath ]

    cpuid=("$exitaudit" run --tree . --lane svm-icount cpuid.leaf0 --json)
    (cd "$tree" && git checkout -q ledger && "${cpuid[@]}" "$BATS_TEST_TMPDIR/good.json")
    cat >"$BATS_TEST_TMPDIR/judge" <<END
${cpuid[@]} $BATS_TEST_TMPDIR/now.json || exit \$((\$? < 128 ? 125 : 128))
$exitaudit compare $BATS_TEST_TMPDIR/good.json $BATS_TEST_TMPDIR/now.json --max-regression 5
s=\$?; [ \$s -le 1 ] || exit 128; exit \$s
END
    [ "$(first_bad sh "$BATS_TEST_TMPDIR/judge")" = slow-cpuid ]
    [ "$(git -C "$tree" status --porcelain)" = "$before" ]
}

# bats test_tags=slow
@test "branches of Debian's whole source are compiled into it and graded, a right one and a wrong one" {
    unpack_linux
    git -C "$tree" tag "v$KERNEL"
    git -C "$tree" checkout -qb exits
    apply "$root/host-kvm-patch/linux-$KERNEL"/*.patch
    commit ledger
    git -C "$tree" checkout -qb wrong
    apply "$root/host-kvm-patch/mutants/after-fastpath.patch"
    commit lost-fastpath
    export EXITAUDIT_BUILD=$root/build
    expect 1 "its own kernel is compiled and audited, Linux $KERNEL." \
        "$exitaudit" grade "$tree#exits" "$tree#wrong" --timeout 600 --json "$BATS_TEST_TMPDIR/j"
    [ "$(jq -r '.rows[].verdict' "$BATS_TEST_TMPDIR/j" | xargs)" = "pass fail" ]
    [ "$(jq -r '.rows[0].lanes | length' "$BATS_TEST_TMPDIR/j")" = 2 ]
    jq -e '.rows[1].findings[] | select(.id == "lost-fastpath")' "$BATS_TEST_TMPDIR/j"
}
