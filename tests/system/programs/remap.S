# What a memo of the load/store side may not take for granted, under Sv39, on one hart. Stores that a trap leaves in the store buffer
# have been translated: in M mode, where the same address is RAM too, but other RAM, they go where they were sent. And returns are
# foretold by a stack that recursion overflows, while the loads before them hit the D$ now and miss it then.
#include "harts.inc"
        .equ rounds, 250
        .equ pte, 0xCF                  # V, R, W, X, A, D: a leaf of supervisor's

        .section .text.start, "ax"
        .globl _start
_start:
        la      t0, trap
        csrw    mtvec, t0
        li      t0, -1
        csrw    pmpaddr0, t0
        li      t0, 0x1F                # all of memory to all
        csrw    pmpcfg0, t0
        # root[2], the GiB at 0x80000000, by `middle`: the first two MiB where they are, those at 0x80400000 two MiB further on.
        la      t0, root
        la      t1, middle
        srli    t2, t1, 2
        ori     t2, t2, 1
        sd      t2, 16(t0)
        li      t2, 0x80000000 >> 2 | pte
        sd      t2, (t1)
        li      t2, 0x80600000 >> 2 | pte
        sd      t2, 16(t1)
        srli    t0, t0, 12
        li      t1, 8
        slli    t1, t1, 60
        or      t0, t0, t1
        csrw    satp, t0
        sfence.vma
        li      t0, 3 << 11
        csrc    mstatus, t0
        li      t0, 1 << 11
        csrs    mstatus, t0
        la      t0, supervisor
        csrw    mepc, t0
        mret

        .balign 4
trap:   csrr    t0, mcause
        li      t1, 9                   # a call from S mode
        bne     t0, t1, wrong
        csrr    t0, mepc
        addi    t0, t0, 4
        csrw    mepc, t0
        bnez    a7, done
        li      t1, 0x80400800
        ld      t0, 0(t1)
        add     a6, a6, t0
        ld      t0, 8(t1)
        add     a6, a6, t0
        csrr    t1, mstatus
        csrw    mstatus, t1
        mret
done:   end_well
2:      j       2b
wrong:  end_badly
3:      j       3b

supervisor:
        la      sp, stack_end
        li      s0, rounds
        li      s1, 7
        li      s2, 0x80400000
        li      a6, 0
        li      a7, 0
4:      .set    offset, 0               # more than the write buffer holds
        .rept   12
        sd      s1, offset(s2)
        .set    offset, offset + 8
        .endr
        ecall
        sd      s0, 88(s2)              # the last ones again, which join those that the trap has left behind
        sd      s0, 80(s2)
        sd      s0, 72(s2)
        sd      s0, 64(s2)
        li      t0, 1664525             # how deep, and whether the stack is thrown out of the D$
        mul     s1, s1, t0
        addi    s1, s1, 1013
        srli    a0, s1, 16
        andi    a0, a0, 7
        jal     deep
        andi    t0, s1, 0x300
        bnez    t0, 6f
        la      t0, large
        li      t1, 2048
5:      ld      t2, (t0)
        add     a6, a6, t2
        addi    t0, t0, 16
        addi    t1, t1, -1
        bnez    t1, 5b
6:      addi    s0, s0, -1
        bnez    s0, 4b
        li      a7, 1
        ecall

deep:   beqz    a0, 7f
        addi    sp, sp, -32
        sd      ra, 0(sp)
        sd      a0, 16(sp)
        addi    a0, a0, -1
        jal     deep
        ld      a0, 16(sp)
        ld      ra, 0(sp)
        addi    sp, sp, 32
7:      ret

        .section .data
        .balign 4096
root:   .space 4096
middle: .space 4096
large:  .space 32768
        .space 2048
stack_end:
