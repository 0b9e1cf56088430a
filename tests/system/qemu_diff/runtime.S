# The resident part of a differential program: sets up, logs every trap in M and S mode, and at the end prints the log, the
# registers and a hash of memory on the UART. It keeps no secret from the program: its pages are mapped for S mode.
#include "layout.h"

#define UART 0x10000000
#define FINISHER 0x100000
#define MSTATUS_FS 0x6000
#define MSTATUS_MPP 0x1800
#define SSTATUS_SUM 0x40000
# What of mstatus and sstatus goes into the log: no FS, SD, which say how eagerly the unit is marked dirty.
#define STATUS_LOGGED 0x7e19aa
#define SSTATUS_LOGGED 0xc0122

.macro mix hash, value, factor
    xor \hash, \hash, \value
    mul \hash, \hash, \factor
    srli \value, \hash, 29
    xor \hash, \hash, \value
.endm

    .section .text.start
    .globl _start
_start:
    csrr t0, mhartid                # QEMU runs with two harts: see qemu_command in main.cpp
1:  bnez t0, 1b
    la t0, machine_trap
    csrw mtvec, t0
    la t0, supervisor_trap
    csrw stvec, t0
    li t0, M_SAVE_AREA
    csrw mscratch, t0
    li t0, S_SAVE_AREA
    csrw sscratch, t0
    li a0, CONFIG_BASE
.macro configure csr, offset
    ld t0, \offset(a0)
    csrw \csr, t0
.endm
    configure medeleg, CONFIG_MEDELEG
    configure mideleg, CONFIG_MIDELEG
    configure satp, CONFIG_SATP
    .set i, 0
    .rept 16
    configure (0x3b0 + i), (CONFIG_PMPADDR + 8 * i)
    .set i, i + 1
    .endr
    configure pmpcfg0, CONFIG_PMPCFG0
    configure pmpcfg2, CONFIG_PMPCFG2
    csrwi mcounteren, 0
    csrwi scounteren, 0
    li t0, 1 << 61                  # menvcfg.ADUE where there is one: A and D are set by hardware
    csrw 0x30a, t0
    li t0, 2                        # only the supervisor software interrupt, which the program raises itself
    csrw mie, t0
    csrwi mip, 0
    csrwi mcause, 0
    csrwi mtval, 0
    csrwi scause, 0
    csrwi stval, 0
    csrwi sepc, 0
    configure mstatus, CONFIG_MODE
    configure fcsr, CONFIG_FCSR
    configure mepc, CONFIG_ENTRY
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld f\n, CONFIG_F + 8 * \n(a0)
    .endr
    .irp n, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\n, CONFIG_X + 8 * \n(a0)
    .endr
    ld a0, CONFIG_X + 80(a0)
    mret

# Both handlers: registers to the save area, whose address x31 keeps; s0 = cause, s1 = epc, s2 = tval, s3 = status.
.macro save_registers scratch
    csrrw x31, \scratch, x31
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    sd x\n, 8 * \n(x31)
    .endr
    csrr t0, \scratch
    sd t0, 248(x31)
    csrw \scratch, x31
.endm

.macro restore_registers
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    ld x\n, 8 * \n(x31)
    .endr
    ld x31, 248(x31)
.endm

# An ebreak leaves its address or zero in tval, both allowed: here it is zero.
.macro level_breakpoint csr
    addi t0, s0, -3
    bnez t0, 1f
    csrw \csr, x0
    li s2, 0
1:
.endm

# QEMU splits a misaligned access to where no memory is, and names the aligned address; and it carries out an AMO there as
# a load and a store, and names the load. Here tval is aligned to 8, and the cause is the store's.
.macro level_access_fault value, cause
    addi t0, s0, -7
    beqz t0, 1f
    addi t0, s0, -5
    bnez t0, 2f
    lhu t0, 0(s1)
    andi t0, t0, 0x7f
    addi t0, t0, -0x2f
    bnez t0, 1f
    lhu t0, 2(s1)
    srli t0, t0, 11
    addi t0, t0, -2                 # lr is a load
    beqz t0, 1f
    li s0, 7
    csrw \cause, s0
1:  andi s2, s2, -8
    csrw \value, s2
2:
.endm

    .balign 4
machine_trap:
    save_registers mscratch
    csrr s0, mcause
    csrr s1, mepc
    csrr s2, mtval
    level_breakpoint mtval
    level_access_fault mtval, mcause
    csrr s3, mstatus
    li t0, STATUS_LOGGED
    and s3, s3, t0
    li t0, MSTATUS_FS
    csrs mstatus, t0
    call log_trap
    li t0, LOG_LIMIT
    bgeu a0, t0, finish
    bltz s0, machine_interrupt
    addi t0, s0, -8                 # 8, 9, 11: environment calls
    li t1, 4
    bgeu t0, t1, 1f
    lhu t0, 6(s1)
    lhu t1, 4(s1)
    li t2, MARK >> 4
    beq t0, t2, marked_call
1:  mv a0, s0
    mv a1, s1
    call after_trap
    csrw mepc, a0
machine_return:
    csrr x31, mscratch
    restore_registers
    mret

machine_interrupt:
    csrci mip, 2
    j machine_return

# t1 = the low half of the lui: its immediate's lowest four bits are the request.
marked_call:
    srli t1, t1, 12
    andi t0, t1, MARK_END
    bnez t0, finish
    li t0, MSTATUS_MPP | 0x20000    # MPP and MPRV
    csrc mstatus, t0
    andi t1, t1, MARK_MODE_MASK
    slli t1, t1, 11
    csrs mstatus, t1
    li t0, 8 + 4095
    add t0, t0, s1
    srli t0, t0, 12
    slli t0, t0, 12
    csrw mepc, t0
    j machine_return

    .balign 4
supervisor_trap:
    save_registers sscratch
    csrr s0, scause
    csrr s1, sepc
    csrr s2, stval
    csrr s3, sstatus
    mv s4, s3
    li t0, MSTATUS_FS | SSTATUS_SUM # SUM to read the instruction on a user page
    csrs sstatus, t0
    level_breakpoint stval
    level_access_fault stval, scause
    li t0, SSTATUS_LOGGED
    and s3, s3, t0
    ori s3, s3, 1                   # tells the entry from a machine one
    call log_trap
    bltz s0, 1f
    mv a0, s0
    mv a1, s1
    call after_trap
    csrw sepc, a0
    j 2f
1:  csrci sip, 2
2:  li t0, SSTATUS_SUM
    and t1, s4, t0
    bnez t1, 3f
    csrc sstatus, t0
3:  csrr x31, sscratch
    restore_registers
    sret

# Appends cause, epc, tval, status, hash of x, hash of f and fcsr. Returns the number of entries in a0.
log_trap:
    li a7, LOG_BASE
    ld a0, 0(a7)
    li t0, LOG_LIMIT
    bgeu a0, t0, 2f
    li t1, LOG_ENTRY_SIZE
    mul t1, t1, a0
    add a6, a7, t1
    addi a6, a6, 8
    sd s0, 0(a6)
    sd s1, 8(a6)
    sd s2, 16(a6)
    sd s3, 24(a6)
    li t2, 0x9e3779b97f4a7c15
    li a1, 0
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld t0, 8 * \n(x31)
    mix a1, t0, t2
    .endr
    sd a1, 32(a6)
    frcsr a1
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fmv.x.d t0, f\n
    mix a1, t0, t2
    .endr
    sd a1, 40(a6)
    addi a0, a0, 1
    sd a0, 0(a7)
2:  ret

# a0 = cause, a1 = epc: where to go on. Behind the instruction, or after a jump that could not fetch, to its return address.
after_trap:
    beqz a0, 1f
    addi t0, a0, -1
    beqz t0, 1f
    addi t0, a0, -12
    beqz t0, 1f
    lhu t0, 0(a1)
    andi t0, t0, 3
    addi t0, t0, -3
    seqz t0, t0
    slli t0, t0, 1
    add a0, a1, t0
    addi a0, a0, 2
    ret
1:  ld a0, 8(x31)
    ret

finish:
    li s0, LOG_BASE
    ld s1, 0(s0)
    addi s0, s0, 8
1:  beqz s1, 2f
    li a0, 'T'
    li a1, 6
    mv a2, s0
    call print_line
    addi s0, s0, LOG_ENTRY_SIZE
    addi s1, s1, -1
    j 1b
2:  li a0, 'X'
    li a1, 31
    addi a2, x31, 8
    call print_line
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd f\n, 8 * \n(x31)
    .endr
    frcsr t0
    sd t0, 256(x31)
    li a0, 'F'
    li a1, 33
    mv a2, x31
    call print_line
    li a0, DATA_BASE
    li a1, DATA_BASE + DATA_SIZE
    call hash_memory
    sd a0, 0(x31)
    li a0, TABLES_BASE
    li a1, TABLES_BASE + TABLES_SIZE
    call hash_memory
    sd a0, 8(x31)
    li a0, 'M'
    li a1, 2
    mv a2, x31
    call print_line
    li t0, FINISHER
    li t1, 0x5555
    sw t1, 0(t0)
3:  j 3b

# a0 = first, a1 = end: hash in a0.
hash_memory:
    li t2, 0x9e3779b97f4a7c15
    li t1, 0
1:  ld t0, 0(a0)
    mix t1, t0, t2
    addi a0, a0, 8
    bltu a0, a1, 1b
    mv a0, t1
    ret

# Prints the letter a0, then a1 doublewords from a2 in hexadecimal without leading zeros.
print_line:
    mv s9, ra
    call print_character
1:  li a0, ' '
    call print_character
    ld s10, 0(a2)
    li s11, 64
2:  addi s11, s11, -4               # the first digit that is not zero, or the last
    srl t0, s10, s11
    bnez t0, 3f
    bnez s11, 2b
3:  srl a0, s10, s11
    andi a0, a0, 15
    li t0, 10
    bltu a0, t0, 4f
    addi a0, a0, 'a' - '0' - 10
4:  addi a0, a0, '0'
    call print_character
    addi s11, s11, -4
    bgez s11, 3b
    addi a2, a2, 8
    addi a1, a1, -1
    bnez a1, 1b
    li a0, '\n'
    call print_character
    jr s9

print_character:
    li t0, UART
1:  lbu t1, 5(t0)
    andi t1, t1, 0x20
    beqz t1, 1b
    sb a0, 0(t0)
    ret
