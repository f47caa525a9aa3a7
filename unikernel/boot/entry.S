// From the loader's 32-bit protected mode to long mode and main().

#define PVH_MARK	0x00485650		// our own word for "entered by PVH"; no loader's magic
#define CR0_PG		(1 << 31)
#define CR0_WP		(1 << 16)
#define CR4_PAE		(1 << 5)
#define MSR_EFER	0xc0000080
#define EFER_LME	(1 << 8)
#define PAGE_TABLE	0x03			// present, writable
#define PAGE_2M		0x83			// present, writable, 2 MiB
#define PAGE_2M_COUNT	2048			// 4 GiB: RAM and the APICs' pages
#define STACK_SIZE	32768

	.section .text.entry, "ax"
	.code32

	.globl	pvh_entry
pvh_entry:
	movl	$PVH_MARK, %eax			// PVH leaves EAX undefined, EBX as Multiboot does

	.globl	multiboot_entry
multiboot_entry:
	cld
	movl	%eax, %ebp
	movl	$bss_start, %edi
	movl	$bss_end, %ecx
	subl	%edi, %ecx
	xorl	%eax, %eax
	rep stosb

	movl	$page_directories + PAGE_TABLE, %eax
	movl	%eax, page_pointers
	addl	$4096, %eax
	movl	%eax, page_pointers + 8
	addl	$4096, %eax
	movl	%eax, page_pointers + 16
	addl	$4096, %eax
	movl	%eax, page_pointers + 24
	movl	$page_pointers + PAGE_TABLE, page_root

	movl	$PAGE_2M, %eax
	xorl	%ecx, %ecx
1:	movl	%eax, page_directories(,%ecx,8)
	addl	$0x200000, %eax
	incl	%ecx
	cmpl	$PAGE_2M_COUNT, %ecx
	jne	1b

	movl	$page_root, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$(CR0_PG | CR0_WP), %eax
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$CODE_SELECTOR, $long_mode

	.code64
long_mode:
	movl	$DATA_SELECTOR, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$stack_end, %esp
	movl	%ebp, %edi			// main(magic, address of the loader's information)
	movl	%ebx, %esi
	xorl	%ebp, %ebp
	call	main
1:	cli
	hlt
	jmp	1b

	.section .rodata
	.balign	8
gdt:	.quad	0
gdt_code: .quad	0x00209a0000000000		// 64-bit code, ring 0
gdt_data: .quad	0x0000920000000000		// data, ring 0
gdt_end:
	.set	CODE_SELECTOR, gdt_code - gdt
	.set	DATA_SELECTOR, gdt_data - gdt
gdt_pointer:
	.short	gdt_end - gdt - 1
	.long	gdt

	.section .bss
	.balign	4096
page_root:	.skip	4096
page_pointers:	.skip	4096
page_directories: .skip	4 * 4096
	.balign	16
stack:	.skip	STACK_SIZE
stack_end:

	.section .note.GNU-stack, "", @progbits
