# Sleeps for good: every hart waits for an interrupt that nobody will send. The run must end with a diagnosis.
        .section .text.start, "ax"
        .globl _start
_start: csrw    mie, zero
1:      wfi
        j       1b
