#!/usr/bin/env bats
# Every other way to boot the guest: disks, firmware, libvirt, and machines like those of Firecracker and Cloud
# Hypervisor. Needs what `make check` builds before, and no KVM.

load expect

patience=60

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    cd "$root"
    exitaudit=build/exitaudit
    image=build/exitaudit.iso
    export TMPDIR=$BATS_TEST_TMPDIR
    log=$TMPDIR/log
}

teardown() {
    [ ! -e "$TMPDIR/pid" ] || kill -KILL "$(cat "$TMPDIR/pid")" || true
}

# boots LOADER QEMU-OPTION...: the guest measures what its plan names, and powers off.
plan='costs io.out8 cpuid.leaf0 count=20'
boots() {
    timeout 120 qemu-system-x86_64 -accel tcg -m 128 -nodefaults -display none -no-reboot -serial "file:$log" \
        -smbios "type=1,version=exitaudit $plan" "${@:2}"
    expect 0 "measured: 2 triggers" "$exitaudit" judge "$log"
    grep "booted by $1 on " "$log"
}

disk() { echo -drive "format=raw,snapshot=on,file=$1"; }

@test "the image boots as a CD and as a disk, by BIOS" {
    boots multiboot2 -cdrom $image
    # shellcheck disable=SC2046 # a word for each
    boots multiboot2 -M q35 $(disk $image)
}

@test "the image boots as a CD and as a disk, by UEFI" {
    boots multiboot2 -bios /usr/share/ovmf/OVMF.fd -cdrom $image
    # As a cloud's disk is: larger than what is on it.
    cp $image "$TMPDIR/disk.raw"
    truncate -s 1G "$TMPDIR/disk.raw"
    # shellcheck disable=SC2046
    boots multiboot2 -M q35 -bios /usr/share/ovmf/OVMF.fd $(disk "$TMPDIR/disk.raw")
}

@test "each of QEMU's machines boots by Multiboot 1 and by PVH" {
    for machine in pc q35; do boots multiboot1 -M $machine -kernel build/unikernel.elf -append "$plan"; done
    for machine in pc q35 microvm; do boots pvh -M $machine -kernel build/unikernel-pvh.elf -append "$plan"; done
}

# In a PID namespace, whose first process reaps QEMU, which libvirt waits for: a container's first process may not.
# libvirt closes every possible file descriptor, so their number is the usual one. As root it looks for the user and the
# group libvirt-qemu before it reads its configuration; packages of a daemon, which is not needed here, add them.
start_domain() {
    cat /etc/passwd - <<<'libvirt-qemu:x:0:0::/:/bin/false' >"$TMPDIR/passwd"
    cat /etc/group - <<<'libvirt-qemu:x:0:' >"$TMPDIR/group"
    mkdir -p "$TMPDIR/libvirt/etc"
    printf '%s\n' 'stdio_handler = "file"' "user = \"+$(id -u)\"" "group = \"+$(id -g)\"" 'dynamic_ownership = 0' 'namespaces = []' \
        'security_driver = "none"' 'cgroup_controllers = []' >"$TMPDIR/libvirt/etc/qemu.conf"
    (
        ulimit -n 1024
        exec bwrap --die-with-parent --dev-bind / / --ro-bind "$TMPDIR/passwd" /etc/passwd \
            --ro-bind "$TMPDIR/group" /etc/group --unshare-pid --proc /proc --setenv HOME "$TMPDIR" \
            virt-qemu-run --root "$TMPDIR/libvirt" "$1" >"$TMPDIR/run.log" 2>&1 3>&-
    ) &
    echo $! >"$TMPDIR/pid"
    disown
}

@test "the libvirt domain is valid; libvirt's QEMU driver runs it and sees it shut itself down" {
    local domain=run/libvirt/exitaudit.xml
    virt-xml-validate $domain domain
    sed "s|type='kvm'|type='qemu'|; s|/var/lib/libvirt/images|$PWD/build|; s|/var/.*-serial.log|$log|
        s|<cmdline>all|<cmdline>$plan|" $domain >"$TMPDIR/domain.xml"
    virt-xml-validate "$TMPDIR/domain.xml" domain
    start_domain "$TMPDIR/domain.xml"
    wait_for grep -qs 'shutting down, reason=shutdown' "$TMPDIR/libvirt/log/qemu/exitaudit.log" || { cat "$TMPDIR/run.log"; false; }
    expect 0 "measured: 2 triggers" "$exitaudit" judge "$log"
}

# What rust-vmm's linux-loader wants, which Firecracker and Cloud Hypervisor load kernels with.
@test "the PVH image is what Firecracker and Cloud Hypervisor load: 64-bit, from 1 MiB on, with its entry in a note" {
    local headers
    headers=$(readelf -hlnW build/unikernel-pvh.elf)
    [[ $headers == *"ELF64"*"Size of program headers:           56 (bytes)"* ]]
    [[ $headers == *"Xen                  0x00000004	Unknown note type: (0x00000012)"* ]]
    [[ $headers =~ NOTE\ .*\ 0x4$'\n' ]]
    # As text: all have as many digits.
    [ "$(awk '$1 == "LOAD" { print ($4 >= "0x0000000000100000") }' <<<"$headers" | sort | uniq -c | xargs)" = "4 1" ]
}

# A microvm without ACPI is like it: a serial port, and a keyboard controller to reset by, which ends Firecracker.
@test "Firecracker's configuration: on such a machine the guest runs by it, and ends by the keyboard controller" {
    local config=run/vmm/firecracker.json arguments
    of_config() { jq -er "$1" $config; }
    [ "$(of_config '."boot-source".boot_args')" = all ]
    [ "$(of_config 'keys | join(" ")')" = "boot-source drives machine-config" ]
    timeout 60 qemu-system-x86_64 -accel tcg -M microvm,acpi=off,auto-kernel-cmdline=off,pit=off,pic=off,rtc=off -device i8042 \
        -nodefaults -display none -no-reboot -serial "file:$log" -trace pckbd_kbd_write_command -D "$TMPDIR/commands" \
        -m "$(of_config '."machine-config".mem_size_mib')" -smp "$(of_config '."machine-config".vcpu_count')" \
        -kernel "$(of_config '."boot-source".kernel_image_path')" -append "$plan"
    expect 0 "measured: 2 triggers" "$exitaudit" judge "$log"
    grep 'pckbd_kbd_write_command .*0xfe' "$TMPDIR/commands"
}
