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

@test "a host that another version has made in the cache is made again" {
    local prepare=$installed/share/exitaudit/run/embedded-host/prepare host=$XDG_CACHE_HOME/exitaudit/build/embedded-host/6.1
    mv "$prepare" "$BATS_TEST_TMPDIR/prepare"
    printf '#!/bin/sh\nmkdir -p "%s"\n: >"%s/initramfs.cpio"\necho "$@" >>calls\n' "$host" "$host" >"$prepare"
    chmod +x "$prepare"
    run "$installed/bin/exitaudit" run --lane svm --kernel 6.1 io.out8
    run "$installed/bin/exitaudit" run --lane svm io.out8
    [ "$(cat calls)" = 6.1 ]
    echo earlier >"$host/version"
    run "$installed/bin/exitaudit" run --lane svm io.out8
    run "$installed/bin/exitaudit" run --lane svm io.out8
    mv "$BATS_TEST_TMPDIR/prepare" "$prepare"
    [ "$(cat calls)" = 6.1$'\n'6.1 ]
}

@test "without a place for a cache, an installed exitaudit says so" {
    expect 3 "set XDG_CACHE_HOME" env -u XDG_CACHE_HOME HOME=/proc/nope "$installed/bin/exitaudit" run --lane svm io.out8
}

@test "examples come along, and Firecracker's names the installed guest" {
    local examples=$BATS_FILE_TMPDIR/root/usr/share/doc/exitaudit/examples
    [ -x "$examples/ci/audit" ] && [ -f "$examples/libvirt/exitaudit.xml" ]
    local kernel
    kernel=$(jq -r '.["boot-source"].kernel_image_path' "$examples/vmm/firecracker.json")
    [ -f "$BATS_FILE_TMPDIR/root$kernel" ]
}

@test "links among the installed documents lead somewhere" {
    local doc=$BATS_FILE_TMPDIR/root/usr/share/doc/exitaudit page target links=0
    for page in README.md docs/audit.md docs/host.md docs/guest.md docs/ci.md docs/mutants-6.1.md; do
        # Not installed: tests/ and what only the repository is for.
        while read -r target; do
            [ -e "$doc/$(dirname "$page")/$target" ] || { echo "$page: $target"; false; }
            links=$((links + 1))
        done < <(grep -oE '\]\((\.\./)?(docs/|run/|host-kvm-patch|[a-z-]*\.md)[^)# ]*' "$doc/$page" | sed 's/^](//' | grep -v Containerfile)
    done
    ((links > 50))
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
    [ "$(grep -c '^\.SH' "$page")" = 8 ] # man-pages(7): NAME to SEE ALSO
    grep -qx '\.SH EXIT STATUS' "$page"
    grep -qF '\fBEXITAUDIT_BUILD\fR' "$page"
    sed -n '/^\.SH EXAMPLES/,$p' "$page" | grep -qF 'exitaudit grade alice.patch'
    # groff warns of what it does not understand.
    [ -z "$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)" ]
}

# completed WORD...: what bash completes of the last word
completed() {
    bash -euc '. "$0"; COMP_WORDS=(exitaudit "$@"); COMP_CWORD=$#; _exitaudit; echo "${COMPREPLY[*]}"' \
        "$installed/share/bash-completion/completions/exitaudit" "$@"
}

@test "bash completes commands and their options, and leaves files to itself" {
    [ "$(completed "" | xargs -n1 | sort)" = "$(commands | sort)" ]
    [ "$(completed gr)" = grade ]
    [ "$(completed grade --assi)" = --assignment ]
    [ "$(completed run --lan)" = --lane ]
    [ "$(completed host top --onc)" = --once ]
    [ "$(completed grade a.pa)" = "" ]
    [ "$(completed host "")" = "status install remove top" ]
    [ "$(completed host top --in)" = --interval ]
    [ "$(completed run --lane svm-)" = "svm-bochs svm-icount" ]
    [ "$(completed run io.out3)" = io.out32 ]
    [ "$(completed read hl)" = hlt ]
    [ "$(completed top --sort c)" = "cycles cost" ]
    [ "$(completed run --json io.out3)" = "" ]
}

# fish_completed WORD...: what fish completes of the last word
fish_completed() {
    HOME=$BATS_TEST_TMPDIR fish -c '. $argv[1]; complete -C "exitaudit $argv[2..-1]"' \
        "$installed/share/fish/vendor_completions.d/exitaudit.fish" "$@" | cut -f1
}

@test "zsh and fish take their completions" {
    zsh -n "$installed/share/zsh/site-functions/_exitaudit"
    fish -n "$installed/share/fish/vendor_completions.d/exitaudit.fish"
    local command
    for command in $(commands); do
        grep -q "^    '$command') _arguments" "$installed/share/zsh/site-functions/_exitaudit"
        grep -q "__fish_seen_subcommand_from $command' .*-l " "$installed/share/fish/vendor_completions.d/exitaudit.fish"
    done
    [ "$(fish_completed host s)" = status ]
    [ "$(fish_completed host top --sort cy)" = cycles ]
    [ "$(fish_completed top ./)" = "" ]
    [ "$(fish_completed host --js)" = --json ]
    [ "$(fish_completed host top --js)" = "" ]
    [ "$(fish_completed top --lay)" = --layout ]
    expect 2 "bash" "$installed/bin/exitaudit" completion tcsh
}
