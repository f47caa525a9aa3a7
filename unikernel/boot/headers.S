// The headers by which Multiboot 1, Multiboot 2 and PVH loaders recognize the image.

#define MULTIBOOT1_MAGIC	0x1badb002
#define MULTIBOOT1_FLAGS	0		// loaded as ELF; nothing else is asked for
#define MULTIBOOT2_MAGIC	0xe85250d6
#define MULTIBOOT2_I386		0
#define XEN_ELFNOTE_PHYS32_ENTRY 18

	.section .multiboot1, "a"
	.balign	4
	.long	MULTIBOOT1_MAGIC
	.long	MULTIBOOT1_FLAGS
	.long	-(MULTIBOOT1_MAGIC + MULTIBOOT1_FLAGS)

	.section .multiboot2, "a"
	.balign	8
multiboot2_header:
	.long	MULTIBOOT2_MAGIC
	.long	MULTIBOOT2_I386
	.long	multiboot2_header_end - multiboot2_header
	.long	-(MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + (multiboot2_header_end - multiboot2_header))
	.short	0, 0				// the tag that ends the list
	.long	8
multiboot2_header_end:

	.section .note.pvh, "a", @note
	.balign	4
	.long	name_end - name			// note name, size of descriptor, type
	.long	4
	.long	XEN_ELFNOTE_PHYS32_ENTRY
name:	.asciz	"Xen"
name_end:
	.balign	4
	.long	pvh_entry

	.section .note.GNU-stack, "", @progbits
