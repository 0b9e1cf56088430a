// What a trap saves. entry.S knows these offsets.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

inline constexpr unsigned ra = 1, sp = 2, tp = 4, a0 = 10, a1 = 11, a2 = 12, a3 = 13, a4 = 14, a5 = 15,
                          a7 = 17;

struct TrapFrame {
  u64 x[32];  // x[0] is unused
  u64 sepc, sstatus, scause, stval;
};
static_assert(sizeof(TrapFrame) == 288);

// What a context switch saves: the registers that a call preserves.
struct Context {
  u64 ra = 0;
  u64 sp = 0;
  u64 s[12] = {};
};

namespace cause {
inline constexpr u64 interrupt = u64{1} << 63, supervisor_software = interrupt | 1,
                     supervisor_timer = interrupt | 5, supervisor_external = interrupt | 9;
inline constexpr u64 misaligned_fetch = 0, fetch_access = 1, illegal_instruction = 2, breakpoint = 3,
                     misaligned_load = 4, load_access = 5, misaligned_store = 6, store_access = 7,
                     user_call = 8, fetch_page_fault = 12, load_page_fault = 13, store_page_fault = 15;
}  // namespace cause

}  // namespace guestos
