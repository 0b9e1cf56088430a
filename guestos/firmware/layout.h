/* Numbers that both the assembly and the C++ need. */
#pragma once

#define FIRMWARE_MAX_HARTS 64
#define FIRMWARE_STACK_SHIFT 13 /* 8 KiB of stack for each hart */
#define FIRMWARE_STACK_SIZE (1 << FIRMWARE_STACK_SHIFT)
#define FIRMWARE_FRAME_SIZE 272 /* sizeof(TrapFrame) */
#define FIRMWARE_FRAME_MEPC 256
#define FIRMWARE_FRAME_MSTATUS 264
