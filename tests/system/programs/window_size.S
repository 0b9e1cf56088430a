# A Linux program: writes the struct winsize of its standard input to its standard output, as it is.
.globl _start
_start:
  addi sp, sp, -16
  li a0, 0
  li a1, 0x5413  # TIOCGWINSZ
  mv a2, sp
  li a7, 29  # ioctl
  ecall
  bnez a0, end
  li a0, 1
  mv a1, sp
  li a2, 8
  li a7, 64  # write
  ecall
  li a0, 0
end:
  li a7, 94  # exit_group
  ecall
