// The Supervisor Binary Interface (RISC-V SBI 2.0): what S-mode asks of the firmware.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos::sbi {

struct Result {
  i64 error;
  u64 value;
};

Result call(u64 extension, u64 function, u64 a0 = 0, u64 a1 = 0, u64 a2 = 0, u64 a3 = 0, u64 a4 = 0);

bool has_extension(u64 extension);
void set_timer(u64 deadline);  // ticks of the `time` counter
void send_ipi(u64 hart_mask);  // bit n: hart n
void remote_fence_i(u64 hart_mask);
void remote_fence(u64 hart_mask);                                      // every address, every address space
void remote_fence_asid(u64 hart_mask, u64 start, u64 size, u64 asid);  // size ~0: the whole ASID
i64 start_hart(u64 hart, u64 physical_entry, u64 argument);
i64 console_write(u64 physical, u64 size);  // bytes written, or a negative SBI error
i64 console_read(u64 physical, u64 size);
void system_reset(bool failure);

inline constexpr u64 extension_dbcn = 0x4442434e;
inline constexpr u64 extension_srst = 0x53525354;

}  // namespace guestos::sbi
