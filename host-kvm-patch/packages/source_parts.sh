# Which parts of a kernel's source are unpacked. Sourced by scripts that know `kernel`.
# shellcheck shell=bash

# What the series, the build, its checks and other people's patches touch.
source_parts() {
	local files=(MAINTAINERS arch/x86/kvm arch/x86/include virt/kvm
		'include/linux/kvm*' 'include/uapi/linux/kvm*' include/kvm include/trace/events/kvm.h
		Documentation/{admin-guide/kernel-parameters.txt,virt/kvm/x86/index.rst}
		scripts/{coccinelle,subarch.include} tools/{build,include,lib,scripts,arch/x86/include}
		tools/testing/selftests/{kvm,rseq,lib.mk,kselftest.h,kselftest_harness.h}
		scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch)
	# shellcheck disable=SC2154 # the caller's
	printf "linux-source-$kernel/%s\n" "${files[@]}"
}
