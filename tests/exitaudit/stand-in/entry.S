# Both doors of the stand-in guest: a Multiboot 1 header and a PVH note. Either
# way the CPU arrives in 32-bit protected mode without paging, which is enough.
        .section .multiboot, "a"
        .balign 4
#ifndef PVH_ONLY
        .long 0x1badb002, 0, -0x1badb002
#endif
        .section .note.pvh, "a", @note
        .long 4, 4, 18                  # name, descriptor sizes; XEN_ELFNOTE_PHYS32_ENTRY
        .asciz "Xen"
        .long entry

        .section .text.entry, "ax"
        .globl entry
entry:  mov $stack_top, %esp
        call guest_main
1:      hlt
        jmp 1b

        .bss
        .balign 16
        .skip 4096
stack_top:
        .section .note.GNU-stack, "", @progbits
