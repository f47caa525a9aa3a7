// Where an application processor begins: copied to a page below 1 MiB, entered there in
// real mode by STARTUP, with CS at the page and IP 0. Leads to entry.S.

#define CR0_PE	1

	.section .rodata
	.code16
	.globl	trampoline, trampoline_end
trampoline:
	cli
	lgdtl	%cs:trampoline_gdt - trampoline
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	*%cs:trampoline_target - trampoline
	.balign	4
trampoline_gdt:
	.short	GDT_SIZE - 1
	.long	gdt
	.balign	4
trampoline_target:
	.long	processor_entry
	.short	FLAT_CODE_SELECTOR
trampoline_end:

	.section .note.GNU-stack, "", @progbits
