// From 32-bit protected mode to long mode: from the loader to main(), and from
// trampoline.S to processor_main().

#define PVH_MARK	0x00485650		// our own word for "entered by PVH"; no loader's magic
#define CR0_PG		(1 << 31)
#define CR0_CD		(1 << 30)
#define CR0_NW		(1 << 29)
#define CR0_WP		(1 << 16)
#define CR4_PAE		(1 << 5)
#define MSR_EFER	0xc0000080
#define EFER_LME	(1 << 8)
#define PAGE_TABLE	0x03			// present, writable
#define PAGE_2M		0x83			// present, writable, 2 MiB
#define PAGE_2M_COUNT	2048			// 4 GiB: RAM and the APICs' pages
#define STACK_SIZE	32768
#define MAX_PROCESSORS	64			// machine/this_cpu.hpp
#define PROCESSOR_STACK_SIZE 16384

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

	movl	$stack_end, %esp
	movl	$main, %edi			// main(magic, address of the loader's information)
	jmp	enter_long_mode

	// Application processors number themselves in the order of their arrival. Those
	// above MAX_PROCESSORS have no stack, and stop.
	.globl	processor_entry
processor_entry:
	movl	$DATA_SELECTOR, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	cld
	movl	$1, %ebp
	lock xaddl %ebp, processors_arrived
	cmpl	$MAX_PROCESSORS, %ebp
	jae	stop
	imull	$PROCESSOR_STACK_SIZE, %ebp, %esp
	addl	$processor_stacks, %esp		// processor 1's ends where 2's begins, and so on
	// The stack is touched now: if delivery of an interrupt is the first access to a page,
	// QEMU 7.2 may report an exception with the interrupt's vector (handle_even_inj()),
	// and then refuses the VMRUN that injects it.
	leal	-PROCESSOR_STACK_SIZE(%esp), %eax
1:	movb	$0, (%eax)
	addl	$4096, %eax
	cmpl	%esp, %eax
	jb	1b
	movl	$processor_main, %edi		// processor_main(number)

	// In EDI a function, in EBP and EBX its two arguments, in ESP a stack.
enter_long_mode:
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
	andl	$~(CR0_CD | CR0_NW), %eax	// set by INIT
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
	movl	%esp, %esp			// the upper halves are undefined after the switch
	movl	%edi, %eax
	movl	%ebp, %edi
	movl	%ebx, %esi
	xorl	%ebp, %ebp
	call	*%rax
	.code32					// as HLT and JMP are the same in both modes
stop:	cli
	hlt
	jmp	stop

	.section .rodata
	.balign	8
	.globl	gdt, GDT_SIZE, FLAT_CODE_SELECTOR
gdt:	.quad	0
gdt_code: .quad	0x00209a0000000000		// 64-bit code, ring 0
gdt_data: .quad	0x00cf92000000ffff		// data, ring 0, 4 GiB
gdt_flat_code: .quad 0x00cf9a000000ffff		// 32-bit code, ring 0, 4 GiB
gdt_end:
	.set	GDT_SIZE, gdt_end - gdt
	.set	CODE_SELECTOR, gdt_code - gdt
	.set	DATA_SELECTOR, gdt_data - gdt
	.set	FLAT_CODE_SELECTOR, gdt_flat_code - gdt
gdt_pointer:
	.short	GDT_SIZE - 1
	.long	gdt

	.section .bss
	.balign	4096
page_root:	.skip	4096
page_pointers:	.skip	4096
page_directories: .skip	4 * 4096
	.balign	16
stack:	.skip	STACK_SIZE
stack_end:

	.data
	.balign	4
processors_arrived: .long 1			// the boot processor

	// Not cleared at entry: it would take longer than everything else there.
	.section .stacks, "aw", @nobits
	.balign	4096
processor_stacks: .skip	(MAX_PROCESSORS - 1) * PROCESSOR_STACK_SIZE

	.section .note.GNU-stack, "", @progbits
