# The assembly of the kernel: the first instructions of each hart, trap entry and return, the context switch, the
# floating-point state, and the accesses to user memory that are allowed to fault.
# Interrupts stay disabled in the kernel; user mode runs with them enabled. In the kernel tp is this hart's Hart
# structure and sscratch is 0; in user mode sscratch is the Hart structure.

#define DIRECT_MAP 0xffffffc000000000
#define SATP_SV39 (8 << 60)
#define HART_SCRATCH 0
#define HART_KERNEL_SP 8
#define FRAME_SIZE 288
#define FRAME_SEPC 256
#define FRAME_SSTATUS 264
#define FRAME_SCAUSE 272
#define FRAME_STVAL 280
#define SSTATUS_SPP 0x100
#define SSTATUS_SUM 0x40000
#define SSTATUS_FS_INITIAL 0x2000

# Moves every register of a trap frame but sp and tp, which have stories of their own.
  .macro each_frame_register move
  .irp n, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  \move x\n, (\n * 8)(sp)
  .endr
  .endm
# s0..s11 of a Context.
  .macro each_saved_register move, context
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
  \move s\n, (16 + \n * 8)(\context)
  .endr
  .endm

  .section .text.start, "ax"
  .globl _start
# The first hart: a0 = hart id, a1 = physical address of the device tree, address translation off.
_start:
  csrw sie, zero
  csrw sstatus, zero
  la t0, first_hart_is_here
  li t1, 1
  amoswap.w t0, t1, (t0)
  bnez t0, late_start
  mv s0, a0
  mv s1, a1
  la t0, __bss_start
  la t1, __bss_end
1:
  sd zero, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b
  # kernel_root: the upper half is all of physical memory in 1 GiB leaves (V R W X G A D); and one identity leaf
  # for this very code, which kernel_main takes away again.
  la t0, kernel_root
  li t1, 256
  li t2, 0xef
  li t3, 1 << 28
  li t5, 256 * 8
  add t4, t0, t5
2:
  sd t2, 0(t4)
  add t2, t2, t3
  addi t4, t4, 8
  addi t1, t1, -1
  bnez t1, 2b
  la t1, _start
  srli t1, t1, 30
  slli t2, t1, 28
  ori t2, t2, 0xcf
  slli t1, t1, 3
  add t1, t1, t0
  sd t2, 0(t1)
  call enable_translation
  la sp, boot_stack_top
  mv a0, s0
  mv a1, s1
  call kernel_main              # which never returns

# A hart that the firmware sends to _start although start_other_harts has told it where to go: OpenSBI before 1.3 does
# so when the hart comes up just as it is being started (it marks the start as pending before it writes the address).
late_start:
  la t0, hart_table
  slli t1, a0, 3
  add t0, t0, t1
5:
  ld a1, 0(t0)
  beqz a1, 5b
  fence r, rw
# Another hart, started through SBI HSM: a0 = hart id, a1 = its Hart structure (direct map).
  .globl secondary_start
secondary_start:
  csrw sie, zero
  csrw sstatus, zero
  mv s1, a1
  call enable_translation
  mv tp, s1
  ld sp, HART_KERNEL_SP(tp)
  call secondary_main           # which never returns

  .section .data
  .balign 4
first_hart_is_here:
  .word 0
  .section .text.start, "ax"

# Returns to the caller's address in the direct map.
enable_translation:
  la t0, kernel_root
  srli t0, t0, 12
  li t1, SATP_SV39
  or t0, t0, t1
  li t2, DIRECT_MAP
  add ra, ra, t2
  sfence.vma
  csrw satp, t0
  sfence.vma
  ret

  .text
  .globl trap_entry
  .balign 4
trap_entry:
  csrrw tp, sscratch, tp
  bnez tp, 1f
  csrrw tp, sscratch, tp        # from the kernel: tp is right, sscratch 0
  sd sp, HART_SCRATCH(tp)
  addi sp, sp, -FRAME_SIZE
  j 2f
1:
  sd sp, HART_SCRATCH(tp)
  ld sp, HART_KERNEL_SP(tp)
  addi sp, sp, -FRAME_SIZE
2:
  each_frame_register sd
  ld t0, HART_SCRATCH(tp)
  csrrw t1, sscratch, zero
  csrr t2, sepc
  csrr t3, sstatus
  csrr t4, scause
  csrr t5, stval
  sd t0, 16(sp)
  sd t1, 32(sp)
  sd t2, FRAME_SEPC(sp)
  sd t3, FRAME_SSTATUS(sp)
  sd t4, FRAME_SCAUSE(sp)
  sd t5, FRAME_STVAL(sp)
  li t6, SSTATUS_SUM
  csrc sstatus, t6
  mv a0, sp
  andi t3, t3, SSTATUS_SPP
  bnez t3, 3f
  call user_trap
  j return_to_user
3:
  call kernel_trap
  ld t0, FRAME_SEPC(sp)
  ld t1, FRAME_SSTATUS(sp)
  csrw sepc, t0
  csrw sstatus, t1
  j restore

# sp = the frame at the top of this thread's kernel stack.
  .globl return_to_user
return_to_user:
  ld t0, FRAME_SEPC(sp)
  ld t1, FRAME_SSTATUS(sp)
  addi t2, sp, FRAME_SEPC
  sc.d zero, t0, (t2)           # drop a reservation that another thread may have left on this hart
  csrw sepc, t0
  csrw sstatus, t1
  csrw sscratch, tp
  ld tp, 32(sp)
restore:
  each_frame_register ld
  ld sp, 16(sp)
  sret

# switch_context(Context* from, Context* to): saves what a call preserves, continues where `to` was left.
  .globl switch_context
switch_context:
  sd ra, 0(a0)
  sd sp, 8(a0)
  each_saved_register sd, a0
  ld ra, 0(a1)
  ld sp, 8(a1)
  each_saved_register ld, a1
  ret

# The first code of a new thread: s0 = bool function(void*) or 0 (a user thread), s1 = its argument.
  .globl thread_start
thread_start:
  call finish_switch
  beqz s0, 1f
  mv a0, s1
  jalr s0
  bnez a0, 1f                   # true: go on in user mode
  call thread_exit
1:
  mv a0, sp
  call prepare_return
  j return_to_user

# user_copy(to, from, size): one side is user memory, already known to be below user_end. Returns the number of bytes
# that could NOT be copied. A fault that has no remedy continues at user_access_failed.
  .globl user_copy
  .globl user_access_begin
  .globl user_access_end
  .globl user_access_failed
user_access_begin:
user_copy:
  li t6, SSTATUS_SUM
  csrs sstatus, t6
  xor t0, a0, a1
  andi t0, t0, 7
  bnez t0, 4f
1:
  andi t0, a0, 7
  beqz t0, 2f
  beqz a2, 6f
  lbu t1, 0(a1)
  sb t1, 0(a0)
  addi a0, a0, 1
  addi a1, a1, 1
  addi a2, a2, -1
  j 1b
2:
  li t2, 32
3:
  bltu a2, t2, 7f
  ld t0, 0(a1)
  ld t1, 8(a1)
  ld t3, 16(a1)
  ld t4, 24(a1)
  sd t0, 0(a0)
  sd t1, 8(a0)
  sd t3, 16(a0)
  sd t4, 24(a0)
  addi a0, a0, 32
  addi a1, a1, 32
  addi a2, a2, -32
  j 3b
7:
  li t2, 8
8:
  bltu a2, t2, 4f
  ld t1, 0(a1)
  sd t1, 0(a0)
  addi a0, a0, 8
  addi a1, a1, 8
  addi a2, a2, -8
  j 8b
4:
  beqz a2, 6f
5:
  lbu t1, 0(a1)
  sb t1, 0(a0)
  addi a0, a0, 1
  addi a1, a1, 1
  addi a2, a2, -1
  bnez a2, 5b
6:
  csrc sstatus, t6
  mv a0, a2
  ret

user_access_end:

user_access_failed:
  li t6, SSTATUS_SUM
  csrc sstatus, t6
  mv a0, a2
  ret

# The code page that every process sees: a signal handler returns to it. The system call is rt_sigreturn.
  .section .rodata
  .balign 4096
  .globl signal_trampoline
signal_trampoline:
  .option push
  .option norvc
  li a7, 139
  ecall
  .option pop
  .balign 4096

  .text
  .option arch, +d
  .macro each_fp_register move
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  \move f\n, (\n * 8)(a0)
  .endr
  .endm
# fp_save(u64 registers[33]) / fp_restore: f0..f31, then fcsr. sstatus.FS must not be Off.
  .globl fp_save
fp_save:
  each_fp_register fsd
  frcsr t0
  sd t0, 256(a0)
  ret
  .globl fp_restore
fp_restore:
  each_fp_register fld
  ld t0, 256(a0)
  fscsr t0
  ret

  .bss
  .balign 4096
  .globl kernel_root
kernel_root:
  .space 4096
  .balign 16
boot_stack:
  .space 16384
boot_stack_top:
