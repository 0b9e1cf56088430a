# Says "boot" and asks for a reset through the test finisher, and does the same again, until the real-time clock is past 2 s.
# Then it powers off with status 7.
        .section .text.start, "ax"
        .globl _start
_start: csrr    t0, mhartid
        bnez    t0, sleep
        lla     t1, text
        li      t2, 0x10000000          # UART
1:      lbu     t3, (t1)
        beqz    t3, 2f
        sb      t3, (t2)
        addi    t1, t1, 1
        j       1b
2:      li      t0, 0x100000            # test finisher
        li      t1, 0x101000            # real-time clock
        lw      t2, 0(t1)
        lw      t3, 4(t1)
        slli    t2, t2, 32
        srli    t2, t2, 32
        slli    t3, t3, 32
        or      t2, t2, t3
        li      t3, 2000000000
        bgeu    t2, t3, end
        li      t4, 1000000             # a second at the clock_hz of the test
3:      addi    t4, t4, -1
        bnez    t4, 3b
        li      t1, 0x7777              # reset
        sw      t1, (t0)
        j       sleep
end:    li      t1, 7 << 16 | 0x3333    # power off with status 7
        sw      t1, (t0)
sleep:  wfi
        j       sleep

        .section .rodata
text:   .asciz  "boot\n"
