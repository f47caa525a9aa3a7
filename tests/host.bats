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
    expect 6 "real-time" check 6.12.1-rt-amd64
    expect 6 "no patch series for Linux 5.10" check 5.10.0-8-amd64
    expect 2 "RELEASE is needed" check
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
