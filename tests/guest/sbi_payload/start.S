# Start of the boot hart and of harts started by HSM; the trap vector; the way to U-mode and back.
  .equ STACK_SHIFT, 14
  .equ FRAME_BYTES, 272

  .section .text.start, "ax", @progbits
  .globl _start
_start:
  call set_up_this_hart           # a0 = hart id, a1 = device tree
  call payload_main
1:
  wfi
  j 1b

  .globl secondary_start
secondary_start:
  csrr a2, satp                   # before anything changes: what HSM promises
  csrr a3, sstatus
  call set_up_this_hart
  call secondary_main             # (hart id, argument, satp, sstatus)

# tp = hart id, sp = its stack, sscratch = its trap frame at the stack's other end.
set_up_this_hart:
  mv tp, a0
  la sp, stacks
  slli t0, a0, STACK_SHIFT
  add t0, sp, t0
  csrw sscratch, t0
  li t1, 1 << STACK_SHIFT
  add sp, t0, t1
  la t0, trap_vector
  csrw stvec, t0
  ret

  .balign 4
trap_vector:
  csrrw t0, sscratch, t0
  .irp reg, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  sd x\reg, 8*\reg(t0)
  .endr
  csrrw t1, sscratch, t0
  sd t1, 40(t0)
  csrr t1, sepc
  sd t1, 256(t0)
  csrr t1, sstatus
  sd t1, 264(t0)
  mv s0, t0
  mv a0, t0
  li t1, (1 << STACK_SHIFT) - 4096  # a page below this hart's top: above is the interrupted code's
  add sp, t0, t1
  call on_trap
  mv t0, s0
  ld t1, 256(t0)
  csrw sepc, t1
  ld t1, 264(t0)
  csrw sstatus, t1
  .irp reg, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  ld x\reg, 8*\reg(t0)
  .endr
  ld t0, 40(t0)
  sret

# uint64_t run_in_user_mode(code): runs code in U-mode until its first trap; returns what it had in a0. Interrupts stay
# off in S-mode: with SPIE left from an earlier trap, this sret and the one back would turn them on (12.1.1).
  .globl run_in_user_mode
run_in_user_mode:
  addi sp, sp, -112
  sd ra, 0(sp)
  .irp reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  sd s\reg, 8*(\reg+1)(sp)
  .endr
  la t0, user_mode_stack_pointer
  sd sp, 0(t0)
  csrw sepc, a0
  li t0, 1 << 8 | 1 << 5            # SPP, SPIE
  csrc sstatus, t0
  sret
  .globl user_mode_return         # on_trap comes back here, in S-mode
user_mode_return:
  la t0, user_mode_stack_pointer
  ld sp, 0(t0)
  ld ra, 0(sp)
  .irp reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  ld s\reg, 8*(\reg+1)(sp)
  .endr
  addi sp, sp, 112
  ret

  .globl user_calls, user_illegal, user_reads_time, user_breaks
user_calls:
  li a0, 123
  ecall
user_illegal:
  .4byte 0xffffffff
user_reads_time:
  rdtime a0
  ecall
user_breaks:
  ebreak

# uint64_t sbi_keeps_registers(): a call changes a0 and a1 only. Returns 1 if so.
  .globl sbi_keeps_registers
sbi_keeps_registers:
  addi sp, sp, -112
  .irp reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  sd s\reg, 8*(\reg+1)(sp)
  .endr
  li a7, 0x10
  li a6, 0
  .irp reg, 2, 3, 4, 5
  li a\reg, 100+\reg
  .endr
  .irp reg, 0, 1, 2, 3, 4, 5, 6
  li t\reg, 200+\reg
  .endr
  .irp reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  li s\reg, 300+\reg
  .endr
  ecall
  li a0, 0
  li a1, 0x10
  bne a7, a1, 1f
  bnez a6, 1f
  .irp reg, 2, 3, 4, 5
  li a1, 100+\reg
  bne a\reg, a1, 1f
  .endr
  .irp reg, 0, 1, 2, 3, 4, 5, 6
  li a1, 200+\reg
  bne t\reg, a1, 1f
  .endr
  .irp reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  li a1, 300+\reg
  bne s\reg, a1, 1f
  .endr
  li a0, 1
1:
  .irp reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  ld s\reg, 8*(\reg+1)(sp)
  .endr
  addi sp, sp, 112
  ret

# Each kind of load as a function of an address, each kind of store of an address and a value.
  .macro LOAD name, instruction:vararg
  .globl \name
\name:
  \instruction
  ret
  .endm
  LOAD load_h, lh a0, 0(a0)
  LOAD load_hu, lhu a0, 0(a0)
  LOAD load_w, lw a0, -4(a0)
  LOAD load_wu, lwu a0, 4(a0)
  LOAD load_d, ld a0, 8(a0)
  .option push
  .option norvc
  LOAD load_d_full, ld a0, 0(a0)
  LOAD load_w_full, lw a0, 0(a0)
  LOAD store_w_full, sw a1, 0(a0)
  LOAD store_d_full, sd a1, 0(a0)
  .option pop
  LOAD load_cw, c.lw a0, 64(a0)
  LOAD load_cd, c.ld a0, 72(a0)
  LOAD store_h, sh a1, 0(a0)
  LOAD store_cw, c.sw a1, 4(a0)
  LOAD store_cd, c.sd a1, 16(a0)
  .option push
  .option arch, +d
  .globl load_fw, load_fd, load_cfd, store_fw, store_fd, store_cfd
load_fw:
  flw fa3, 0(a0)
  fmv.x.d a0, fa3
  ret
load_fd:
  fld ft11, -8(a0)
  fmv.x.d a0, ft11
  ret
load_cfd:
  c.fld fa4, 40(a0)
  fmv.x.d a0, fa4
  ret
store_fw:
  fmv.d.x fs3, a1
  fsw fs3, 12(a0)
  ret
store_fd:
  fmv.d.x ft0, a1
  fsd ft0, 0(a0)
  ret
store_cfd:
  fmv.d.x fa5, a1
  c.fsd fa5, 24(a0)
  ret
  .option pop
  .globl load_sp_w, load_sp_d, store_sp_w, store_sp_d
load_sp_w:
  mv t0, sp
  mv sp, a0
  c.lwsp a0, 68(sp)
  mv sp, t0
  ret
load_sp_d:
  mv t0, sp
  mv sp, a0
  c.ldsp a0, 264(sp)
  mv sp, t0
  ret
store_sp_w:
  mv t0, sp
  mv sp, a0
  c.swsp a1, 132(sp)
  mv sp, t0
  ret
store_sp_d:
  mv t0, sp
  mv sp, a0
  c.sdsp a1, 200(sp)
  mv sp, t0
  ret

  .section .bss
  .balign 8
user_mode_stack_pointer:
  .skip 8
  .balign 4096
stacks:
  .skip 64 << STACK_SHIFT
