# The f registers by number. The firmware's own code uses none, so they hold what the interrupted program put there.
# Called only when mstatus.FS is on.
  .option arch, +f, +d

  .section .text
# uint64_t read_fp_register(unsigned number)
  .globl read_fp_register
read_fp_register:
  la t0, 1f
  slli a0, a0, 3
  add t0, t0, a0
  jr t0
  .option push
  .option norvc
1:
  .irp reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, \
            29, 30, 31
  fmv.x.d a0, f\reg
  jr ra
  .endr
  .option pop

# void write_fp_register(unsigned number, uint64_t value)
  .globl write_fp_register
write_fp_register:
  la t0, 1f
  slli a0, a0, 3
  add t0, t0, a0
  jr t0
  .option push
  .option norvc
1:
  .irp reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, \
            29, 30, 31
  fmv.d.x f\reg, a1
  jr ra
  .endr
  .option pop
