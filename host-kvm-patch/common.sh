# shellcheck shell=bash disable=SC2034
# What build, refresh and check-style share.  Sourced, not run.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(dirname "$here")
program=$(basename "$0")

say() { echo "$program: $*" >&2; }

# die STATUS MESSAGE: 2 wrong usage, 3 could not do it
die() {
	say "$2"
	spoken=yes
	exit "$1"
}

# What fails without a word of ours must not end with another's exit status.
spoken=
trap 'if (($?)) && [[ -z $spoken ]]; then say "failed: is there space on the disk?"; exit 3; fi' EXIT

# apt and dpkg are read by their words.
export LC_ALL=C

# Prints nothing for a package that is not installed, which is no error.
installed_version() {
	# shellcheck disable=SC2016 # dpkg-query's own variables
	{ dpkg-query -W -f '${db:Status-Abbrev} ${Version}\n' "$1" 2>/dev/null || true; } |
		sed -n 's/^ii  *//p'
}

install_packages() {
	"$repository/run/install-packages" 'to build the KVM modules' "$@" ||
		die 3 "needed: $*"
}

# need COMMAND PACKAGE, in pairs
need() {
	local missing=()
	while (($#)); do
		command -v "$1" >/dev/null || missing+=("$2")
		shift 2
	done
	((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# use_kernel KERNEL OUTPUT: sets series, output, work, source_version ...
use_kernel() {
	kernel=$1
	series=$here/linux-$kernel
	[[ -r $series/packages ]] ||
		die 2 "no series for kernel $kernel: there is $(cd "$here" && echo linux-*)"
	output=${2:-$repository/build/host/$kernel}
	# Kbuild takes each word of the path for a module of its own.
	[[ $output != *[[:space:]]* ]] ||
		die 3 "cannot build modules in a path with a space ($output): move the repository, or choose another --output"
	mkdir -p "$output/.work" || die 3 "cannot write to $output: choose another --output"
	output=$(cd "$output" && pwd)
	work=$output/.work

	# One at a time: they share trees.
	exec 9>"$work/lock"
	if ! flock -n 9; then
		say "waiting for another build in $output"
		flock 9
	fi

	# Kbuild's notes keep absolute paths: a moved tree would link, and
	# silently, what it finds where it came from.
	if [[ $(cat "$work/path" 2>/dev/null) != "$work" ]]; then
		rm -rf "$work"/{headers,tree,mutants,style}
		echo "$work" >"$work/path"
	fi

	# shellcheck source=linux-6.1/packages
	. "$series/packages"
	patches=("$series"/[0-9]*.patch)

	PATH=$PATH:/usr/sbin:/sbin
	# gcc-12 is what the headers packages ask make to call.
	need make make gcc-12 gcc-12 patch patch xz xz-utils modinfo kmod
	source_version=$(installed_version "$source_package")
	if [[ -z $source_version ]]; then
		install_packages "$source_package"
		source_version=$(installed_version "$source_package")
	fi
}

# The parts of the source that the series, the build and checkpatch touch.
unpack_source() {
	pristine=$work/source-$source_version
	[[ ! -d $pristine ]] || return 0
	say "unpacking $source_package $source_version"
	rm -rf "$work"/source-*
	mkdir "$pristine.new"
	tar -C "$pristine.new" --strip-components=1 \
		-xf "/usr/src/$source_package.tar.xz" \
		"$source_package"/{MAINTAINERS,arch/x86/{kvm,include},virt/kvm} \
		"$source_package"/Documentation/admin-guide/kernel-parameters.txt \
		"$source_package"/scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch} ||
		die 3 "cannot unpack $source_package: run apt-get install --reinstall $source_package"
	mv "$pristine.new" "$pristine"
}

# apply_patch DIRECTORY PATCH
apply_patch() {
	patch -d "$1" -p1 -s -f --fuzz=0 --no-backup-if-mismatch <"$2" >"$work/patch.log" 2>&1 ||
		die 3 "$(basename "$2") does not apply to $source_package $source_version: see $work/patch.log"
}

# make_tree DIRECTORY PATCH...: the patched source, made buildable out of tree.
# Only files that differ are written, so that make rebuilds no more than needed.
make_tree() {
	local tree=$1 stage=$work/stage file
	shift
	rm -rf "$stage"
	cp -a "$pristine" "$stage"
	for file; do
		apply_patch "$stage" "$file"
	done
	cp "$stage/arch/x86/kvm/Makefile" "$stage/Makefile.kvm-x86"
	# The headers package has no such files; the tree we are in has.
	# shellcheck disable=SC2016 # make's own variables
	sed -i 's|\$(srctree)/|$(src)/../../../|' "$stage/arch/x86/kvm/Makefile"

	mkdir -p "$tree"
	(cd "$stage" && find . -type f -print) | while read -r file; do
		cmp -s "$stage/$file" "$tree/$file" && continue
		mkdir -p "$(dirname "$tree/$file")"
		cp "$stage/$file" "$tree/$file"
	done
	rm -rf "$stage"
}

# fetch DIRECTORY PACKAGE...: the files of packages that are not installed.
# Installed, a headers package of some kernels brings its image along, which
# would be what the machine boots next.
fetch() {
	local new=$work/fetched package
	rm -rf "$new"
	mkdir -p "$new/debs"
	(cd "$new/debs" && apt-get download -qq "${@:2}" >"$work/apt.log" 2>&1) ||
		die 3 "cannot fetch ${*:2}: see $work/apt.log"
	for package in "$new/debs"/*.deb; do
		dpkg-deb -x "$package" "$new" ||
			die 3 "cannot unpack $(basename "$package"): is there space in $work?"
	done
	rm -rf "$new/debs" "$1"
	mv "$new" "$1"
}

# The image's release and the headers, of the very version of the source.
find_packages() {
	local image
	image=$(image_of_version) || {
		say "refreshing the package lists (apt)"
		if [[ $(id -u) = 0 ]]; then apt-get update -qq; else sudo apt-get update -qq; fi
		image=$(image_of_version)
	} || die 3 "$source_package is $source_version, but $image_package is on offer as $(candidate "$image_package"): run apt-get install $source_package=$(candidate "$image_package")"
	image_package=$image
	release=${image#linux-image-}
	headers=$work/headers/usr/src/linux-headers-$release
	unpack_headers
}

unpack_headers() {
	local packages
	[[ $(cat "$work/headers/.version" 2>/dev/null) != "$source_version $release" ]] || return 0
	say "fetching linux-headers-$release $source_version"
	packages=$(headers_of_version) ||
		die 3 "linux-headers-$release $source_version is not on offer: run apt-get update"
	# shellcheck disable=SC2086 # words are wanted
	fetch "$work/headers" $packages
	sed -i "s|/usr/src/|$work/headers&|" "$headers/Makefile"
	# A library of their tools.
	[[ -n $(installed_version libelf1) ]] || install_packages libelf1
	echo "$source_version $release" >"$work/headers/.version"
}

# The headers and those it depends on, but not the image.
headers_of_version() {
	local package=linux-headers-$release
	{
		echo "$package"
		apt-cache show "$package=$source_version" 2>/dev/null |
			sed -n 's/^Depends: //p' | grep -oE 'linux-(headers|kbuild)-[^ ,]+'
	} | sed "s|$|=$source_version|"
}

candidate() { apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'; }

image_of_version() {
	apt-cache show "$image_package=$source_version" 2>/dev/null |
		sed -n 's/^Depends:.*\(linux-image-[0-9][^ ,]*\).*/\1/p' | grep .
}

# compile TREE: kvm.ko, kvm-intel.ko and kvm-amd.ko in TREE/arch/x86/kvm
compile() {
	local include=$1/arch/x86/include log=$1/make.log
	# The tree's headers go before those of the package: the series
	# changes one and adds one.  trace.h is looked for two levels up from
	# a directory of headers; virt/kvm is one from where that is right.
	# Type information for BPF nobody asks for; it would take pahole.  Nor
	# is there use for debugging information: half of the time, and three
	# quarters of the disk.
	make -C "$headers" M="$1/arch/x86/kvm" -j"$(nproc)" \
		NOSTDINC_FLAGS="-nostdinc -I$include -I$include/uapi -I$1/virt/kvm" \
		CONFIG_DEBUG_INFO_BTF_MODULES= KCFLAGS=-g0 \
		modules >"$log" 2>&1 || {
		grep -m5 -E 'error|ERROR' "$log" >&2 || tail -5 "$log" >&2
		die 3 "the modules do not compile: see $log"
	}
}
