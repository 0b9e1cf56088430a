# Reset: every hart of the machine starts here in M-mode, a0 = hart id, a1 = device tree.
#include "guestos/firmware/layout.h"

  .section .text.reset, "ax", @progbits
  .globl _start
_start:
  csrw mie, zero
  csrw mscratch, zero             # "in the firmware": see trap_entry.S
  la t0, trap_entry
  csrw mtvec, t0
  csrr a0, mhartid
  li t0, FIRMWARE_MAX_HARTS
  bgeu a0, t0, surplus_hart
  la sp, hart_stacks
  addi t0, a0, 1
  slli t0, t0, FIRMWARE_STACK_SHIFT
  add sp, sp, t0
  call firmware_main              # (hart id, device tree); does not return
surplus_hart:                     # more harts than the firmware has room for: they sleep for ever
  wfi
  j surplus_hart

# [[noreturn]] void enter_supervisor(pc, a0, a1): leaves for S-mode with an empty firmware stack. mstatus.MPP = S
# has been set by the caller. Every register but a0 and a1 is zero, so that a payload cannot depend on leftovers.
  .section .text
  .globl enter_supervisor
enter_supervisor:
  csrw mepc, a0
  mv a0, a1
  mv a1, a2
  csrr t0, mhartid
  addi t0, t0, 1
  slli t0, t0, FIRMWARE_STACK_SHIFT
  la t1, hart_stacks
  add t0, t0, t1
  csrw mscratch, t0
  .irp reg, x1, x2, x3, x4, x5, x6, x7, x8, x9, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, \
            x25, x26, x27, x28, x29, x30, x31
  li \reg, 0
  .endr
  mret

  .section .stacks, "aw", @nobits
  .balign 16
hart_stacks:
  .skip FIRMWARE_MAX_HARTS * FIRMWARE_STACK_SIZE
