# Never ends: for limits.
        .section .text.start, "ax"
        .globl _start
_start: j       _start
