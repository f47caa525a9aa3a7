#!/usr/bin/env bats
# `exitaudit host` as far as it needs no machine of its own, and the packages. See tests/host-vm for the rest.

load expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    fake=$BATS_TEST_TMPDIR/root
    mkdir -p "$fake"/var/lib/dpkg/{info,updates} "$fake/usr/src"
    touch "$fake/usr/src/linux-source-6.12.tar.xz"
    export EXIT_AUDIT_ROOT=$fake
}

# installed NAME VERSION, in pairs
installed() {
    while (($#)); do
        printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: nobody\nVersion: %s\nDescription: x\n\n' "$1" "$2"
        shift 2
    done >"$fake/var/lib/dpkg/status"
}

check() { "$root/host-kvm-patch/dkms-build" --check "$@"; }

@test "only the exact source and headers of an installed kernel are built" {
    installed linux-image-6.12.1-amd64 6.12.1-2 linux-headers-6.12.1-amd64 6.12.1-2 linux-source-6.12 6.12.1-2
    expect 0 "" check 6.12.1-amd64
    installed linux-image-6.12.1-amd64 6.12.1-2 linux-headers-6.12.1-amd64 6.12.1-2 linux-source-6.12 6.12.1-3
    expect 6 "apt-get install linux-source-6.12=6.12.1-2" check 6.12.1-amd64
    installed linux-image-6.12.1-amd64 6.12.1-2 linux-source-6.12 6.12.1-2
    expect 6 "apt-get install linux-headers-6.12.1-amd64=6.12.1-2" check 6.12.1-amd64
    rm "$fake"/usr/src/*
    expect 6 "apt-get install linux-headers-6.12.1-amd64=6.12.1-2 linux-source-6.12=6.12.1-2; or boot the newest kernel" check 6.12.1-amd64
}

@test "a kernel that is not Debian's, or has no series, is refused" {
    installed linux-source-6.12 6.12.1-2
    expect 6 "none of Debian's packages" check 6.12.1-own
    expect 6 "no patch series for Linux 5.10" check 5.10.0-8-amd64
    expect 2 "RELEASE is needed" check
}

# Of Debian's real-time kernels.
rt=6.12.1-rt-amd64
archive=linux_6.12.1-2.debian.tar.xz

# rt_installed [VERSION SOURCE COMMON]
rt_installed() {
    installed "linux-image-$rt" "${1-6.12.1-2}" linux-source-6.12 "${1-6.12.1-2}"
    printf '%s\n' "Package: linux-headers-$rt" 'Status: install ok installed' 'Architecture: amd64' 'Maintainer: nobody' \
        "Source: ${2-linux}" "Version: ${1-6.12.1-2}" "Depends: ${3-linux-headers-6.12.1-common-rt} (= ${1-6.12.1-2}), gcc-14" \
        'Description: x' '' >>"$fake/var/lib/dpkg/status"
}

@test "a real-time kernel needs the patches of exactly its source" {
    local command='cd /usr/src && apt-get source --download-only --diff-only linux=6.12.1-2'
    rt_installed
    expect 6 "are missing: $command; apt-get source needs deb-src in apt's sources; or boot the newest kernel" check $rt
    touch "$fake"/usr/src/linux_6.12.1-{1,3,2~deb12u1}.debian.tar.xz "$fake/usr/src/linux-6.12_6.12.1-2.debian.tar.xz"
    expect 6 "$command" check $rt
    rm "$fake/usr/src/linux-source-6.12.tar.xz"
    expect 6 "are missing: apt-get install linux-source-6.12=6.12.1-2 && $command" check $rt
    touch "$fake/usr/src/linux-source-6.12.tar.xz" "$fake/usr/src/$archive"
    expect 0 "" check $rt
    # Debian 12 has Linux 6.12, too. A name of a file has no epoch, and what was built again has the same source.
    rt_installed 1:6.12.1-5+b1 'linux-6.12 (1:6.12.1-5)'
    expect 6 "--diff-only linux-6.12=1:6.12.1-5;" check $rt
    touch "$fake/usr/src/linux-6.12_6.12.1-5.debian.tar.xz"
    expect 0 "" check $rt
}

@test "a kernel that shares its headers with others has no patches of its own" {
    rt_installed 6.12.1-2 linux linux-headers-6.12.1-common
    expect 0 "" check $rt
}

# A root file system whose modules are copies of the source, and the scripts with a series of one patch. It applies to
# what two.patch leaves.
rt_root() {
    local file kernel=6.12 source=$BATS_TEST_TMPDIR/source
    local common=$fake/usr/src/linux-headers-6.12.1-common-rt
    rt_installed
    "$root/host-kvm-patch/install" --stage "$BATS_TEST_TMPDIR/staged" 0
    cd "$BATS_TEST_TMPDIR"
    . "$root/host-kvm-patch/packages/source_parts.sh"
    for file in $(source_parts | sed 's|[^/]*/||; s|[*]|_host.h|'); do
        [[ ${file##*/} = *.* || $file = MAINTAINERS ]] || file+=/file
        mkdir -p "linux-source-6.12/$(dirname "$file")"
        echo "common" >"linux-source-6.12/$file"
    done
    mkdir linux-source-6.12/arch/x86/include/asm
    echo common | tee linux-source-6.12/arch/x86/{kvm/{Makefile,x86.c},include/asm/thread_info.h} >/dev/null
    tar -cJf "$fake/usr/src/linux-source-6.12.tar.xz" linux-source-6.12
    mkdir -p "$common/arch/x86" "$fake/lib/modules/$rt/build"
    cp -r linux-source-6.12/arch/x86/include "$common/arch/x86/"
    cp -r linux-source-6.12/include "$common/"
    echo one | tee "$common/arch/x86/include/asm/thread_info.h" >"$common/include/linux/kvm_host.h"
    printf 'modules:\n\tcat $(M)/x86.c $(M)/rt.c >$(M)/kvm.ko\n' >"$fake/lib/modules/$rt/build/Makefile"
    rm staged/host-kvm-patch/linux-6.12/*
    change arch/x86/kvm/x86.c two ours >staged/host-kvm-patch/linux-6.12/0001-ours.patch
    mkdir -p debian/patches-rt
    # Both change what is unpacked, and what is not. The lines that kernel/a loses and gains look like a file's names.
    {
        echo 'Subject: one'
        printf -- '---\n'
        change kernel/a '-- a/arch/x86/kvm/x86.c' '++ b/arch/x86/kvm/x86.c'
        printf '@@ -9 +9 @@\n-one\n+two\n'
        change arch/x86/include/asm/thread_info.h common one
        printf 'Index: kernel/b\n==\n'
        change kernel/b common one
        change arch/x86/kvm_other.c common one
        change include/linux/kvm_host.h common one
        change arch/x86/kvm/x86.c common one
    } >debian/patches-rt/one.patch
    {
        echo 'diff --git a/arch/x86/kvm/x86.c b/arch/x86/kvm/x86.c'
        change arch/x86/kvm/x86.c one two
        echo 'diff --git a/arch/x86/kvm/rt.c b/arch/x86/kvm/rt.c'
        printf 'new file mode 100644\n--- /dev/null\n+++ b/arch/x86/kvm/rt.c\n@@ -0,0 +1 @@\n+new\n'
        rename kernel/d kernel/e
        rename virt/kvm/file virt/kvm/renamed
        echo 'diff --git a/kernel/c b/kernel/c'
        change kernel/c common two
        printf -- '-- \n2.43\n'
    } >debian/patches-rt/two.patch
    change kernel/a common three >debian/patches-rt/three.patch
    printf '%s\n' '# one.patch is the first' '' one.patch '  # two.patch' 'two.patch -p1 # -p1' three.patch \
        >debian/patches-rt/series
}

# change FILE OLD NEW: a patch that changes a file's only line.
change() { printf -- '--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n-%s\n+%s\n' "$1" "$1" "$2" "$3"; }

rename() {
    printf 'diff --git a/%s b/%s\nsimilarity index 100%%\n' "$1" "$2"
    printf 'rename %s %s\n' from "$1" to "$2"
}

# Of the archive that is made of debian/.
rt_build() {
    tar -cJf "$fake/usr/src/$archive" debian
    rm -rf dkms
    mkdir dkms
    (cd dkms && ../staged/host-kvm-patch/dkms-build $rt)
}

# rt_fails TEXT: in a line, and no module is there.
rt_fails() {
    expect 3 "$1" rt_build
    [ "${#lines[@]}" -eq 1 ]
    [ ! -e dkms/work/tree/arch/x86/kvm/kvm.ko ]
}

@test "Debian's real-time patches are applied to KVM's parts, in order, before ours" {
    rt_root
    expect 0 "" rt_build
    [ "$(cat dkms/work/tree/arch/x86/kvm/kvm.ko)" = "ours"$'\n'"new" ]
    [ "$(cat dkms/work/tree/arch/x86/include/asm/thread_info.h)" = one ]
    [ -e dkms/work/tree/virt/kvm/renamed ]
    [ ! -e dkms/work/tree/virt/kvm/file ]
    [ ! -e dkms/work/tree/kernel ]
    sed -i 's/^one.patch/#&/' debian/patches-rt/series
    rt_fails "two.patch does not apply to Linux 6.12.1-2"
}

@test "real-time patches that are not whole, or not this kernel's, are refused" {
    rt_root
    change arch/x86/kvm/x86.c three four >debian/patches-rt/three.patch
    rt_fails "three.patch does not apply to Linux 6.12.1-2"
    rm debian/patches-rt/three.patch
    rt_fails "$archive has no debian/patches-rt/three.patch"
    echo 'two.patch -p1 -R' >debian/patches-rt/series
    rt_fails "unknown option: two.patch -p1 -R"
    echo one.patch >debian/patches-rt/series
    sed -i 's|include/linux/kvm_host.h|kernel/kvm_host.h|' debian/patches-rt/one.patch
    rt_fails "include/linux/kvm_host.h is not as in"
    rm -r debian/patches-rt
    rt_fails "$archive has no debian/patches-rt/series"
    head -c 100 "$fake/usr/src/$archive" >half
    tar() { [[ $1 != -cJf ]] || cp half "$fake/usr/src/$archive"; }
    expect 3 "cannot unpack" rt_build
}

@test "the source for DKMS is complete" {
    installed linux-source-6.12 6.12.1-2
    "$root/host-kvm-patch/install" --stage "$BATS_TEST_TMPDIR/source" 1.2
    cd "$BATS_TEST_TMPDIR"
    expect 0 "1.2 kvm.ledger kvm-intel.ledger kvm-amd.ledger" bash -euc 'kernelver=6.12.1-amd64; . source/dkms.conf
        echo "$PACKAGE_VERSION" "${DEST_MODULE_NAME[@]}"'
    expect 6 "none of Debian's packages" source/host-kvm-patch/dkms-build --check 6.12.2-amd64
    for script in dkms-build dkms-kernel dkms-verify install; do [ -x "source/host-kvm-patch/$script" ]; done
}

# Nothing here may install: the machine that runs the tests could be fit for it.
@test "status writes what it shows as a document" {
    expect 2 "{status,install,remove}" "$root/build/exitaudit" host instal
    expect 2 "--json" "$root/build/exitaudit" host install --json x
    expect 0 "install      would" "$root/build/exitaudit" host --json "$BATS_TEST_TMPDIR/status.json"
    [ "$(jq -r '.schema, .kind, (.obstacles | type)' "$BATS_TEST_TMPDIR/status.json" | xargs)" = "1 host array" ]
}

@test "host top says why there is nothing to watch, in a line" {
    local top=("$root/build/exitaudit" host top)
    expect 2 "top excludes ACTION" "$root/build/exitaudit" host install top
    expect 2 "--interval" "${top[@]}" -d 0
    expect 2 "--sort" "${top[@]}" -s nope
    expect 2 "excludes" "${top[@]}" --once -n 2
    expect 2 "/nonexistent is no directory" "${top[@]}" --openmetrics /nonexistent/f
    expect 2 "not expected" "${top[@]}" --layout F21
    case $(cat /sys/module/kvm/parameters/exit_ledger 2>&1) in
    N) expect 4 "this machine's ledger is off" "${top[@]}" ;;
    Y | histograms) expect 3 "run exitaudit as root" setpriv --reuid 65534 --clear-groups /proc/self/fd/9 host top 9<"$root/build/exitaudit" ;;
    *) expect 4 "not patched: this machine's KVM keeps no ledger" "${top[@]}" ;;
    esac
    [ "${#lines[@]}" -eq 1 ]
}
