# Traps into a handler that is no instruction, again and again.
        .section .text.start, "ax"
        .globl _start
_start: la      t0, nothing
        csrw    mtvec, t0
nothing:
        .word   0
