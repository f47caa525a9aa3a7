/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * The exit ledger's CPUID interface: what a patched KVM answers to its guests.
 *
 * One header for the kernel, freestanding guests and Linux user space, in C and
 * in C++.  Documentation/virt/kvm/x86/exit-ledger.rst explains each leaf.
 */
#ifndef _ASM_X86_KVM_EXIT_LEDGER_H
#define _ASM_X86_KVM_EXIT_LEDGER_H

/* Every leaf of the interface lies in this range; it claims no other leaf. */
#define KVM_EXIT_LEDGER_LEAF_FIRST	0x4fffff00u
#define KVM_EXIT_LEDGER_LEAF_LAST	0x4fffffffu

/* EAX: last leaf; EBX, ECX, EDX: the signature. */
#define KVM_EXIT_LEDGER_LEAF_SIGNATURE	0x4fffff00u
/* EAX: revision; EBX: numbering of exits; ECX: buckets of a histogram, or 0. */
#define KVM_EXIT_LEDGER_LEAF_REVISION	0x4fffff01u
/*
 * ECX selects an exit by its lower half and a bucket by its upper.  EAX, EBX:
 * how many took from 2^bucket cycles to just less than twice that; bucket 0 has
 * those that took none, too.  All 0 unless histograms are kept.
 */
#define KVM_EXIT_LEDGER_LEAF_HISTOGRAM	0x4ffffff9u
/* ECX selects an exit.  EAX, EBX: shortest; ECX, EDX: longest time of one. */
#define KVM_EXIT_LEDGER_LEAF_EXTREMES	0x4ffffffau
/* ECX selects an exit.  EAX, EBX: count; ECX, EDX: cycles inside KVM alone. */
#define KVM_EXIT_LEDGER_LEAF_INSIDE	0x4ffffffbu
/* EAX: number of exits of all kinds, low 32 bits. */
#define KVM_EXIT_LEDGER_LEAF_TOTAL	0x4ffffffcu
/* EBX: high, ECX: low 32 bits of the cycles of all exits. */
#define KVM_EXIT_LEDGER_LEAF_CYCLES	0x4ffffffdu
/* ECX selects an exit.  EAX: its count, low 32 bits. */
#define KVM_EXIT_LEDGER_LEAF_EXIT_COUNT	0x4ffffffeu
/* ECX selects an exit.  EBX: high, ECX: low 32 bits of its cycles. */
#define KVM_EXIT_LEDGER_LEAF_EXIT_CYCLES 0x4fffffffu

/* "ExitLedger" and two NULs, in the order of a hypervisor's signature. */
#define KVM_EXIT_LEDGER_SIGNATURE_EBX	0x74697845u
#define KVM_EXIT_LEDGER_SIGNATURE_ECX	0x6764654cu
#define KVM_EXIT_LEDGER_SIGNATURE_EDX	0x00007265u

#define KVM_EXIT_LEDGER_REVISION	1u

/* Numbering of exits: VMX basic exit reasons or SVM exit codes. */
#define KVM_EXIT_LEDGER_NUMBERING_VMX	1u
#define KVM_EXIT_LEDGER_NUMBERING_SVM	2u

/* A histogram's buckets, and where in ECX their number stands. */
#define KVM_EXIT_LEDGER_BUCKETS		64u
#define KVM_EXIT_LEDGER_BUCKET_SHIFT	16

/* EDX for an exit number that the vendor's manual does not define. */
#define KVM_EXIT_LEDGER_UNDEFINED_EDX	0xffffffffu

/* The highest defined numbers; the SVM codes continue at the NPF block. */
#define KVM_EXIT_LEDGER_VMX_LAST	85u
#define KVM_EXIT_LEDGER_SVM_LAST	0xa6u
#define KVM_EXIT_LEDGER_SVM_NPF_FIRST	0x400u
#define KVM_EXIT_LEDGER_SVM_NPF_LAST	0x403u

/**
 * kvm_exit_ledger_defined - does the vendor's manual define an exit number?
 * @numbering:	KVM_EXIT_LEDGER_NUMBERING_VMX or _SVM
 * @nr:		VMX basic exit reason or SVM exit code
 *
 * Source: Intel SDM volume 3, appendix C "VMX Basic Exit Reasons"; AMD APM
 * volume 2, appendix C "SVM Intercept Exit Codes".
 *
 * Return: 1 if it is defined, 0 if not.
 */
static inline int kvm_exit_ledger_defined(unsigned int numbering,
					  unsigned int nr)
{
	if (numbering == KVM_EXIT_LEDGER_NUMBERING_SVM)
		return nr <= KVM_EXIT_LEDGER_SVM_LAST ||
		       (nr >= KVM_EXIT_LEDGER_SVM_NPF_FIRST &&
			nr <= KVM_EXIT_LEDGER_SVM_NPF_LAST);

	switch (nr) {
	case 35:
	case 38:
	case 42:
	case 71:
	case 82:
	case 83:
		return 0;
	default:
		return nr <= KVM_EXIT_LEDGER_VMX_LAST;
	}
}

#endif /* _ASM_X86_KVM_EXIT_LEDGER_H */
