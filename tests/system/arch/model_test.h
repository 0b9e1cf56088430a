// What riscv-arch-test asks of a target, for this machine, QEMU's virt board and Spike alike: the signature goes to the serial
// line as one hexadecimal word a line, then `tohost` ends the run, or, on QEMU, which has none, the finisher. Spike has no
// finisher, and looks at `tohost` only every few thousand instructions.
#pragma once

#define RVMODEL_BOOT
#define RVMODEL_DATA_SECTION

#define RVMODEL_HALT         \
  la t0, begin_signature;    \
  la t1, end_signature;      \
  li t2, 0x10000000;         \
  9901 : bgeu t0, t1, 9904f; \
  lwu t3, 0(t0);             \
  li t4, 28;                 \
  9902 : srl t5, t3, t4;     \
  andi t5, t5, 15;           \
  li t6, 10;                 \
  addi a0, t5, 48;           \
  blt t5, t6, 9903f;         \
  addi a0, t5, 87;           \
  9903 : sb a0, 0(t2);       \
  addi t4, t4, -4;           \
  bgez t4, 9902b;            \
  li a0, 10;                 \
  sb a0, 0(t2);              \
  addi t0, t0, 4;            \
  j 9901b;                   \
  9904 : la t0, tohost;      \
  li t1, 1;                  \
  sd t1, 0(t0);              \
  li t2, 1000000;            \
  9906 : addi t2, t2, -1;    \
  bnez t2, 9906b;            \
  li t0, 0x100000;           \
  li t1, 0x5555;             \
  sw t1, 0(t0);              \
  9905 : j 9905b

// Where a test turns Sv48 on: Sv57 instead, whose root has the test's tables as its first entry, and a PMP entry of its own
// behind the eight that tests use. As the suite's own macro does, this takes t5 and t6.
#define SATP_SETUP_BELOW_SV57_ROOT \
  .pushsection .data;              \
  .align 12;                       \
  9907 : .fill 512, 8, 0;          \
  .popsection;                     \
  la t5, 9907b;                    \
  srli t6, t5, 2;                  \
  ori t6, t6, 0x1ff;               \
  csrw pmpaddr8, t6;               \
  li t6, 0x1f;                     \
  csrw pmpcfg2, t6;                \
  la t6, rvtest_Sroot_pg_tbl;      \
  srli t6, t6, 12;                 \
  slli t6, t6, 10;                 \
  ori t6, t6, 1;                   \
  sd t6, 0(t5);                    \
  li t6, 10;                       \
  slli t6, t6, 60;                 \
  srli t5, t5, 12;                 \
  or t6, t6, t5;                   \
  csrw satp, t6

#define RVMODEL_DATA_BEGIN \
  .align 4;                \
  .global begin_signature; \
  begin_signature:
#define RVMODEL_DATA_END \
  .align 4;              \
  .global end_signature; \
  end_signature:

#define RVMODEL_IO_INIT
#define RVMODEL_IO_CHECK()
#define RVMODEL_IO_WRITE_STR(register, string)
#define RVMODEL_IO_ASSERT_GPR_EQ(scratch, register, value)
#define RVMODEL_IO_ASSERT_SFPR_EQ(scratch, register, value)
#define RVMODEL_IO_ASSERT_DFPR_EQ(scratch, register, value)

// CLINT: hart 0's msip, and mtimecmp out of reach.
#define RVMODEL_SET_MSW_INT \
  li t1, 1;                 \
  li t2, 0x2000000;         \
  sw t1, 0(t2);
#define RVMODEL_CLEAR_MSW_INT \
  li t2, 0x2000000;           \
  sw x0, 0(t2);
#define RVMODEL_CLEAR_MTIMER_INT \
  li t1, -1;                     \
  li t2, 0x2004000;              \
  sd t1, 0(t2);
#define RVMODEL_CLEAR_MEXT_INT
#define RVMODEL_SET_SSW_INT
#define RVMODEL_CLEAR_SSW_INT
#define RVMODEL_CLEAR_STIMER_INT
#define RVMODEL_CLEAR_SEXT_INT
#define RVMODEL_CLEAR_VSW_INT
#define RVMODEL_CLEAR_VTIMER_INT
#define RVMODEL_CLEAR_VEXT_INT
