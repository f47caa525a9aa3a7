# An option ROM that enters Linux by PVH, for an emulator that has no such loader:
# protected mode, then the kernel's PVH entry with %ebx on the start info (Xen's
# pvh.pandoc, "x86/HVM direct boot ABI"). The BIOS runs it after its ACPI tables are
# made and before it looks for disks, so none is needed. Kernel, start info and the
# rest are in memory already: run/exitaudit/pvh_image.hpp puts them there.

.set image, 0xfe0000			# there: the entry's address, then the start info

	.code16
	.globl	_start
_start:	.byte	0x55, 0xaa, (end - _start) / 512
	cli
	cld
	inb	$0x92, %al		# A20
	orb	$2, %al
	outb	%al, $0x92
	lgdtl	%cs:(gdtr - _start)
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$(code - gdt), $flat

	.code32
flat:	movw	$(data - gdt), %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$(image + 8), %ebx
	jmp	*image

	.balign	8
gdt:	.quad	0
code:	.quad	0x00cf9b000000ffff
data:	.quad	0x00cf93000000ffff
gdtr:	.word	. - gdt - 1
	.long	gdt

	.fill	511 - (. - _start), 1, 0
	.byte	0			# the checksum, set by the build
end:
