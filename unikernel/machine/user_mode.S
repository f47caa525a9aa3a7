// Enters CPL 3 by IRET, returns by INT; and the code that runs there.

#include "kept_state.h"

#define DATA		0x10			// selectors: entry.S, and user_mode.cpp's table
#define USER_DATA	0x23
#define USER_CODE	0x2b
#define RFLAGS_AC	(1 << 18)
#define LEAVE_VECTOR	0x43			// Vector::user_mode_left
#define TSS_STACK	4			// SDM vol. 3, 64-Bit TSS Format: RSP0

	.section .text, "ax"
	.code64

	.globl	enter_user_mode			// RDI: a function that ends in INT; RSI: the task state segment
enter_user_mode:
	push_callee_saved
	pushfq
	push_gs_base				// IRET to CPL 3 clears data segments of CPL 0
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
	pop_gs_base
	popfq
	pop_callee_saved
	ret

	.macro	may_fault first, next
	.pushsection fixups, "a"
	.balign	4
	.long	\first - ., \next - .
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
