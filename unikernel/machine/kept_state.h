// For assembly: what a function must give back as it was, kept on the stack.

#define MSR_GS_BASE	0xc0000101

	// RBX, RBP and R12 to R15 are the callee's to keep: System V ABI, 3.2.1 "Registers".
	.macro	push_callee_saved
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	.endm

	.macro	pop_callee_saved
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	.endm

	// Loading GS clears its base. Both change RAX, RCX and RDX.
	.macro	push_gs_base
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	pushq	%rax
	pushq	%rdx
	.endm

	.macro	pop_gs_base
	popq	%rdx
	popq	%rax
	movl	$MSR_GS_BASE, %ecx
	wrmsr
	.endm
