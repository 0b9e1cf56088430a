/* Physical addresses that the generator (C++) and the runtime (assembler) agree on, hence macros. RAM is 64 MiB. */
#pragma once

#define RUNTIME_BASE 0x80000000
#define M_SAVE_AREA 0x80020000 /* x0..x31 of the trapped code, then scratch */
#define S_SAVE_AREA 0x80021000
#define LOG_BASE 0x80022000    /* count, then entries */
#define CONFIG_BASE 0x800ff000 /* struct Config of program.hpp, in this order */
#define PROGRAM_BASE 0x80100000
#define PROGRAM_END 0x80200000
#define TABLES_BASE 0x80400000
#define TABLES_SIZE 0x00020000
#define DATA_BASE 0x80600000
#define DATA_SIZE 0x00010000
#define RETURNS_BASE 0x80800000 /* pages full of c.jr ra */
#define RETURNS_SIZE 0x00010000

#define LOG_LIMIT 1500 /* entries; then the program is stopped */
#define LOG_ENTRY_SIZE 48

/* Offsets into the configuration. */
#define CONFIG_ENTRY 0
#define CONFIG_MODE 8 /* mstatus at the start, MPP included */
#define CONFIG_MEDELEG 16
#define CONFIG_MIDELEG 24
#define CONFIG_SATP 32
#define CONFIG_FCSR 40
#define CONFIG_PMPCFG0 48
#define CONFIG_PMPCFG2 56
#define CONFIG_PMPADDR 64 /* 16 of them */
#define CONFIG_X 192      /* x0..x31 */
#define CONFIG_F 448      /* f0..f31 */

/* "ecall; lui x0, MARK | target" asks the machine handler to go to the next page in another mode, or to end. */
#define MARK 0x5eed0
#define MARK_MODE_MASK 3
#define MARK_END 8
