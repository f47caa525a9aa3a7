// One entry stub for each of the 256 vectors; all lead to interrupt_dispatch().

	.section .text, "ax"
	.altmacro
	.macro	stub vector
	.balign	16
	// Exceptions 8, 10 to 14, 17, 21, 29 and 30 push an error code; the rest get a 0 in its place.
	.if	(\vector != 8) && (\vector != 10) && (\vector != 11) && (\vector != 12) && (\vector != 13) && (\vector != 14) && (\vector != 17) && (\vector != 21) && (\vector != 29) && (\vector != 30)
	pushq	$0
	.endif
	pushq	$\vector
	jmp	interrupt_common
	.endm

	.globl	interrupt_stubs
	.balign	16
interrupt_stubs:
	.set	vector, 0
	.rept	256
	stub	%vector
	.set	vector, vector + 1
	.endr

	// The order of the pushes is that of struct InterruptFrame, from its end.
interrupt_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	call	interrupt_dispatch
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
