# For the scripts that make an initramfs, which source this.
# shellcheck shell=bash

busybox=/bin/busybox
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "${here##*/}: $1" >&2
    exit "${2:-3}"
}

# up_to_date OUTPUT INPUT...
up_to_date() {
    local output=$1 input
    shift
    for input; do [[ $output -nt $input ]] || return 1; done
}

need_static_busybox() {
    ! ldd $busybox >/dev/null 2>&1 || die "$busybox is not static: apt-get install busybox-static"
}

# start_initramfs ROOT: its directories, and BusyBox without applets
start_initramfs() {
    mkdir -p "$1"/{bin,dev,proc,sys,tmp,lib/modules}
    : >"$1/lib/modules/load-order"
    install $busybox "$1/bin/busybox"
}

# add_module ROOT DISTRIBUTION NAME: the module, after those that it needs; nothing if the kernel has it built in
add_module() {
    local root=$1 modules=$2/lib/modules needed file copy
    file=$(find "$modules" -name "$3.ko*" -o -name "${3//_/-}.ko*" | head -n1)
    if [[ ! $file ]]; then
        ! grep -q "/$3\.ko$" "$modules"/*/modules.builtin || return 0
        die "module $3 is not in $2"
    fi
    for needed in $(modinfo -F depends "$file" | tr , ' '); do add_module "$root" "$2" "$needed"; done
    copy=$root/lib/modules/$(basename "${file%.xz}")
    [[ ! -e $copy ]] || return 0
    case $file in
    *.xz) xz -dc "$file" >"$copy" ;;
    *) cp "$file" "$copy" ;;
    esac
    # With type information of its own, a module has the kernel parse the kernel's.
    objcopy --remove-section=.BTF "$copy"
    echo "${copy#"$root"}" >>"$root/lib/modules/load-order"
}

# pack_initramfs ROOT FILE
pack_initramfs() {
    (cd "$1" && find . | sort | cpio --quiet -o -H newc --owner=0:0 --reproducible) >"$2"
}
