#!/usr/bin/env bats
# Which packages an embedded host is built from: the choice, on recorded package lists,
# and how the packages are obtained, from a made-up archive.

load expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    packages=$root/host-kvm-patch/packages
    lists=$BATS_TEST_DIRNAME/packages
    cd "$BATS_TEST_TMPDIR" || return
    mkdir scratch
    export TMPDIR=$PWD/scratch
}

# choose KERNEL: of the list on standard input
choose() { "$packages/choose" "$1"; }

# without PATTERN: the list without the stanzas in which the pattern, of awk, is found
without() { awk -v pattern="$1" 'BEGIN { RS = ""; ORS = "\n\n" } $0 !~ pattern'; }

# The words of a set that are the same in each of them.
set_of() { # VERSION RELEASE [COMPILER LIBELF]
    echo "$1 $2-cloud-amd64 ${3-gcc-12} ${4-libelf1}"
}

@test "the signed image lags behind: the unsigned one is of the source's version" {
    run choose 6.1 <"$lists/debian-12.list"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "$(set_of 6.1.192-3 6.1.0-57) linux-source-6.1 linux-headers-6.1.0-57-cloud-amd64 \
linux-headers-6.1.0-57-common linux-kbuild-6.1 linux-image-6.1.0-57-cloud-amd64-unsigned" ]]
    # kbuild of 6.1.192-2, -1 and 6.1.187-1 is gone; of the point release everything is there.
    [[ ${lines[1]} == "$(set_of 6.1.176-1 6.1.0-50) "* ]]
    [ "${#lines[@]}" -eq 2 ]
}

@test "the source lags behind the image: the newest version that has both" {
    without '(source-6[.]1\n|common\n|kbuild-6[.]1\n|57-cloud-amd64\n)Version: 6[.]1[.]192-3' <"$lists/debian-12.list" >list
    run choose 6.1 <list
    [[ ${lines[0]} == "$(set_of 6.1.176-1 6.1.0-50) "* ]]
}

@test "a signed image alone will do, if it is of the same version" {
    without 'unsigned\nVersion: 6[.]1[.]176-1' <"$lists/debian-12.list" | sed '/^Package: linux-image-6.1.0-56-cloud-amd64$/,/^$/{
        s/6.1.0-56/6.1.0-50/; s/^Version: .*/Version: 6.1.176-1/ }' >list
    run choose 6.1 <list
    [[ ${lines[1]} == "$(set_of 6.1.176-1 6.1.0-50) "*" linux-image-6.1.0-50-cloud-amd64" ]]
}

@test "the point release alone" {
    awk 'BEGIN { RS = ""; ORS = "\n\n" } /Version: 6[.]1[.](170|176)-/' <"$lists/debian-12.list" >list
    run choose 6.1 <list
    [[ $output == "$(set_of 6.1.176-1 6.1.0-50) "* ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "several suites, with packages named after the version: the newest, by version and not by spelling" {
    run choose 6.12 <"$lists/debian-13.list"
    [[ ${lines[0]} == "$(set_of 6.12.118-1 6.12.118+deb13 gcc-14 libelf1t64) linux-source-6.12 "*" linux-kbuild-6.12.118+deb13 "* ]]
    # 107 is older than 111, and 115+deb13 than 115+deb13.1.
    # A version with a suffix counts as dpkg has it, not as sort.
    printf 'Package: linux-source-9.9\nVersion: %s\n\n' 9.9.1-1 9.9.1+deb13-1 9.9.1~rc1-1 >list
    expect 1 "9.9.1+deb13-1 lacks linux-headers-9.9.*-cloud-amd64; 9.9.1-1 lacks" choose 9.9 <list
    run choose 6.12 <"$lists/debian-13.list"
    [[ ${lines[3]} == "6.12.115-2 6.12.115+deb13.1-"* && ${lines[4]} == "6.12.115-1 6.12.115+deb13-"* ]]
    [[ ${lines[-1]} == "6.12.107-1 "* ]]
}

@test "an image in three packages, as from Linux 7.2 on: the unsigned one if it is there" {
    run choose 7.3 <"$lists/debian-13.list"
    [[ $output == "$(set_of 7.3.4-1~bpo13+1 7.3.4+deb13 gcc-14 libelf1t64) linux-source-7.3 "*" \
linux-binary-unsigned-7.3.4+deb13-cloud-amd64 linux-modules-7.3.4+deb13-cloud-amd64 linux-base-7.3.4+deb13-cloud-amd64" ]]
    without 'Package: linux-binary-unsigned' <"$lists/debian-13.list" >list
    run choose 7.3 <list
    [[ $output == *" linux-binary-7.3.4+deb13-cloud-amd64 linux-modules-"* ]]
    without 'Package: linux-(binary|base)' <"$lists/debian-13.list" >list
    expect 1 "lacks linux-binary-unsigned-7.3.4+deb13-cloud-amd64, linux-base-7.3.4+deb13-cloud-amd64" choose 7.3 <list
}

@test "no complete set: every version, and what it lacks" {
    without 'Package: linux-kbuild' <"$lists/debian-12.list" >list
    expect 1 "6.1.192-3 lacks linux-kbuild-6.1; 6.1.192-2 lacks linux-kbuild-6.1; " choose 6.1 <list
    without 'unsigned\nVersion: 6[.]1[.]192-3' <list >list2
    expect 1 "6.1.192-3 lacks linux-kbuild-6.1, linux-image-6.1.0-57-cloud-amd64-unsigned; " choose 6.1 <list2
    without 'Package: linux-headers' <list >list2
    expect 1 "6.1.192-3 lacks linux-headers-6.1.*-cloud-amd64; " choose 6.1 <list2
    expect 1 "linux-source-6.1 is not on the list" choose 6.1 <"$lists/debian-13.list"
    expect 1 "linux-source-6.1 is not on the list" choose 6.1 </dev/null
    expect 2 "Usage" choose
}

@test "kernels: the release's own is the default, and another release's is refused with the list" {
    printf 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n' >os-release
    export EXIT_AUDIT_OS_RELEASE=$PWD/os-release
    expect 0 "6.12" "$packages/kernels" --default
    expect 2 "Debian 13 offers no Linux 6.1: choose KERNEL=6.12 or KERNEL=7.3" "$packages/kernels" --check 6.1
    sed -i 's/13/12/' os-release
    [ "$("$packages/kernels" --default)" = 6.1 ]
    expect 0 "6.1 6.12" "$packages/kernels"
    expect 2 "Debian 12 offers no Linux 5.1: choose KERNEL=6.1 or KERNEL=6.12" "$packages/kernels" --check 5.1
    printf 'ID=other\nVERSION_ID="12"\nPRETTY_NAME="Other 12"\n' >os-release
    expect 3 "Other 12 is not supported" "$packages/kernels" --default
    [[ $output == *"run/Containerfile" ]]
    expect 2 "--check needs a version" "$packages/kernels" --check
    for kernel in $(sed -n 's/^[0-9]* //p' "$packages/releases"); do [ -d "$root/host-kvm-patch/linux-$kernel" ]; done
}

# An archive of two versions, of which the newer one has another line in a file that the series
# changes. archive/list is what it offers; list what the machine knows of it.
make_archive() {
    mkdir -p archive bin lists tree/linux-source-6.1
    (
        cd tree/linux-source-6.1
        mkdir -p arch/x86/{kvm,include} virt/kvm include/{linux,uapi/linux,kvm,trace/events} \
            Documentation/{admin-guide,virt/kvm/x86} scripts/coccinelle \
            tools/{build,include,lib,scripts,arch/x86/include,testing/selftests/{kvm,rseq}}
        touch MAINTAINERS include/{linux,uapi/linux}/kvm_x.h include/trace/events/kvm.h \
            Documentation/{admin-guide/kernel-parameters.txt,virt/kvm/x86/index.rst} \
            tools/testing/selftests/{kvm/Makefile,lib.mk,kselftest.h,kselftest_harness.h} scripts/subarch.include scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch}
    )
    mkdir series
    printf -- '--- a/arch/x86/kvm/x\n+++ b/arch/x86/kvm/x\n@@ -1 +1 @@\n-first\n+patched\n' >series/0001-x.patch
    add_version 6.1.1-1 6.1.0-1 first
    add_version 6.1.2-1 6.1.0-2 "${1-first}"
    cp archive/list lists/Packages
    cat >bin/apt-config <<END
echo "lists='$PWD/lists/'"
END
    cat >bin/apt-get <<END
#!/bin/bash
echo "\$*" >>$PWD/apt.calls
case \$1 in
indextargets) echo $PWD/lists/Packages ;;
update) [[ ! -e $PWD/offline ]] && cp $PWD/archive/list $PWD/lists/Packages ;;
download)
    file=\${3/=/_}.deb
    [[ ! -e $PWD/offline && -e $PWD/archive/\$file ]] || { echo "E: Can't find \$3"; exit 100; }
    [[ ! -e $PWD/interrupt || \$3 != *\$(cat $PWD/interrupt)* ]] || { head -c9 $PWD/archive/\$file >\$file; kill -KILL 0; }
    cp $PWD/archive/\$file . ;;
esac
END
    chmod +x bin/*
    PATH=$PWD/bin:$PATH
    obtain=("$packages/obtain" --kernel 6.1 --output "$PWD/out" --series "$PWD/series")
}

add_version() { # VERSION ABI LINE
    local release=$2-cloud-amd64
    echo "$3" >tree/linux-source-6.1/arch/x86/kvm/x
    rm -rf deb
    mkdir -p deb/usr/src
    tar -C tree -cJf deb/usr/src/linux-source-6.1.tar.xz linux-source-6.1
    package linux-source-6.1 "$1" ''
    mkdir -p "deb/usr/src/linux-headers-$release"
    echo "include /usr/src/linux-headers-$2-common/Makefile" >"deb/usr/src/linux-headers-$release/Makefile"
    package "linux-headers-$release" "$1" "linux-headers-$2-common (= $1), linux-kbuild-6.1, linux-compiler-gcc-12-x86"
    package "linux-headers-$2-common" "$1" ''
    package linux-kbuild-6.1 "$1" 'libelf1 (>= 0.142)'
    mkdir -p "deb/lib/modules/$release/kernel" deb/boot
    touch "deb/lib/modules/$release/modules."{order,builtin} "deb/boot/vmlinuz-$release"
    package "linux-image-$release-unsigned" "$1" kmod
}

# split_images: the image in three packages, below /usr/lib, as from Linux 7.2 on.
split_images() {
    local version release modules
    while read -r version release; do
        rm "archive/linux-image-$release-unsigned_$version.deb"
        modules=deb/usr/lib/modules/$release
        mkdir -p "$modules"
        touch "$modules/vmlinuz.unsigned"
        package "linux-binary-unsigned-$release" "$version" ''
        mkdir -p "$modules/kernel"
        package "linux-modules-$release" "$version" kmod
        mkdir -p "$modules"
        touch "$modules/modules."{order,builtin}
        package "linux-base-$release" "$version" ''
    done <<<'6.1.1-1 6.1.0-1-cloud-amd64
6.1.2-1 6.1.0-2-cloud-amd64'
    without 'Package: linux-image' <archive/list >list
    cp list archive/list
    cp list lists/Packages
}

package() { # NAME VERSION DEPENDS: of what is in deb/
    mkdir -p deb/DEBIAN
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody\nDescription: x\n' "$1" "$2" >deb/DEBIAN/control
    dpkg-deb --root-owner-group -Znone -b deb "archive/$1_$2.deb" >/dev/null
    printf 'Package: %s\nVersion: %s\nDepends: %s\n\n' "$1" "$2" "$3" >>archive/list
    rm -rf deb
}

version() { sed -n 's/^version=//p' out/set; }

@test "the newest complete set is fetched and unpacked, once, and nothing is installed" {
    make_archive
    expect 0 "" "${obtain[@]}"
    [ "$(version)" = 6.1.2-1 ]
    [ "$(ls out)" = "6.1.2-1
apt.log
patch.log
set" ]
    [ "$(cat out/6.1.2-1/source/arch/x86/kvm/x)" = first ]
    grep "include $PWD/out/6.1.2-1/headers/usr/src/linux-headers-6.1.0-2-common" out/6.1.2-1/headers/usr/src/*/Makefile
    [ -d out/6.1.2-1/distribution/lib/modules/6.1.0-2-cloud-amd64 ]
    [ -z "$(grep -vE '^(indextargets|download) ' apt.calls)" ]
    rm apt.calls
    expect 0 "" "${obtain[@]}"
    [ ! -e apt.calls ]
}

@test "an image in three packages is put together" {
    make_archive
    split_images
    expect 0 "" "${obtain[@]}"
    [ -e out/6.1.2-1/distribution/boot/vmlinuz-6.1.0-2-cloud-amd64 ]
    [ -e out/6.1.2-1/distribution/lib/modules/6.1.0-2-cloud-amd64/modules.order ]
    [ -d out/6.1.2-1/distribution/lib/modules/6.1.0-2-cloud-amd64/kernel ]
}

@test "lists that have changed are looked at again: a newer version is taken, the same one kept" {
    make_archive
    without 'Version: 6[.]1[.]2-1' <archive/list >lists/Packages
    expect 0 "" "${obtain[@]}"
    [ "$(version)" = 6.1.1-1 ]
    cp archive/list lists/Packages
    touch -d '+1 minute' lists
    expect 0 "" "${obtain[@]}"
    [ "$(version)" = 6.1.2-1 ]
    [ ! -e out/6.1.1-1 ]
    rm apt.calls
    touch -d '+2 minutes' lists
    expect 0 "" "${obtain[@]}"
    [ -z "$(grep download apt.calls)" ]
}

@test "without network, what is unpacked stays in use; and where nothing is, the error says what to do" {
    make_archive
    touch offline
    expect 3 "check the network and run apt-get update" "${obtain[@]}"
    [ ! -e out/set ]
    rm offline
    without 'Version: 6[.]1[.]2-1' <archive/list >lists/Packages
    "${obtain[@]}"
    cp archive/list lists/Packages
    touch -d '+1 minute' lists
    touch offline
    expect 0 "cannot be fetched now: Linux 6.1.1-1 stays in use" "${obtain[@]}"
    : >lists/Packages
    touch -d '+2 minutes' lists
    expect 0 "linux-source-6.1 is not on the list): Linux 6.1.1-1 stays in use" "${obtain[@]}"
    [ "$(version)" = 6.1.1-1 ]
}

@test "an empty or old list is refreshed first" {
    make_archive
    : >lists/Packages
    "${obtain[@]}"
    [ "$(version)" = 6.1.2-1 ]
    grep -q ^update apt.calls
    # Version 6.1.2-1 has gone since the list was made.
    rm -rf out archive/*_6.1.2-1.deb
    without 'Version: 6[.]1[.]2-1' <archive/list >list
    cp list archive/list
    "${obtain[@]}"
    [ "$(version)" = 6.1.1-1 ]
}

@test "an archive without a complete set is named with what its versions lack, and a remedy" {
    make_archive
    without 'Package: linux-kbuild' <archive/list >list
    cp list archive/list
    cp list lists/Packages
    expect 3 "6.1.2-1 lacks linux-kbuild-6.1; 6.1.1-1 lacks linux-kbuild-6.1" "${obtain[@]}"
    [[ $output == *"have Debian's main archive in the apt sources"* && $output != *"newest source"* ]]
    [ ! -e out/set ]
}

@test "where the archive has moved on, the error says which source is there, and how to try it" {
    make_archive
    sed -i 's/^Package: linux-source-6.1$/Package: linux-source-6.20/' archive/list
    cp archive/list lists/Packages
    expect 3 "linux-source-6.1 is not on the list" "${obtain[@]}"
    [[ $output == *"the newest source on offer is linux-source-6.20: make run TREE=DIR"* ]]
}

@test "a series that does not apply to the newest source is used with the newest that it does apply to" {
    make_archive changed
    expect 0 "" "${obtain[@]}"
    [ "$(version)" = 6.1.1-1 ]
    # shellcheck source=/dev/null
    [ "$(. out/set && echo "$note")" = "0001-x.patch does not apply to the newest source, 6.1.2-1: an older one is used" ]
    # Nor to any.
    echo >>series/0002-y.patch
    printf -- '--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n' >series/0002-y.patch
    rm -rf out
    expect 3 "0002-y.patch does not apply" "${obtain[@]}"
    [[ $output == *"mend the series"* ]]
}

# In a process group of its own, which the stand-in for apt-get kills whole.
killed_amid() { # PACKAGE
    echo "$1" >interrupt
    run setsid --wait "${obtain[@]}"
    [ "$status" -eq 137 ]
    [ ! -e out/set ]
    rm interrupt
}

@test "after a SIGKILL amid a download, the next run fetches what is missing and no more" {
    make_archive
    killed_amid kbuild
    rm apt.calls
    expect 0 "" "${obtain[@]}"
    [ "$(version)" = 6.1.2-1 ]
    [ "$(grep -c download apt.calls)" -eq 2 ] # kbuild, and the image
    [ ! -e out/partial ]
}

@test "what fails after unpacking leaves no set: the next run makes it" {
    make_archive
    printf '#!/bin/sh\nexit 1\n' >bin/depmod
    chmod +x bin/depmod
    expect 3 "cannot make Linux 6.1.2-1 usable" "${obtain[@]}"
    [ ! -e out/set ]
    rm bin/depmod
    expect 0 "" "${obtain[@]}"
    [ "$(version)" = 6.1.2-1 ]
}

@test "a series that has changed is tried again, on what is there and on what is newer" {
    make_archive changed
    "${obtain[@]}"
    [ "$(version)" = 6.1.1-1 ]
    sed -i 's/-first/-changed/' series/0001-x.patch
    expect 0 "" "${obtain[@]}"
    [ "$(version)" = 6.1.2-1 ]
    # shellcheck source=/dev/null
    [ -z "$(. out/set && echo "$note")" ]
}

@test "a user without rights refreshes lists of their own, until root's are newer" {
    make_archive
    : >lists/Packages
    printf '#!/bin/sh\necho 1000\n' >bin/id
    chmod +x bin/id
    expect 0 "refreshing the package lists" "${obtain[@]}"
    [ "$(version)" = 6.1.2-1 ]
    grep -q "Dir::State::Lists \"$PWD/out/apt/lists\"" out/apt/conf
    touch -d '+1 minute' lists
    expect 0 "" "${obtain[@]}"
    [ ! -e out/apt ]
}

@test "the tools that are needed are named, and nothing is left behind" {
    make_archive
    expect 0 "gcc-12 libelf1" "$packages/obtain" --kernel 6.1 --output "$PWD/out" --tools
    [ ! -e out ]
    [ -z "$(ls scratch)" ]
}

@test "where a package of the newest version is gone from the archive, the next one is taken" {
    make_archive
    rm archive/linux-kbuild-6.1_6.1.2-1.deb
    expect 0 "" "${obtain[@]}"
    [ "$(version)" = 6.1.1-1 ]
}

@test "a full disk leaves no half set" {
    make_archive
    mkdir out
    expect 3 "" bwrap --dev-bind / / --size 100000 --tmpfs "$PWD/out" "${obtain[@]}"
    [ -z "$(ls out)" ]
}
