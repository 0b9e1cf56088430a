# Trap entry. mscratch is the hart's empty stack while S- or U-mode runs, and 0 while the firmware itself runs, so that
# a trap of the firmware's own (a bug, or broken hardware) is told apart and reported instead of looping.
#include "guestos/firmware/layout.h"

  .section .text
  .balign 4
  .globl trap_entry
trap_entry:
  csrrw sp, mscratch, sp
  beqz sp, trap_in_firmware
  addi sp, sp, -FIRMWARE_FRAME_SIZE
  sd x1, 8(sp)
  .irp reg, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  sd x\reg, 8*\reg(sp)
  .endr
  csrrw t0, mscratch, zero        # the interrupted sp; from here on we are in the firmware
  sd t0, 16(sp)
  csrr t0, mepc
  sd t0, FIRMWARE_FRAME_MEPC(sp)
  csrr t0, mstatus
  sd t0, FIRMWARE_FRAME_MSTATUS(sp)
  mv a0, sp
  call firmware_trap              # (TrapFrame*)
  ld t0, FIRMWARE_FRAME_MSTATUS(sp)
  csrw mstatus, t0
  ld t0, FIRMWARE_FRAME_MEPC(sp)
  csrw mepc, t0
  addi t0, sp, FIRMWARE_FRAME_SIZE
  csrw mscratch, t0
  ld x1, 8(sp)
  .irp reg, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  ld x\reg, 8*\reg(sp)
  .endr
  ld x2, 16(sp)
  mret

trap_in_firmware:
  csrrw sp, mscratch, sp
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  call firmware_fault             # (mcause, mepc, mtval); does not return

# The handler while a guarded access (guarded_access.hpp) is under way: skips the instruction that trapped, which is
# 4 bytes long, and leaves a3 = mcause, a4 = mtval.
  .balign 4
  .globl guarded_trap
guarded_trap:
  csrr a3, mepc
  addi a3, a3, 4
  csrw mepc, a3
  csrr a3, mcause
  csrr a4, mtval
  mret
