// Leaves long mode, switches between two hardware tasks, and returns.

#include "kept_state.h"

#define CR0_PG		(1 << 31)
#define TSS_CR3		28			// offsets in a 32-bit TSS: SDM vol. 3, 32-Bit Task-State Segment (TSS)
#define TSS_EIP		32
#define TSS_EFLAGS	36
#define TSS_ES		72
#define TSS_CS		76
#define TSS_SS		80
#define TSS_DS		84
#define TSS_SIZE	104
#define EFLAGS_FIXED	2
#define TSS_AVAILABLE	0x89			// access byte of a 32-bit TSS that is present

	.section .text, "ax"
	.code64

	.globl	switch_tasks			// EDI: how many times
switch_tasks:
	push_callee_saved
	subq	$16, %rsp
	sgdt	(%rsp)
	push_gs_base

	// A switch loads CR3 from the TSS: the same for both tasks.
	movq	%cr3, %rax
	movl	%eax, task_a + TSS_CR3
	movl	%eax, task_b + TSS_CR3
	movl	$EFLAGS_FIXED, task_b + TSS_EFLAGS
	movl	$other_task, task_b + TSS_EIP
	movl	$FLAT_DATA, task_b + TSS_ES
	movl	$FLAT_CODE, task_b + TSS_CS
	movl	$FLAT_DATA, task_b + TSS_SS
	movl	$FLAT_DATA, task_b + TSS_DS

	movl	$task_a, %eax
	movl	$descriptor_a, %ecx
	call	describe_task
	movl	$task_b, %eax
	movl	$descriptor_b, %ecx
	call	describe_task

	movq	%rsp, saved_stack
	lgdt	task_gdt_pointer
	pushq	$FLAT_CODE
	pushq	$compatibility_mode
	lretq

	// Base EAX into the descriptor at RCX.
describe_task:
	movw	%ax, 2(%rcx)
	shrl	$16, %eax
	movb	%al, 4(%rcx)
	movb	%ah, 7(%rcx)
	movb	$TSS_AVAILABLE, 5(%rcx)
	ret

	.code32
compatibility_mode:
	movl	$FLAT_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax			// leaves long mode; what runs is mapped one to one
	movl	%eax, %cr0
	movl	$TASK_A, %eax
	ltr	%ax

1:	ljmp	$TASK_B, $0
	decl	%edi
	jnz	1b

	movl	%cr0, %eax
	orl	$CR0_PG, %eax
	movl	%eax, %cr0
	ljmp	$LONG_CODE, $long_mode_again

other_task:
	ljmp	$TASK_A, $0
	jmp	other_task

	.code64
long_mode_again:
	movq	saved_stack, %rsp
	pop_gs_base
	lgdt	(%rsp)
	addq	$16, %rsp
	pop_callee_saved
	ret

	.data
	.balign	8
task_gdt: .quad	0
long_code: .quad 0x00209a0000000000		// as in entry.S
flat_data: .quad 0x00cf92000000ffff
flat_code: .quad 0x00cf9a000000ffff
descriptor_a: .quad TSS_SIZE - 1
descriptor_b: .quad TSS_SIZE - 1
task_gdt_end:
	.set	LONG_CODE, long_code - task_gdt
	.set	FLAT_DATA, flat_data - task_gdt
	.set	FLAT_CODE, flat_code - task_gdt
	.set	TASK_A, descriptor_a - task_gdt
	.set	TASK_B, descriptor_b - task_gdt
task_gdt_pointer:
	.short	task_gdt_end - task_gdt - 1
	.quad	task_gdt
	.balign	8
saved_stack: .quad 0

	.bss
	.balign	128				// a TSS may not cross a page: SDM vol. 3, Task-State Segment (TSS)
task_a:	.skip	TSS_SIZE
	.balign	128
task_b:	.skip	TSS_SIZE

	.section .note.GNU-stack, "", @progbits
