# A bare-metal program on every hart at once, with interrupts off: each writes its word of lines that the others write too,
# reads its neighbour's, and computes for as long as what it has read says. Ends with status 0 when every hart has found its
# own words again, 1 otherwise. For determinism: how far harts run ahead of each other is not to be seen.
#include "harts.inc"
        .equ rounds, 150
        .equ lines, 16

        .section .text.start, "ax"
        .globl _start
_start:
        csrr    s0, mhartid
        la      t0, wrong
        csrw    mtvec, t0
        count_harts
        li      s3, rounds
        andi    s4, s0, 7
        slli    s4, s4, 3               # the hart's word of each line,
        xori    s5, s4, 8               # its neighbour's
        addi    s6, s0, 0x55
4:      la      s7, table
        li      s8, lines
5:      add     t0, s7, s4
        sd      s6, (t0)
        add     t1, s7, s5
        ld      t2, (t1)
        andi    t3, t2, 7
        xor     s9, s6, t2
        beqz    t3, 7f
6:      slli    t4, s9, 13
        xor     s9, s9, t4
        srli    t4, s9, 7
        xor     s9, s9, t4
        addi    t3, t3, -1
        bnez    t3, 6b
7:      ld      t2, (t0)
        bne     t2, s6, wrong
        add     s6, s6, s9
        addi    s7, s7, 64
        addi    s8, s8, -1
        bnez    s8, 5b
        addi    s3, s3, -1
        bnez    s3, 4b
        la      s8, done
        li      t0, 1
        amoadd.d zero, t0, (s8)
        bnez    s0, 9f
8:      ld      t0, (s8)
        bne     t0, s2, 8b
        end_well
9:      j       9b
        .balign 4
wrong:  end_badly
        j       9b

        .section .data
        .balign 64
arrived: .dword 0
        .balign 64
harts:  .dword 0
        .balign 64
done:   .dword 0
        .balign 64
table:  .space 64 * lines
