// To CPL 3 by IRET and back by INT; and what runs there.

#define DATA		0x10			// selectors: entry.S, and user_mode.cpp's table
#define USER_DATA	0x23
#define USER_CODE	0x2b
#define RFLAGS_AC	(1 << 18)
#define LEAVE_VECTOR	0x43			// Vector::user_mode_left
#define TSS_STACK	4			// SDM vol. 3, figure 8-11: RSP0
#define MSR_GS_BASE	0xc0000101

	.section .text, "ax"
	.code64

	.globl	enter_user_mode			// RDI: a function that ends in INT; RSI: the task state segment
enter_user_mode:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushfq
	movl	$MSR_GS_BASE, %ecx		// the way out empties data segments of CPL 0
	rdmsr
	pushq	%rax
	pushq	%rdx
	movq	%rsp, TSS_STACK(%rsi)
	movq	%rsp, kernel_stack
	pushfq
	popq	%rax
	orl	$RFLAGS_AC, %eax
	pushq	$USER_DATA
	pushq	$0				// no stack: what runs there needs none
	pushq	%rax
	pushq	$USER_CODE
	pushq	%rdi
	iretq

	.globl	user_mode_left
user_mode_left:
	movq	kernel_stack, %rsp
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	popq	%rdx
	popq	%rax
	movl	$MSR_GS_BASE, %ecx
	wrmsr
	popfq
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.macro	may_fault first, next
	.pushsection .fixups, "a"
	.balign	8
	.quad	\first, \next
	.popsection
	.endm

	.balign	128				// in one page
	.globl	user_code_start, user_read_misaligned, user_query
user_code_start:
user_read_misaligned:
1:	movl	user_read_misaligned + 1, %eax
2:	int	$LEAVE_VECTOR
	may_fault 1b, 2b
user_query:
	xorl	%eax, %eax
1:	cpuid
2:	int	$LEAVE_VECTOR
	may_fault 1b, 2b

	.section .bss
	.balign	8
kernel_stack: .skip 8

	.section .note.GNU-stack, "", @progbits
