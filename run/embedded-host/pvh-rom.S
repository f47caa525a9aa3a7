# An option ROM that enters Linux by PVH, for an emulator that has no such loader: reads
# kernel, start info and the rest from the first disk, then calls the kernel's PVH entry
# in protected mode with %ebx on the start info (Xen's pvh.pandoc, "x86/HVM direct boot
# ABI"). The BIOS runs it after its ACPI tables are made. run/exitaudit/lanes/pvh_image.hpp
# lays out the disk.

.set image, 0xfe0000			# there: the entry's address, the number of pieces,
					# the start info

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

	# Pieces of 256 sectors by READ SECTORS (ATA, "PIO data-in command protocol"). The
	# first holds their number.
	movl	$image, %edi
	xorl	%esi, %esi		# the piece
piece:	movw	$0x1f2, %dx
	xorl	%eax, %eax
	outb	%al, %dx		# sector count: 0 is 256
	incl	%edx
	outb	%al, %dx		# LBA: bits 0 to 7
	incl	%edx
	movl	%esi, %eax
	outb	%al, %dx		# bits 8 to 15
	incl	%edx
	movb	%ah, %al
	outb	%al, %dx		# bits 16 to 23
	incl	%edx
	movb	$0xe0, %al
	outb	%al, %dx		# this is an LBA, and drive 0
	incl	%edx
	movb	$0x20, %al
	outb	%al, %dx		# the command

	movl	$256, %ebp
sector:	inb	%dx, %al		# status
	testb	$0x80, %al		# busy
	jnz	sector
	testb	$0x08, %al		# data request
	jz	failed
	movb	$0xf0, %dl		# data
	movl	$128, %ecx
	rep insl			# fewer steps to emulate than insw
	movb	$0xf7, %dl
	decl	%ebp
	jnz	sector
	incl	%esi
	cmpl	image + 4, %esi
	jb	piece

	movl	$(image + 8), %ebx
	jmp	*image

failed:	ud2				# a triple fault: there are no handlers

	.balign	8
gdt:	.quad	0
code:	.quad	0x00cf9b000000ffff
data:	.quad	0x00cf93000000ffff
gdtr:	.word	. - gdt - 1
	.long	gdt

	.fill	511 - (. - _start), 1, 0
	.byte	0			# the checksum, set by the build
end:
