#!/usr/bin/env bats
# What make install puts where, the man page, and completions.

load expect

setup_file() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    make -s -C "$root" install DESTDIR="$BATS_FILE_TMPDIR/root" PREFIX=/usr
}

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    installed=$BATS_FILE_TMPDIR/root/usr
    cd "$BATS_TEST_TMPDIR"
    export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
}

commands() { "$installed/bin/exitaudit" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

@test "an installed exitaudit finds its guest, wherever it is called" {
    expect 4 "not patched: " "$installed/bin/exitaudit" run --lane tcg cpuid.leaf0
    # A user without a home.
    expect 4 "not patched: " env -u HOME -u XDG_CACHE_HOME "$installed/bin/exitaudit" run --lane tcg cpuid.leaf0
}

@test "an installed exitaudit builds its host in the user's cache" {
    expect 3 "no Linux 9.9" "$installed/bin/exitaudit" run --lane svm --kernel 9.9
    [ "$(readlink "$XDG_CACHE_HOME/exitaudit/host-kvm-patch")" = "$installed/share/exitaudit/host-kvm-patch" ]
    [ -e "$XDG_CACHE_HOME/exitaudit/build/unikernel-pvh.elf" ]
    [ -x "$XDG_CACHE_HOME/exitaudit/build/linux-guest/exitaudit" ]
}

@test "examples come along, and the libvirt domain names the installed guest" {
    local examples=$BATS_FILE_TMPDIR/root/usr/share/doc/exitaudit/examples
    [ -x "$examples/ci/audit" ] && [ -f "$examples/vmm/firecracker.json" ]
    local kernel
    kernel=$(sed -n 's|.*<kernel>\(.*\)</kernel>|\1|p' "$examples/libvirt/exitaudit.xml")
    [ -f "$BATS_FILE_TMPDIR/root$kernel" ]
}

@test "the man page has every command, and every option with what --help says of it" {
    local page=$installed/share/man/man1/exitaudit.1 command
    for command in $(commands); do
        grep -qx "\.SS exitaudit $command" "$page"
        # Without what says how a value looks; \- is troff's hyphen.
        "$installed/bin/exitaudit" "$command" --help | grep -oE '^  (-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+$' | while read -r option; do
            grep -qF "\\fB${option//-/\\-}\\fR" "$page"
        done
    done
    grep -qx '\.SS exitaudit host top' "$page"
    [ "$(grep -c '^\.SS' "$page")" = $(($(commands | wc -l) + 1)) ]
    # groff warns of what it does not understand.
    [ -z "$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)" ]
}

# completed WORD...: what bash completes of the last word
completed() {
    bash -c '. "$0"; COMP_WORDS=(exitaudit "$@"); COMP_CWORD=$#; _exitaudit; echo "${COMPREPLY[*]}"' \
        "$installed/share/bash-completion/completions/exitaudit" "$@"
}

@test "bash completes commands and their options, and leaves files to itself" {
    [ "$(completed "" | xargs -n1 | sort)" = "$(commands | sort)" ]
    [ "$(completed gr)" = grade ]
    [ "$(completed grade --assi)" = --assignment ]
    [ "$(completed run --lan)" = --lane ]
    [ "$(completed host top --onc)" = --once ]
    [ "$(completed grade a.pa)" = "" ]
}

@test "zsh and fish take their completions" {
    zsh -n "$installed/share/zsh/site-functions/_exitaudit"
    fish -n "$installed/share/fish/vendor_completions.d/exitaudit.fish"
    local command
    for command in $(commands); do
        grep -q "^    $command) _arguments" "$installed/share/zsh/site-functions/_exitaudit"
        grep -q "__fish_seen_subcommand_from $command' .*-l " "$installed/share/fish/vendor_completions.d/exitaudit.fish"
    done
    expect 2 "bash" "$installed/bin/exitaudit" completion tcsh
}
