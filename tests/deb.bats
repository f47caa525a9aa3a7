#!/usr/bin/env bats
# The Debian packages, installed in a root file system of their own. Needs root.

# Each test goes on from the one before it.
# bats file_tags=slow, alone

load expect

setup_file() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    export debian=$BATS_FILE_TMPDIR/debian
    mkdir "$debian"
    if [ "${EXIT_AUDIT_ROOTFS-}" ]; then tar -C "$debian" -xf "$EXIT_AUDIT_ROOTFS"; else
        debootstrap --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$debian"
    fi
    cp /etc/resolv.conf "$debian/etc/"
    mount --bind /dev "$debian/dev"
    mount -t proc proc "$debian/proc"
    cp "$root"/build/deb/*.deb "$debian/tmp/"
    inside apt-get -qq update
}

teardown_file() {
    umount -l "$debian/dev" "$debian/proc"
    rm -rf "$debian"
}

inside() { chroot "$debian" env DEBIAN_FRONTEND=noninteractive HOME=/root "$@"; }

@test "lintian has nothing to say" {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    run lintian --allow-root --fail-on error,warning "$root"/build/deb/*.deb
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "both packages install" {
    inside sh -c 'apt-get -qq install -y --no-install-recommends /tmp/exitaudit*.deb'
    expect 0 "exitaudit " inside exitaudit --version
    [ -e "$debian/usr/share/man/man1/exitaudit.1.gz" ]
    expect 4 "not patched" inside exitaudit run --lane tcg cpuid.leaf0
    [ ! -e "$debian/var/lib/dkms/exitaudit-kvm" ] # only the administrator installs the patched KVM
}

@test "an installed exitaudit builds its host once, in the user's cache" {
    expect 0 "compiling kvm" inside exitaudit run --lane svm io.out8
    [ -e "$debian/root/.cache/exitaudit/build/embedded-host" ]
    run inside exitaudit run --lane svm io.out8
    [ "$status" -eq 0 ]
    [[ $output != *compiling* ]]
}

# The release of the cloud kernel whose packages have this version.
kernel_of() {
    inside apt-cache dumpavail | awk -v RS= -v version="Version: $1" \
        '$1 == "Package:" && $2 ~ /^linux-headers-[0-9].*-cloud-amd64$/ && index($0, "\n" version "\n") {
            sub("linux-headers-", "", $2); print $2; exit }'
}

@test "kernels that are installed later get the patched KVM if their exact source is there" {
    local version series tree older kernel
    version=$(inside apt-cache show --no-all-versions linux-headers-cloud-amd64 | sed -n 's/^Version: //p')
    series=$(sed -E 's/^([0-9]+\.[0-9]+).*/\1/' <<<"$version")
    inside apt-get -qq install -y --no-install-recommends --allow-downgrades "linux-source-$series=$version"
    # As after `exitaudit host install`.
    tree=$(basename "$debian"/usr/src/exitaudit-kvm-*)
    inside dkms add "exitaudit-kvm/${tree#exitaudit-kvm-}"
    inside sh -c "mkdir /var/lib/exitaudit; touch /var/lib/exitaudit/installed
        for d in postinst.d header_postinst.d; do install -D /usr/src/$tree/host-kvm-patch/dkms-kernel /etc/kernel/\$d/exitaudit-kvm; done"

    for older in $(inside apt-cache madison "linux-source-$series" | awk '{ print $3 }' | sort -rVu); do
        dpkg --compare-versions "$older" lt "$version" || continue
        kernel=$(kernel_of "$older")
        [ ! "$kernel" ] || break
    done
    expect 0 "exitaudit-kvm: Linux $kernel uses its own KVM" \
        inside apt-get -q install -y --no-install-recommends "linux-image-$kernel" "linux-headers-$kernel"
    [[ $output == *"apt-get install linux-source-$series=$older"* ]]
    expect 0 "kernel/arch/x86/kvm/kvm-amd.ko" inside modprobe -S "$kernel" -D kvm_amd

    kernel=$(kernel_of "$version")
    inside apt-get -q install -y --no-install-recommends "linux-image-$kernel" "linux-headers-$kernel"
    expect 0 "updates/dkms/kvm-amd.ledger.ko" inside modprobe -S "$kernel" -D kvm_amd
}

@test "they are removed without a trace" {
    inside apt-get -qq purge -y exitaudit exitaudit-kvm-dkms
    [ -z "$(find "$debian"/{usr,etc,lib/modules,var/lib} \( -name '*exitaudit*' -o -name '*.ledger.*' \) -print)" ]
}
