// The page of `exitaudit report`, as make-shell puts it together, in the program.
    .section .rodata
    .globl exitaudit_page_shell, exitaudit_page_shell_end
exitaudit_page_shell:
    .incbin "shell.html"
exitaudit_page_shell_end:
    .section .note.GNU-stack, "", @progbits
