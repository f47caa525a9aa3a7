# shellcheck shell=bash disable=SC2034
# What the scripts here share.  Sourced, not run.

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

# shellcheck source=../run/step.sh
. "$repository/run/step.sh"

# What fails without a word of ours must not end with another's exit status.
spoken=
trap 'status=$?; end_step; if ((status)) && [[ -z $spoken ]]; then say "failed: is there space on the disk?"; exit 3; fi' EXIT

# apt and dpkg are read by their words.
export LC_ALL=C

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

# use_kernel KERNEL OUTPUT: of the release's own kernel if KERNEL is empty. Sets kernel, series, patches, output, work, and, of the packages that
# it has unpacked: version, release, compiler, pristine (the source) and headers.
use_kernel() {
	kernel=${1:-$("$here/packages/kernels" --default)} || { spoken=yes; exit 3; }
	series=$here/linux-$kernel
	"$here/packages/kernels" --check "$kernel" || { status=$?; spoken=yes; exit $status; }
	output=${2:-$repository/build/host/$kernel}
	# Kbuild takes each word of the path for a module of its own.
	[[ $output != *[[:space:]]* ]] ||
		die 3 "cannot build modules in a path with a space ($output): move the repository, or choose another --output"
	mkdir -p "$output/.work" || die 3 "cannot write to $output: choose another --output"
	output=$(cd "$output" && pwd)
	work=$output/.work

	# One at a time: they share trees.
	[[ -w $work && (! -e $work/lock || -w $work/lock) ]] ||
		die 3 "cannot write to $work: is it another user's? remove $output, or choose another --output"
	exec 9>"$work/lock"
	if ! flock -n 9; then
		say "waiting for another build in $output"
		flock 9
	fi

	# Kbuild's notes keep absolute paths: a moved tree would link, and
	# silently, what it finds where it came from.
	if [[ $(cat "$work/path" 2>/dev/null) != "$work" ]]; then
		rm -rf "$work"/{tree,mutants,style}
		echo "$work" >"$work/path"
	fi
	# Without the cover letter.
	patches=("$series"/*.patch)

	PATH=$PATH:/usr/sbin:/sbin
	need make make patch patch xz xz-utils modinfo kmod
	"$here/packages/obtain" --kernel "$kernel" --output "$work/packages" --series "$series" ||
		{ spoken=yes; exit 3; }
	version='' release='' compiler='' libelf='' note=''
	# shellcheck source=/dev/null
	. "$work/packages/set"
	pristine=$work/packages/$version/source
	headers=$work/packages/$version/headers/usr/src/linux-headers-$release
	# The compiler that the headers have make call, and a library of kbuild's tools.
	need "$compiler" "$compiler"
	install_packages "$libelf"
}

apply_quietly() { # DIRECTORY PATCH [FUZZ]
	patch -d "$1" -p1 -s -f --fuzz="${3:-0}" --no-backup-if-mismatch <"$2"
}

apply_patch() { # DIRECTORY PATCH [FUZZ]
	apply_quietly "$@" >"$work/patch.log" 2>&1 ||
		die 3 "$(basename "$2") does not apply to Linux $version: see $work/patch.log"
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
	sed -i 's|\$(srctree)/|$(src)/../../../|g' "$stage/arch/x86/kvm/Makefile"

	mkdir -p "$tree"
	(cd "$stage" && find . -type f -print) | while read -r file; do
		cmp -s "$stage/$file" "$tree/$file" && continue
		mkdir -p "$(dirname "$tree/$file")"
		cp "$stage/$file" "$tree/$file"
	done
	rm -rf "$stage"
}

# Sets kbuild_words: what make is told for modules in TREE.
kbuild_words() {
	local include=$1/arch/x86/include
	# The tree's headers go before those of the package: the series
	# changes one and adds one.  trace.h is looked for two levels up from
	# a directory of headers; virt/kvm is one from where that is right.
	# Type information for BPF nobody asks for; it would take pahole.  Nor
	# is there use for debugging information: half of the time, and three
	# quarters of the disk.
	kbuild_words=(NOSTDINC_FLAGS="-nostdinc -I$include -I$include/uapi -I$1/virt/kvm"
		CONFIG_DEBUG_INFO_BTF_MODULES= KCFLAGS=-g0)
}

# compile TREE: kvm.ko, kvm-intel.ko and kvm-amd.ko in TREE/arch/x86/kvm
compile() {
	local log=$1/make.log
	kbuild_words "$1"
	make -C "$headers" M="$1/arch/x86/kvm" -j"$(nproc)" "${kbuild_words[@]}" \
		modules >"$log" 2>&1 || {
		grep -m5 -E 'error|ERROR' "$log" >&2 || tail -5 "$log" >&2
		die 3 "the modules do not compile: see $log"
	}
}
