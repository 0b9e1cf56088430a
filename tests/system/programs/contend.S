# A bare-metal program on every hart at once: counts by AMO, by LR/SC and under a spin lock, sleeps in wfi until hart 0
# sends an IPI, and ends with status 0 when every count is right, 1 otherwise. For determinism, with 1 to 64 harts.
# Harts beyond the ones that run do not exist: the number of harts is found by who arrives before hart 0 closes the door.
#include "harts.inc"
        .equ clint, 0x2000000
        .equ rounds, 500

        .section .text.start, "ax"
        .globl _start
_start:
        csrr    s0, mhartid
        la      t0, trap
        csrw    mtvec, t0
        csrwi   mie, 8                  # MSIE
        count_harts
        li      s3, rounds
        la      s4, by_amo
        la      s5, by_sc
        la      s6, by_lock
        la      s7, lock
4:      li      t0, 1
        amoadd.w zero, t0, (s4)
5:      lr.d    t1, (s5)
        addi    t1, t1, 1
        sc.d    t2, t1, (s5)
        bnez    t2, 5b
6:      li      t0, 1
        amoswap.w.aq t1, t0, (s7)
        bnez    t1, 6b
        ld      t1, (s6)
        addi    t1, t1, 1
        sd      t1, (s6)
        amoswap.w.rl zero, zero, (s7)
        addi    s3, s3, -1
        bnez    s3, 4b
        la      s8, done
        li      t0, 1
        amoadd.d zero, t0, (s8)
        bnez    s0, sleep
7:      ld      t0, (s8)
        bne     t0, s2, 7b
        # Every hart has counted: wake the others one after the other, and wait for each.
        li      s9, 1
8:      bge     s9, s2, 9f
        li      t0, clint
        slli    t1, s9, 2
        add     t0, t0, t1
        li      t1, 1
        sw      t1, (t0)
        la      t0, woken
10:     ld      t1, (t0)
        bne     t1, s9, 10b
        addi    s9, s9, 1
        j       8b
9:      li      t0, rounds
        mul     t0, t0, s2
        lw      t1, (s4)
        ld      t2, (s5)
        ld      t3, (s6)
        bne     t0, t1, wrong
        bne     t0, t2, wrong
        bne     t0, t3, wrong
        end_well
        j       .
wrong:  end_badly
        j       .
sleep:  wfi
        csrr    t0, mip
        andi    t0, t0, 8
        beqz    t0, sleep
        li      t0, clint
        slli    t1, s0, 2
        add     t0, t0, t1
        sw      zero, (t0)
        la      t0, woken
        li      t1, 1
        amoadd.d zero, t1, (t0)
11:     wfi
        j       11b
        .balign 4
trap:   j       wrong

        .section .data
        .balign 64
arrived: .dword 0
harts:  .dword 0
done:   .dword 0
woken:  .dword 0
by_amo: .dword 0
        .balign 64
by_sc:  .dword 0
        .balign 64
by_lock: .dword 0
lock:   .word 0
